"""The tests mirror the house."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

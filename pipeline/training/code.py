"""Which code decides a run's numbers: what the training stages depend on, and what a record names by its digest."""

import hashlib
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENGINE = (
    "pipeline/networks/layers.py",
    "pipeline/networks/pair_network.py",
    "pipeline/records.py",
    "pipeline/run.py",
    "pipeline/seeds.py",
    "pipeline/training/data.py",
    "pipeline/training/loop.py",
    "pipeline/training/losses.py",
    "pipeline/training/measures.py",
    "pipeline/training/replicas.py",
)


def engine_files(architecture: str) -> list[Path]:
    """The modules that decide the numbers of this architecture's runs, from the project's root."""
    return [Path(name) for name in (*ENGINE, f"pipeline/networks/architectures/{architecture}.py")]


@lru_cache
def engine_digest(architecture: str) -> str:
    """16 hexadecimal digits that change with the content of those modules."""
    digest = hashlib.sha256()
    for name in engine_files(architecture):
        digest.update(hashlib.sha256((ROOT / name).read_bytes()).digest())
    return digest.hexdigest()[:16]

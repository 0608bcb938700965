"""Annex tuning: for every technique the recipe that suits it best, chosen without its test pairs."""

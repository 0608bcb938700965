"""Every technique with the recipe that suits it best: `make tuning`. What it asks for: tuned.py."""

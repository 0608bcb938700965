"""Where every file of the study lies, relative to the project's root (where DVC runs the stages).

dvc.yaml repeats these paths, since DVC must know them; tests/test_dvc.py holds the two together.
"""

from pathlib import Path

PARAMS = Path("params.yaml")

DATA = Path("data")
RAW = DATA / "raw"  # the four files of the data set, as published
PAIRS = DATA / "pairs"  # each split: downsampled images once, and how each seed pairs them

MODELS = Path("models")  # models/COMBO/seed_K.safetensors: the weights of run K

REPORTS = Path("reports")
RECORDS = REPORTS / "runs"  # reports/runs/COMBO.json: the records of a combo's runs
FIGURES = REPORTS / "figures"
PAGE = REPORTS / "index.html"
METRICS = REPORTS / "metrics.json"


def weights(combo: str, seed: int) -> Path:
    """The weights of one run, for instance models/convnet-baseline/seed_3.safetensors."""
    return MODELS / combo / f"seed_{seed}.safetensors"


def record(combo: str) -> Path:
    """The records of one combo's runs, for instance reports/runs/convnet-baseline.json."""
    return RECORDS / f"{combo}.json"


def table(name: str) -> Path:
    """A table of the study, for instance reports/summary.csv."""
    return REPORTS / f"{name}.csv"


def pairs(split: str, folder: Path = PAIRS) -> Path:
    """The images of a split ("train" or "test") and how they are paired."""
    return folder / f"{split}.safetensors"

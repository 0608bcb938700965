"""Where every file of the study lies, relative to the project's root (where DVC runs the stages).

dvc.yaml repeats these paths, since DVC must know them; tests/test_dvc.py holds the two together.
"""

from pathlib import Path

PARAMS = Path("params.yaml")

DATA = Path("data")
CHECKED = DATA / "checked"  # says that params.yaml was valid
RAW = DATA / "raw"  # the four files of the data set, as published
PAIRS = DATA / "pairs"  # each split: downsampled images once, and how each draw pairs them

MODELS = Path("models")  # models/COMBO/seed_K.safetensors: the weights of run K

EXAMPLES = Path("examples")  # in Git, so that a plain clone can compare two digits
EXAMPLE = EXAMPLES / "network.safetensors"  # the weights of the smallest good network
EXAMPLE_PICTURES = (EXAMPLES / "first.png", EXAMPLES / "second.png")  # two test images of MNIST

REPORTS = Path("reports")
RESULTS = REPORTS / "runs"  # reports/runs/COMBO.json: the results of a combo's runs
FIGURES = REPORTS / "figures"
PAGE = REPORTS / "index.html"
METRICS = REPORTS / "metrics.json"


def weights(combo: str, seed: int) -> Path:
    """The weights of one run, for instance models/convnet-baseline/seed_3.safetensors."""
    return MODELS / combo / f"seed_{seed}.safetensors"


def results(combo: str) -> Path:
    """The results of one combo's runs, for instance reports/runs/convnet-baseline.json."""
    return RESULTS / f"{combo}.json"


def pairs(split: str) -> Path:
    """The images of a split ("train" or "test") and how they are paired."""
    return PAIRS / f"{split}.safetensors"


def architecture(name: str) -> Path:
    """The module of this architecture, wherever the project is started from."""
    return Path(__file__).with_name("architectures") / f"{name}.py"


def annex(name: str) -> Path:
    """The folder of a further study, for instance studies/sweeps: a DVC project of its own."""
    return Path("studies") / name

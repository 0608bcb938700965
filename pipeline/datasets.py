"""The data sets that `data.source` in params.yaml may name. Another of MNIST's form is one entry here."""

from typing import NamedTuple


class DataSet(NamedTuple):
    """Grey images of 28x28 pixels with a digit, or another of ten classes in an order, each."""

    title: str  # as readers know it
    torchvision: str | None  # its class in torchvision.datasets, which knows its files, their MD5 and its mirrors
    images: dict[str, int]  # how many there are to train and to test


DATA_SETS = {
    "mnist": DataSet("MNIST", "MNIST", {"train": 60_000, "test": 10_000}),
    # The small 8x8 set inside scikit-learn (UCI, Optical Recognition of Handwritten Digits): it needs no network.
    "digits": DataSet("scikit-learn's digits (the offline demonstration)", None, {"train": 1_297, "test": 500}),
}

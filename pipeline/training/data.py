"""The pairs of a run, read from what `pair` wrote.

Shapes: R runs, N pairs. Everything has a leading dimension of runs, so that one run and many are trained by one loop.
"""

from dataclasses import dataclass, replace

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from pipeline import paths
from pipeline.script import StudyError


@dataclass(frozen=True)
class Pairs:
    """Pairs of R runs: images as the networks get them, the labels of both digits, and the targets."""

    images: Tensor  # (R, N, 2, 14, 14) float32
    digits: Tensor  # (R, N, 2) int64, 0 to 9

    @property
    def targets(self) -> Tensor:
        """(R, N) int64: 1 where the first digit is less than or equal to the second, else 0."""
        return (self.digits[..., 0] <= self.digits[..., 1]).long()

    def to(self, device: torch.device) -> "Pairs":
        return Pairs(self.images.to(device), self.digits.to(device))


@dataclass(frozen=True)
class RunData:
    """Training and test pairs of R runs, and the scale that was applied to their pixels."""

    train: Pairs
    test: Pairs
    pixel_mean: list[float]  # one a run; what was subtracted from its pixels
    pixel_std: list[float]  # one a run; by what they were then divided
    data_set: str

    def to(self, device: torch.device) -> "RunData":
        return replace(self, train=self.train.to(device), test=self.test.to(device))


def load_runs(seeds: list[int], standardize: bool, path=paths.PAIRS) -> RunData:
    """Read the pairs of these runs.

    With `standardize`, each run's pixels are shifted and scaled by the mean and the standard deviation (n-1) of all
    pixels of its training pairs (reports 1 and 3); else they stay from 0 to 255.

    Raises StudyError if the file is missing or damaged.
    """
    try:
        with safe_open(path, "pt") as file:
            train, test = (_read(file, part, seeds) for part in ("train", "test"))
            data_set = file.metadata()["data_set"]
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; `dvc repro pair` makes it") from None
    except (SafetensorError, KeyError, TypeError, IndexError):
        raise StudyError(f"{path}: damaged; delete it, and `dvc repro pair` makes it again") from None
    means, stds = torch.zeros(len(seeds)), torch.ones(len(seeds))
    if standardize:
        means, stds = train.images.flatten(1).mean(1), train.images.flatten(1).std(1)
        for pairs in (train, test):
            pairs.images.sub_(means.view(-1, 1, 1, 1, 1)).div_(stds.view(-1, 1, 1, 1, 1))
    return RunData(train, test, means.tolist(), stds.tolist(), data_set)


def _read(file: safe_open, part: str, seeds: list[int]) -> Pairs:
    indices = file.get_tensor(f"{part}_pairs")[seeds].long()  # (R, N, 2)
    images = file.get_tensor(f"{part}_images")[indices].float()  # (R, N, 2, 14, 14)
    return Pairs(images, file.get_tensor(f"{part}_labels")[indices].long())

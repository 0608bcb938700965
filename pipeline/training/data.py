"""What a run is trained and tested on, chosen from whole draws of pairs as its description says.

Shapes: R runs, N pairs. Everything chosen has a leading dimension of runs, so that one run and many are trained by one
loop.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pipeline.run import Draw, Fold, Run
from pipeline.script import StudyError


@dataclass(frozen=True)
class Digits:
    """The images of one split, and draws that pair all of them, each image once."""

    images: Tensor  # (n, 14, 14) float16, 0 to 255
    labels: Tensor  # (n,) uint8, 0 to 9
    draws: dict[Draw, Tensor]  # (n // 2, 2) int32 each: indices of images


@dataclass(frozen=True)
class Pairs:
    """What a data set has to train and to test on."""

    source: str
    train: Digits
    test: Digits | None  # None where no test pair is to be seen
    digest: str = ""  # of the files that they were read from


@dataclass(frozen=True)
class Examples:
    """Pairs of R runs: images as the networks get them, the labels of both digits, and the targets."""

    images: Tensor  # (R, N, 2, 14, 14), float32 mostly
    digits: Tensor  # (R, N, 2) int64, 0 to 9

    @property
    def targets(self) -> Tensor:
        """(R, N) int64: 1 where the first digit is less than or equal to the second, else 0."""
        return (self.digits[..., 0] <= self.digits[..., 1]).long()

    def to(self, device: torch.device) -> "Examples":
        return Examples(self.images.to(device), self.digits.to(device))


@dataclass(frozen=True)
class RunData:
    """What R runs are trained and tested on, and the scale that was applied to their pixels."""

    train: Examples
    test: Examples
    pixel_mean: list[float]  # one a run; what was subtracted from its pixels
    pixel_std: list[float]  # one a run; by what they were then divided

    def to(self, device: torch.device) -> "RunData":
        return replace(self, train=self.train.to(device), test=self.test.to(device))


def select(runs: Sequence[Run], pairs: Pairs, dtype: torch.dtype = torch.float32) -> RunData:
    """The examples of runs that differ in seeds and draws alone, images in this type.

    Raises StudyError if the pairs are of another data set, or hold too few or not the draws that are asked for.
    """
    data = runs[0].data
    if data.source != pairs.source:
        raise StudyError(f"pairs of {pairs.source}, where {data.source} is asked for; `dvc repro pair` draws them")
    draws = [run.data.draw for run in runs]
    drawn = _first(pairs.train, draws, data.train_pairs, "training")  # (R, N, 2)
    if data.fold is None:
        if pairs.test is None:
            raise StudyError("no test pairs were read, and the run is tested on them")
        train, test = drawn, _first(pairs.test, draws, data.test_pairs, "test")
        tested = pairs.test
    else:
        train, test = _split(drawn, data.fold)
        tested = pairs.train
    train, test = _examples(pairs.train, train, dtype), _examples(tested, test, dtype)
    means, stds = torch.zeros(len(runs)), torch.ones(len(runs))
    if data.standardize:  # by the mean and the standard deviation (n-1) of all pixels of the training pairs
        means, stds = train.images.flatten(1).mean(1), train.images.flatten(1).std(1)
        for examples in (train, test):
            examples.images.sub_(means.view(-1, 1, 1, 1, 1)).div_(stds.view(-1, 1, 1, 1, 1))
    return RunData(train, test, means.tolist(), stds.tolist())


def _first(digits: Digits, draws: Sequence[Draw], count: int, which: str) -> Tensor:
    """The first `count` pairs of each draw, (R, count, 2)."""
    for draw in draws:
        if draw not in digits.draws:
            known = ", ".join(sorted({f"{known.seed}" for known in digits.draws}, key=int))
            raise StudyError(f"no {which} pairs were drawn for seed {draw.seed}, draw {draw.number}; seeds: {known}")
        if count > len(digits.draws[draw]):
            raise StudyError(f"{count:,} {which} pairs are asked for, a draw has {len(digits.draws[draw]):,}")
    return torch.stack([digits.draws[draw][:count] for draw in draws]).long()


def _split(drawn: Tensor, fold: Fold) -> tuple[Tensor, Tensor]:
    """The pairs (R, N, 2) outside the fold, and those in it."""
    parts = list(drawn.tensor_split(fold.count, dim=1))
    held_out = parts.pop(fold.index)
    return torch.cat(parts, dim=1), held_out


def _examples(digits: Digits, indices: Tensor, dtype: torch.dtype) -> Examples:
    return Examples(digits.images[indices].to(dtype), digits.labels[indices].long())

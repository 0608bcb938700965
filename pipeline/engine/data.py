"""What a run is trained and tested on, chosen from whole draws of pairs as its description says.

Shapes: R runs, N pairs. Everything chosen has a leading dimension of runs, so that one run and many are trained by one
loop.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.engine.errors import StudyError
from pipeline.engine.run import Augment, Draw, Fold, Run


@dataclass(frozen=True)
class Digits:
    """The images of one split, and draws that pair all of them, each image once."""

    images: Tensor  # (n, 14, 14) float16, 0 to 255
    labels: Tensor  # (n,) uint8, 0 to 9
    draws: dict[Draw, Tensor]  # (n // 2, 2) int32 each: indices of images

    @cached_property
    def digests(self) -> dict[Draw, str]:
        """Of what each draw gives: 16 hexadecimal digits of images, labels and pairs."""
        shared = hashlib.sha256(self.images.numpy().tobytes() + self.labels.numpy().tobytes())
        found = {}
        for draw, pairs in self.draws.items():
            digest = shared.copy()
            digest.update(pairs.numpy().tobytes())
            found[draw] = digest.hexdigest()[:16]
        return found


@dataclass(frozen=True)
class Pairs:
    """What a data set has to train and to test on."""

    source: str
    train: Digits
    test: Digits | None  # None where no test pair is to be seen

    @cached_property
    def digests(self) -> dict[str, dict[Draw, str]]:
        """By split, as `run.pairs_digest` takes them."""
        return {"train": self.train.digests} | ({"test": self.test.digests} if self.test else {})


@dataclass(frozen=True)
class Examples:
    """Pairs of R runs: images as the networks get them, the labels of both digits, and the targets."""

    images: Tensor  # (R, N, 2, 14, 14), float32 mostly
    digits: Tensor  # (R, N, 2) int64, 0 to 9
    targets: Tensor  # (R, N) int64: 1 where the first digit is less than or equal to the second, else 0
    labelled: Tensor | None = None  # (R, N, 2), 1 where the digit loss may know the label, else 0; None: everywhere

    def each(self, change) -> "Examples":
        """With `change` applied to every tensor."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return Examples(**{name: None if value is None else change(value) for name, value in values.items()})

    def in_order(self, order: Tensor) -> "Examples":
        """The pairs in another order (R, N), each run's own."""
        rows = torch.arange(len(order), device=order.device).unsqueeze(1)  # (R, 1)
        return self.each(lambda tensor: tensor[rows, order])

    def at(self, batch: slice) -> "Examples":
        """These pairs of every run."""
        return self.each(lambda tensor: tensor[:, batch])

    def paired_anew(self, order: Tensor) -> "Examples":
        """The same images, in pairs as this order (R, 2 N) of all of them has them."""
        rows = torch.arange(len(order), device=order.device).unsqueeze(1)
        images, digits, labelled = (
            None if part is None else part.flatten(1, 2)[rows, order].unflatten(1, (-1, 2))
            for part in (self.images, self.digits, self.labelled)
        )
        return Examples(images, digits, _targets(digits), labelled)


@dataclass(frozen=True)
class RunData:
    """What R runs are trained and tested on, and the scale that was applied to their pixels."""

    train: Examples
    test: Examples
    pixel_mean: Tensor  # (R,): what was subtracted from pixels
    pixel_std: Tensor  # (R,): by what they were then divided

    @property
    def background(self) -> Tensor:
        """A pixel of 0 as the networks get it, (R, 1, 1, 1, 1)."""
        return (-self.pixel_mean / self.pixel_std).view(-1, 1, 1, 1, 1)

    def to(self, device: torch.device) -> "RunData":
        parts = {name: getattr(self, name).each(lambda tensor: tensor.to(device)) for name in ("train", "test")}
        scale = {name: getattr(self, name).to(device) for name in ("pixel_mean", "pixel_std")}
        return replace(self, **parts, **scale)


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
    if data.digit_labels is not None:
        labelled = torch.arange(train.digits.shape[1]) < data.digit_labels  # (N,)
        train = replace(train, labelled=labelled[None, :, None].expand(train.digits.shape).to(dtype))
    means, stds = torch.zeros(len(runs)), torch.ones(len(runs))
    if data.standardize:  # by the mean and the standard deviation (n-1) of all pixels of the training pairs
        means, stds = train.images.flatten(1).mean(1), train.images.flatten(1).std(1)
        for examples in (train, test):
            examples.images.sub_(means.view(-1, 1, 1, 1, 1)).div_(stds.view(-1, 1, 1, 1, 1))
    return RunData(train, test, means, stds)


def augmented(images: Tensor, changes: Tensor, bounds: Augment, background: Tensor) -> Tensor:
    """Each image (R, N, 2, 14, 14) shifted, rotated and scaled, background moving in, by linear interpolation.

    `changes` (R, N, 2, 4): from -1 to 1, of the bounds of the shift along rows and columns, the rotation and the scale.
    """
    changes = changes.to(images.dtype).flatten(0, 2)  # (M, 4), M images
    side = images.shape[-1]
    shift = changes[:, :2] * (2 * bounds.shift / side)  # in the coordinates of affine_grid, from -1 to 1
    angle, scale = changes[:, 2].mul(bounds.rotation).deg2rad(), 1 + changes[:, 3] * (bounds.scale / 100)
    cosine, sine = angle.cos() / scale, angle.sin() / scale
    places = torch.stack([cosine, -sine, shift[:, 0], sine, cosine, shift[:, 1]], dim=1).view(-1, 2, 3)
    above = (images - background).flatten(0, 2).unsqueeze(1)  # (M, 1, 14, 14), zero where nothing is drawn
    grid = F.affine_grid(places, above.shape, align_corners=False)
    return F.grid_sample(above, grid, align_corners=False).view_as(images) + background


def shifted_views(images: Tensor, most: int, background: Tensor) -> list[Tensor]:
    """The images (R, B, 2, 14, 14) shifted by every whole number of pixels up to `most` along rows and columns."""
    side = images.shape[-1]
    padded = F.pad(images - background, [most] * 4) + background
    steps = range(2 * most + 1)
    return [padded[..., row : row + side, column : column + side] for row in steps for column in steps]


def _first(digits: Digits, draws: Sequence[Draw], count: int, which: str) -> Tensor:
    """The first `count` pairs of each draw, (R, count, 2)."""
    for draw in draws:
        if draw not in digits.draws:
            raise StudyError(f"no {which} pairs were drawn for seed {draw.seed}, draw {draw.number}")
        if count > len(digits.draws[draw]):
            raise StudyError(f"{count:,} {which} pairs are asked for, a draw has {len(digits.draws[draw]):,}")
    return torch.stack([digits.draws[draw][:count] for draw in draws]).long()


def _split(drawn: Tensor, fold: Fold) -> tuple[Tensor, Tensor]:
    """The pairs (R, N, 2) outside the fold, and those in it."""
    parts = list(drawn.tensor_split(fold.count, dim=1))
    held_out = parts.pop(fold.index)
    return torch.cat(parts, dim=1), held_out


def _examples(digits: Digits, indices: Tensor, dtype: torch.dtype) -> Examples:
    labels = digits.labels[indices].long()
    return Examples(digits.images[indices].to(dtype), labels, _targets(labels))


def _targets(digits: Tensor) -> Tensor:
    return (digits[..., 0] <= digits[..., 1]).long()

"""Stage `pair`: reads data/raw, writes data/pairs (the files of `pipeline.backends.pairs`): smaller images, in pairs.

The rule is that of the data code of the course that the five reports were written in: a permutation of all images, two
by two; training pairs are drawn before test pairs, and a run takes the first of them. So a run's first n pairs are the
same whatever n is. `data.draws` says how many draws are made: for all studies at once, and more than any of them uses.
"""

from collections.abc import Iterable

import torch
from torch import Tensor
from torchvision import datasets

from pipeline import params, paths
from pipeline.backends import pairs
from pipeline.cli import StudyError, run_script, say
from pipeline.datasets import DATA_SETS
from pipeline.engine import seeds
from pipeline.engine.data import Digits
from pipeline.engine.run import Draw


def downsample(images: Tensor) -> Tensor:
    """Average 2x2 blocks: (n, 28, 28) uint8 to (n, 14, 14) float16.

    Exact: a mean of four bytes is a multiple of 1/4 below 256, and float16 has all of those.
    """
    blocks = images.view(-1, 14, 2, 14, 2)
    return (blocks.sum((2, 4), dtype=torch.float32) / 4).half()


def draws_wanted(draws: params.Draws) -> list[Draw]:
    """The first draw of every seed, and the further ones of seed 0."""
    further = [Draw(seed=0, number=number) for number in range(2, draws.of_seed_0 + 1)]
    return [Draw(seed=seed) for seed in range(draws.seeds)] + further


def draw_pairs(images: dict[str, int], draws: Iterable[Draw]) -> dict[str, dict[Draw, Tensor]]:
    """By split, each draw's pairs of indices below its number of images, none twice: (images // 2, 2) int32.

    `images`: how many a split has, training first.
    """
    drawn: dict[str, dict[Draw, Tensor]] = {split: {} for split in images}
    for draw in draws:
        generator = seeds.pairs_generator(draw.seed)
        for _ in range(draw.number):  # the last of them counts: earlier ones move the generator on
            for split in images:
                order = torch.randperm(images[split], generator=generator)
                drawn[split][draw] = order[: images[split] // 2 * 2].view(-1, 2).int()
    return drawn


def read_images(source: str, split: str) -> tuple[Tensor, Tensor]:
    """Images (n, 28, 28) uint8 and labels (n,) uint8; StudyError if data/raw does not hold them."""
    if DATA_SETS[source].torchvision is None:
        return _inside_scikit_learn(split, DATA_SETS[source].images["test"])
    try:
        found = getattr(datasets, DATA_SETS[source].torchvision)(paths.RAW, train=split == "train")
    except (RuntimeError, OSError, ValueError, AssertionError, KeyError, IndexError):
        raise StudyError(
            f"{paths.RAW}: damaged, or another data set; `dvc repro -f download` fetches it again"
        ) from None
    return found.data, found.targets.byte()


def _inside_scikit_learn(split: str, test_images: int) -> tuple[Tensor, Tensor]:
    """Its 1,797 digits, enlarged from 8x8 pixels; the last so many are the test images."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = torch.from_numpy(digits.images)[:, None]  # (1797, 1, 8, 8), 0 to 16
    images = torch.nn.functional.interpolate(images, (28, 28), mode="bilinear")[:, 0]  # (1797, 28, 28)
    part = slice(None, -test_images) if split == "train" else slice(-test_images, None)
    return (images * (255 / 16)).round().byte()[part], torch.from_numpy(digits.target).byte()[part]


def main() -> None:
    data = params.load().data
    images = {split: read_images(data.source, split) for split in pairs.SPLITS}
    drawn = draw_pairs({split: len(labels) for split, (_, labels) in images.items()}, draws_wanted(data.draws))
    for split, (pictures, labels) in images.items():
        digits = Digits(downsample(pictures), labels, drawn[split])
        pairs.write(paths.pairs(split), digits, data.source)
        first, second = labels[drawn[split][Draw(seed=0)].long()].unbind(1)
        say(
            f"{data.source}, {split}: {len(labels):,} images, in {len(drawn[split])} draws of {len(first):,} pairs; in "
            f"the first draw, {(first <= second).float().mean():.1%} have first <= second"
        )


if __name__ == "__main__":
    run_script(main, arguments=False)

"""Stage `pair`: reads data/raw, writes data/pairs/train.safetensors and data/pairs/test.safetensors, each with

    images    (n, 14, 14) float16, 0 to 255     labels    (n,) uint8
    draw/S/K  (n // 2, 2) int32: all images in pairs, as the K-th draw from a generator of seed S pairs them
    metadata  data_set: the value of data.source

The rule is that of the data code of the course that the five reports were written in: a permutation of all images, two
by two; training pairs are drawn before test pairs, and a run takes the first of them. So a run's first n pairs are the
same whatever n is, and one who reads train.safetensors alone has seen no test pair.

`python -m pipeline.pair` draws for the study's seeds; `python -m pipeline.pair FOLDER DRAW ... [--train-only]` draws
what a further study needs, into a folder of its own: DRAW is a seed (3), seeds (0-14) or the K-th draw of a seed (0/2).
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from pipeline import idx, params, paths, seeds
from pipeline.run import Draw
from pipeline.script import StudyError, run_script, write_whole
from pipeline.training.data import Digits, Pairs

SPLITS = ("train", "test")


def downsample(images: np.ndarray) -> Tensor:
    """Average 2x2 blocks: (n, 28, 28) uint8 to (n, 14, 14) float16.

    Exact: a mean of four bytes is a multiple of 1/4 below 256, and float16 has all of those.
    """
    blocks = images.reshape(-1, 14, 2, 14, 2)
    return torch.from_numpy((blocks.sum((2, 4), dtype=np.float32) / 4).astype(np.float16))


def draw_pairs(images: dict[str, int], draws: Iterable[Draw]) -> dict[str, dict[Draw, Tensor]]:
    """By split, each draw's pairs of indices below its number of images, none twice: (images // 2, 2) int32.

    `images`: how many a split has. Without its test images, only a seed's first draw of training pairs is known.
    """
    drawn: dict[str, dict[Draw, Tensor]] = {split: {} for split in images}
    for draw in draws:
        generator = seeds.pairs_generator(draw.seed)
        for _ in range(draw.number):  # the last of them counts: earlier ones move the generator on
            for split in images:
                order = torch.randperm(images[split], generator=generator)
                drawn[split][draw] = order[: images[split] // 2 * 2].view(-1, 2).int()
    return drawn


def read_images(split: str) -> tuple[Tensor, Tensor]:
    """Images (n, 14, 14) float16 and labels (n,) uint8 of data/raw; StudyError if these are no digits of 28x28."""
    image_file, label_file = paths.RAW / idx.IMAGES[split], paths.RAW / idx.LABELS[split]
    images, labels = idx.read(image_file, dimensions=3), idx.read(label_file, dimensions=1)
    if images.shape != (len(labels), 28, 28) or labels.max(initial=0) > 9:
        raise StudyError(f"{image_file}, {label_file}: not 28x28 images with a digit each; {idx.REMEDY}")
    return downsample(images), torch.from_numpy(labels)


def write(path: Path, digits: Digits, data_set: str) -> None:
    """Write one split; the file appears whole."""
    tensors = {f"draw/{draw.seed}/{draw.number}": pairs for draw, pairs in digits.draws.items()}
    tensors |= {"images": digits.images, "labels": digits.labels}
    write_whole(path, save(tensors, metadata={"data_set": data_set}))


def read(draws: Iterable[Draw], splits: Iterable[str] = SPLITS, folder: Path = paths.PAIRS) -> Pairs:
    """Read these draws of these splits; StudyError if a file is missing or damaged, or has no such draw."""
    digits, digest, data_set = {}, hashlib.sha256(), ""
    draws = list(draws)
    for split in splits:
        digits[split], data_set, of_file = _read(paths.pairs(split, folder), draws)
        digest.update(of_file)
    return Pairs(data_set, digits["train"], digits.get("test"), digest.hexdigest())


def _read(path: Path, draws: list[Draw]) -> tuple[Digits, str, bytes]:
    """One split, its data set, and the digest of its file."""
    try:
        with safe_open(path, "pt") as file:
            known = set(file.keys())
            absent = next((draw for draw in draws if f"draw/{draw.seed}/{draw.number}" not in known), None)
            if absent is None:
                pairs = {draw: file.get_tensor(f"draw/{draw.seed}/{draw.number}") for draw in draws}
                digits = Digits(file.get_tensor("images"), file.get_tensor("labels"), pairs)
                return digits, file.metadata()["data_set"], hashlib.sha256(path.read_bytes()).digest()
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; `dvc repro pair` makes it") from None
    except (SafetensorError, KeyError, TypeError):
        raise StudyError(f"{path}: damaged; `dvc repro -f pair` makes it again") from None
    said = f"`seeds` in {paths.PARAMS}" if path.parent == paths.PAIRS else "the command of the stage that writes it"
    raise StudyError(f"{path}: holds no draw {absent.number} of seed {absent.seed}; {said} says which are drawn")


def draws_named(words: Sequence[str]) -> list[Draw]:
    """The draws that these words name: `3`, `0-14` or `0/2`; StudyError if one is none of these."""
    found = []
    for word in words:
        match = re.fullmatch(r"(\d+)(?:-(\d+)|/([1-9]\d*))?", word)
        if not match:
            raise StudyError(f"{word}: names no draw; write a seed (3), seeds (0-14) or the K-th draw of a seed (0/2)")
        first, last, number = match.groups()
        found += [Draw(seed=seed, number=int(number or 1)) for seed in range(int(first), int(last or first) + 1)]
    return found


def main(command_line: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="pair", description="Downsample the images and pair them.")
    parser.add_argument("folder", nargs="?", type=Path, default=paths.PAIRS)
    parser.add_argument("draws", nargs="*", metavar="DRAW", help="3, 0-14 or 0/2; the study's seeds by default")
    parser.add_argument("--train-only", action="store_true", help="no test image is read; first draws of seeds alone")
    arguments = parser.parse_args(command_line)
    study, splits = params.load(), SPLITS[:1] if arguments.train_only else SPLITS
    draws = draws_named(arguments.draws) or [Draw(seed=seed) for seed in range(study.seeds)]
    if arguments.train_only and any(draw.number > 1 for draw in draws):
        raise StudyError("--train-only: a seed's second draw depends on how many test images there are; leave it out")
    data = study.data
    wanted = {"train": data.train_pairs, "test": data.test_pairs}
    images = {split: read_images(split) for split in splits}
    counts = {split: len(labels) for split, (_, labels) in images.items()}
    for split in splits:
        if 2 * wanted[split] > counts[split]:
            raise StudyError(
                f"{paths.PARAMS}: data.{split}_pairs: {wanted[split]:,} pairs need {2 * wanted[split]:,} images, "
                f"{data.source} has {counts[split]:,}; at most {counts[split] // 2:,} pairs can be had"
            )
    drawn = draw_pairs(counts, draws)
    for split in splits:
        digits = Digits(*images[split], drawn[split])
        write(paths.pairs(split, arguments.folder), digits, data.source)
        first, second = digits.labels[digits.draws[draws[0]][: wanted[split]].long()].unbind(1)
        print(
            f"{data.source}, {split}: {counts[split]:,} images, in pairs for {len(draws)} draws; of the first "
            f"{wanted[split]:,} of seed {draws[0].seed}, {(first <= second).float().mean():.1%} have first <= second"
        )


if __name__ == "__main__":
    run_script(lambda: main(sys.argv[1:]))

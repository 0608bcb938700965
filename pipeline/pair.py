"""Stage `pair`: reads data/raw, writes data/pairs/pairs.safetensors: every image once, and each run's pairs as indices.

    train_images, test_images   (n, 14, 14) float16, 0 to 255     train_labels, test_labels   (n,) uint8
    train_pairs                 (runs, data.train_pairs, 2) int32, indices of training images; test_pairs likewise
    metadata                    data_set: the value of data.source

The rule is that of the data code of the course that the five reports were written in: a permutation of all images, of
which the first 2 x pairs entries, two by two, are the pairs; training pairs are drawn before test pairs.
"""

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from pipeline import idx, params, paths, seeds
from pipeline.script import StudyError, run_script

SPLITS = ("train", "test")


def downsample(images: np.ndarray) -> Tensor:
    """Average 2x2 blocks: (n, 28, 28) uint8 to (n, 14, 14) float16.

    Exact: a mean of four bytes is a multiple of 1/4 below 256, and float16 has all of those.
    """
    blocks = images.reshape(-1, 14, 2, 14, 2)
    return torch.from_numpy((blocks.sum((2, 4), dtype=np.float32) / 4).astype(np.float16))


def draw(images: int, pairs: int, generator: torch.Generator) -> Tensor:
    """Pairs of indices below `images`, none twice: (pairs, 2) int32."""
    return torch.randperm(images, generator=generator)[: 2 * pairs].view(pairs, 2).int()


def draw_runs(images: dict[str, int], pairs: dict[str, int], runs: int) -> dict[str, Tensor]:
    """Each run's pairs from its own generator, training pairs first: (runs, pairs, 2) int32 for either split."""
    drawn = {split: [] for split in SPLITS}
    for run in range(runs):
        generator = seeds.pairs_generator(run)
        for split in SPLITS:
            drawn[split].append(draw(images[split], pairs[split], generator))
    return {split: torch.stack(drawn[split]) for split in SPLITS}


def read_split(split: str) -> tuple[Tensor, Tensor]:
    """Images (n, 14, 14) float16 and labels (n,) uint8 of data/raw; StudyError if these are no digits of 28x28."""
    image_file, label_file = paths.RAW / idx.IMAGES[split], paths.RAW / idx.LABELS[split]
    images, labels = idx.read(image_file, dimensions=3), idx.read(label_file, dimensions=1)
    if images.shape != (len(labels), 28, 28) or labels.max(initial=0) > 9:
        raise StudyError(f"{image_file}, {label_file}: not 28x28 images with a digit each; {idx.REMEDY}")
    return downsample(images), torch.from_numpy(labels)


def main() -> None:
    settings = params.load()
    data = settings.data
    wanted = {"train": data.train_pairs, "test": data.test_pairs}
    tensors = {}
    for split in SPLITS:
        tensors[f"{split}_images"], tensors[f"{split}_labels"] = read_split(split)
    images = {split: len(tensors[f"{split}_labels"]) for split in SPLITS}
    for split in SPLITS:
        if 2 * wanted[split] > images[split]:
            raise StudyError(
                f"{paths.PARAMS}: data.{split}_pairs: {wanted[split]:,} pairs need {2 * wanted[split]:,} images, "
                f"{data.source} has {images[split]:,}; at most {images[split] // 2:,} pairs can be had"
            )
    for split, pairs in draw_runs(images, wanted, settings.runs).items():
        tensors[f"{split}_pairs"] = pairs

    paths.PAIRS.parent.mkdir(parents=True, exist_ok=True)
    part = paths.PAIRS.with_name(f"{paths.PAIRS.name}.part")
    save_file(tensors, part, metadata={"data_set": data.source})
    part.replace(paths.PAIRS)

    for split in SPLITS:
        first, second = tensors[f"{split}_labels"][tensors[f"{split}_pairs"][0].long()].unbind(1)
        print(
            f"{data.source}, {split}: {images[split]:,} images; {settings.runs} runs of {wanted[split]:,} pairs; "
            f"run 0 has {(first <= second).float().mean():.1%} with first <= second"
        )


if __name__ == "__main__":
    run_script(main)

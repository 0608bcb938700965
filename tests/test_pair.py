"""Pairs against the course's data code, on real MNIST where its files are, and what `pair` refuses."""

import pytest
import torch
from torch.nn import functional as F

from pipeline import download, pair, paths
from pipeline.backends import pairs
from pipeline.datasets import DATA_SETS
from pipeline.engine.run import Draw
from pipeline.params import Draws

IMAGES = {"train": 300, "test": 90}
THREE = [Draw(seed=seed) for seed in range(3)]


def course_pairs(images, labels, count, generator):
    """The course's data code, written anew: input (count, 2, 14, 14), target, classes."""
    pooled = F.avg_pool2d(images.float()[:, None], kernel_size=2)
    chosen = torch.randperm(len(pooled), generator=generator)[: 2 * count].view(count, 2)
    inputs = torch.cat((pooled[chosen[:, 0]], pooled[chosen[:, 1]]), dim=1)
    classes = labels[chosen].long()
    return inputs, (classes[:, 0] <= classes[:, 1]).long(), classes


def test_equals_the_course(small_study):
    pair.main()
    written = pairs.read(THREE)
    raw = {split: pair.read_images("digits", split) for split in pairs.SPLITS}
    for draw in THREE:
        generator = torch.Generator().manual_seed(draw.seed)
        for split in pairs.SPLITS:
            found, count = getattr(written, split), DATA_SETS["digits"].images[split] // 2
            inputs, target, classes = course_pairs(*raw[split], count, generator)
            chosen = found.draws[draw].long()
            read = found.labels[chosen].long()
            assert torch.equal(found.images[chosen].float(), inputs)
            assert torch.equal(read, classes)
            assert torch.equal((read[:, 0] <= read[:, 1]).long(), target)


def test_draws_are_independent_and_use_no_image_twice():
    three, four = (pair.draw_pairs(IMAGES, draws) for draws in (THREE, [*THREE, Draw(seed=3)]))
    for split, count in IMAGES.items():
        for draw, drawn in three[split].items():
            assert torch.equal(drawn, four[split][draw])  # another seed leaves these as they were
        for drawn in four[split].values():
            assert torch.equal(drawn.flatten().sort().values, torch.arange(count).int())
        assert not torch.equal(four[split][Draw(seed=0)], four[split][Draw(seed=1)])


def test_downsampling_is_exact():
    values = torch.arange(256).byte().repeat(49)
    images = values[torch.randperm(len(values), generator=torch.Generator().manual_seed(0))].view(16, 28, 28)
    images[0, :2, :2] = 255
    images[0, :2, 2:4] = torch.tensor([[255, 255], [255, 254]])  # 254.75: the largest mean with a fraction
    small = pair.downsample(images)
    blocks = images.double().unfold(1, 2, 2).unfold(2, 2, 2)  # (16, 14, 14, 2, 2)
    assert torch.equal(small.double(), blocks.mean((3, 4)))
    assert small[0, 0, :2].tolist() == [255, 254.75]


def test_scikit_learn_s_digits_are_split_without_overlap():
    found = {split: pair.read_images("digits", split) for split in pairs.SPLITS}
    assert {split: len(images) for split, (images, _) in found.items()} == DATA_SETS["digits"].images
    assert all(images.shape[1:] == (28, 28) and images.dtype == torch.uint8 for images, _ in found.values())
    assert all(labels.bincount(minlength=10).min() >= 40 for _, labels in found.values())
    distinct = [{image.numpy().tobytes() for image in images} for images, _ in found.values()]
    assert not distinct[0] & distinct[1]


@pytest.mark.mnist
def test_check_values_of_mnist(workspace, mnist, monkeypatch):
    """What the course's data code gives on MNIST: four draws in a row from the generator of run 0."""
    monkeypatch.setenv("MNIST_MIRROR", str(mnist))
    download.fetch("mnist", paths.RAW)
    raw = {split: pair.read_images("mnist", split) for split in pairs.SPLITS}
    images = pair.downsample(raw["train"][0])
    labels = {split: of_split for split, (_, of_split) in raw.items()}
    drawn = pair.draw_pairs(DATA_SETS["mnist"].images, pair.draws_wanted(Draws(seeds=1, of_seed_0=4)))
    assert drawn["train"][Draw(seed=0)].flatten()[:6].tolist() == [36044, 10678, 57327, 55074, 21567, 15479]
    assert drawn["test"][Draw(seed=0)].flatten()[:4].tolist() == [7953, 9495, 6723, 5291]
    yes = []
    for draw in drawn["train"]:
        read = {split: labels[split][drawn[split][draw][:1000].long()] for split in pairs.SPLITS}
        yes.append(tuple(int((digits[:, 0] <= digits[:, 1]).sum()) for digits in read.values()))
    assert yes == [(551, 526), (548, 524), (550, 547), (566, 511)]
    pixels = images[drawn["train"][Draw(seed=0)][:1000].long()].float()
    assert (pixels.mean().item(), pixels.std().item()) == pytest.approx((33.143, 71.224), abs=5e-4)

"""Pairs against the course's data code, on real MNIST where its files are, and what `pair` refuses."""

import gzip

import pytest
import torch
import yaml
from safetensors import safe_open
from torch.nn import functional as F

from pipeline import download, pair, paths
from pipeline.backends import pairs
from pipeline.cli import StudyError
from pipeline.datasets import DATA_SETS
from pipeline.engine.run import Draw
from pipeline.params import Draws
from tests.made_up import STUDY

IMAGES = {"train": 300, "test": 90}
THREE = [Draw(seed=seed) for seed in range(3)]


@pytest.fixture
def digits(workspace):
    """A params.yaml of scikit-learn's digits, with three draws and one more of seed 0."""
    content = STUDY.model_dump()
    drawn = {"source": "digits", "draws": {"seeds": 3, "of_seed_0": 2}, "train_pairs": 500, "test_pairs": 200}
    content |= {"seeds": 2, "data": content["data"] | drawn}
    paths.PARAMS.write_text(yaml.safe_dump(content), encoding="utf-8")
    return content


def course_pairs(images, labels, count, generator):
    """The course's data code, written anew: input (count, 2, 14, 14), target, classes."""
    pooled = F.avg_pool2d(images.float()[:, None], kernel_size=2)
    chosen = torch.randperm(len(pooled), generator=generator)[: 2 * count].view(count, 2)
    inputs = torch.cat((pooled[chosen[:, 0]], pooled[chosen[:, 1]]), dim=1)
    classes = labels[chosen].long()
    return inputs, (classes[:, 0] <= classes[:, 1]).long(), classes


def test_equals_the_course(digits):
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


def test_what_is_written(digits, capsys):
    pair.main()
    for split, count in DATA_SETS["digits"].images.items():
        with safe_open(paths.pairs(split), "pt") as file:
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        assert {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in found.items()} == {
            "images": ((count, 14, 14), torch.float16),
            "labels": ((count,), torch.uint8),
            **{f"draw/{draw}": ((count // 2, 2), torch.int32) for draw in ("0/1", "0/2", "1/1", "2/1")},
        }
    assert sorted(paths.PAIRS.iterdir()) == [paths.pairs("test"), paths.pairs("train")]
    assert "digits, train: 1,297 images, in 4 draws of 648 pairs; in the first draw, " in capsys.readouterr().out


def test_same_bytes_twice_and_whatever_runs_take_of_them(digits):
    """Neither the number of pairs of a run nor `seeds` is a matter of the stage."""
    pair.main()
    first = [paths.pairs(split).read_bytes() for split in pairs.SPLITS]
    digits["data"] |= {"train_pairs": 20, "test_pairs": 10}
    paths.PARAMS.write_text(yaml.safe_dump(digits | {"seeds": 3}), encoding="utf-8")
    pair.main()
    assert [paths.pairs(split).read_bytes() for split in pairs.SPLITS] == first


def test_draws_are_those_of_every_seed_and_more_of_the_first():
    assert pair.draws_wanted(Draws(seeds=2, of_seed_0=3)) == [
        *(Draw(seed=0), Draw(seed=1)),
        *(Draw(seed=0, number=2), Draw(seed=0, number=3)),
    ]


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
@pytest.mark.parametrize("damage", ["missing", "no folder", "cut off"])
def test_damaged_raw_files_are_named(workspace, mnist, damage):
    folder = paths.RAW / "MNIST/raw"
    folder.mkdir(parents=True)
    for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "train-labels-idx1-ubyte"):
        (folder / name).write_bytes(gzip.decompress((mnist / f"{name}.gz").read_bytes()))
    (folder / "train-images-idx3-ubyte").touch()  # torchvision looks whether all four are there
    assert len(pair.read_images("mnist", "test")[0]) == 10_000
    images = folder / "t10k-images-idx3-ubyte"
    if damage == "missing":
        images.unlink()
    elif damage == "no folder":
        folder.rename(paths.RAW / "elsewhere")
    else:
        images.write_bytes(images.read_bytes()[:-20])
    with pytest.raises(StudyError, match=r"^data/raw: damaged, or another data set; `dvc repro -f download`[^\n]+$"):
        pair.read_images("mnist", "test")


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
    found = []
    for draw in drawn["train"]:
        indices = {split: drawn[split][draw][:1000].long() for split in drawn}
        read = {split: labels[split][indices[split]] for split in indices}
        yes = [int((digits[:, 0] <= digits[:, 1]).sum()) for digits in read.values()]
        pixels = images[indices["train"]].float()
        scale = [round(float(pixels.mean()), 3), round(float(pixels.std()), 3)]
        found.append((*yes, *scale, *([tuple(row) for row in digits[:4].tolist()] for digits in read.values())))
    assert found == [
        (551, 526, 33.143, 71.224, [(9, 3), (5, 4), (7, 4), (9, 6)], [(0, 7), (4, 1), (8, 7), (2, 9)]),
        (548, 524, 33.519, 71.750, [(4, 9), (6, 1), (9, 0), (7, 8)], [(4, 9), (6, 2), (5, 7), (9, 7)]),
        (550, 547, 33.188, 71.249, [(7, 9), (1, 8), (5, 3), (2, 2)], [(7, 9), (2, 8), (6, 4), (4, 2)]),
        (566, 511, 33.205, 71.187, [(2, 2), (3, 7), (6, 1), (1, 3)], [(5, 7), (4, 3), (7, 9), (2, 6)]),
    ]

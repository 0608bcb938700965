"""Pairs against the course's data code, on real MNIST where its files are, and what `pair` refuses."""

import numpy as np
import pytest
import torch
import yaml
from safetensors import safe_open

from pipeline import idx, pair, params, paths, seeds
from pipeline.script import StudyError
from tests.synthetic import ROOT

IMAGES = {"train": 300, "test": 90}
PAIRS = {"train": 100, "test": 40}


def course_pairs(images, labels, pairs, generator):
    """The course's data code, written anew: input (pairs, 2, 14, 14), target, classes."""
    pooled = torch.nn.functional.avg_pool2d(torch.from_numpy(images).float()[:, None], kernel_size=2)
    labels = torch.from_numpy(labels).long()
    chosen = torch.randperm(len(pooled), generator=generator)[: 2 * pairs].view(pairs, 2)
    inputs = torch.cat((pooled[chosen[:, 0]], pooled[chosen[:, 1]]), dim=1)
    classes = labels[chosen]
    return inputs, (classes[:, 0] <= classes[:, 1]).long(), classes


def write_project(runs=3, train_pairs=PAIRS["train"], test_pairs=PAIRS["test"]):
    """Write params.yaml and made-up raw files into the current folder."""
    content = yaml.safe_load((ROOT / paths.PARAMS).read_text(encoding="utf-8"))
    content["runs"] = runs
    content["data"].update(source="digits", train_pairs=train_pairs, test_pairs=test_pairs)
    paths.PARAMS.write_text(yaml.safe_dump(content), encoding="utf-8")
    paths.RAW.mkdir(parents=True, exist_ok=True)
    numbers = np.random.default_rng(0)
    for split, count in IMAGES.items():
        idx.write(paths.RAW / idx.IMAGES[split], numbers.integers(0, 256, (count, 28, 28), np.uint8))
        idx.write(paths.RAW / idx.LABELS[split], numbers.integers(0, 10, count, np.uint8))


def read_pairs():
    with safe_open(paths.PAIRS, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118


def test_equals_the_course(workspace):
    write_project()
    pair.main()
    written, metadata = read_pairs()
    assert metadata == {"data_set": "digits"}
    for run in range(3):
        generator = torch.Generator().manual_seed(run)
        for split in ("train", "test"):
            images, labels = idx.read(paths.RAW / idx.IMAGES[split], 3), idx.read(paths.RAW / idx.LABELS[split], 1)
            inputs, target, classes = course_pairs(images, labels, PAIRS[split], generator)
            pairs = written[f"{split}_pairs"][run].long()
            digits = written[f"{split}_labels"][pairs].long()
            assert torch.equal(written[f"{split}_images"][pairs].float(), inputs)
            assert torch.equal(digits, classes)
            assert torch.equal((digits[:, 0] <= digits[:, 1]).long(), target)


def test_what_is_written(workspace, capsys):
    write_project()
    pair.main()
    written, _ = read_pairs()
    assert {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in written.items()} == {
        "train_images": ((300, 14, 14), torch.float16),
        "train_labels": ((300,), torch.uint8),
        "train_pairs": ((3, 100, 2), torch.int32),
        "test_images": ((90, 14, 14), torch.float16),
        "test_labels": ((90,), torch.uint8),
        "test_pairs": ((3, 40, 2), torch.int32),
    }
    first, second = written["train_labels"][written["train_pairs"][0].long()].unbind(1)
    said = capsys.readouterr().out
    assert f"digits, train: 300 images; 3 runs of 100 pairs; run 0 has {(first <= second).sum()}.0%" in said
    assert list(paths.PAIRS.parent.iterdir()) == [paths.PAIRS]


def test_same_bytes_twice(workspace):
    write_project()
    pair.main()
    first = paths.PAIRS.read_bytes()
    pair.main()
    assert paths.PAIRS.read_bytes() == first


def test_runs_are_independent_and_use_no_image_twice():
    three, four = (pair.draw_runs(IMAGES, PAIRS, runs) for runs in (3, 4))
    for split in ("train", "test"):
        assert torch.equal(four[split][:3], three[split])  # another run leaves these as they were
        for run in four[split]:
            assert run.unique().numel() == 2 * PAIRS[split]
            assert 0 <= run.min() <= run.max() < IMAGES[split]
        assert not torch.equal(four[split][0], four[split][1])


def test_downsampling_is_exact():
    values = np.arange(256, dtype=np.uint8)
    images = np.random.default_rng(0).permuted(np.tile(values, (49, 1)), axis=1).reshape(16, 28, 28)
    images[0, :2, :2] = 255
    images[0, :2, 2:4] = [[255, 255], [255, 254]]  # 254.75: the largest mean with a fraction
    small = pair.downsample(images)
    exact = [
        [[image[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean() for j in range(14)] for i in range(14)] for image in images
    ]
    assert torch.equal(small.double(), torch.tensor(exact))
    assert small[0, 0, :2].tolist() == [255, 254.75]


def test_every_image_may_be_used(workspace):
    write_project(train_pairs=150, test_pairs=45)
    pair.main()
    assert read_pairs()[0]["test_pairs"].shape == (3, 45, 2)


@pytest.mark.parametrize(("key", "pairs", "most"), [("train_pairs", 152, 150), ("test_pairs", 1000, 45)])
def test_too_many_pairs(workspace, key, pairs, most):
    write_project(**{key: pairs})
    with pytest.raises(StudyError, match=rf"params\.yaml: data\.{key}: .* at most {most} pairs"):
        pair.main()
    assert not paths.PAIRS.exists()


@pytest.mark.parametrize("name", [idx.IMAGES["train"], idx.LABELS["test"]])
@pytest.mark.parametrize(
    "damage", ["missing", "no gzip", "cut off", "flipped bit", "header only", "fewer values", "empty"]
)
def test_damaged_raw_file(workspace, name, damage):
    write_project()
    path = paths.RAW / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "fewer values":
        idx.write(path, idx.read(path, 3 if "idx3" in name else 1)[:-1])
    elif damage == "header only":
        idx.write(path, np.zeros(0, np.uint8))
    else:
        flipped = content[:30] + bytes([content[30] ^ 1]) + content[31:]
        path.write_bytes({"no gzip": b"<html>", "cut off": content[:-20], "flipped bit": flipped, "empty": b""}[damage])
    with pytest.raises(StudyError, match=f"{name}.*dvc repro download") as caught:
        pair.main()
    assert "\n" not in str(caught.value)
    assert not paths.PAIRS.exists()


def test_label_that_is_no_digit(workspace):
    write_project()
    path = paths.RAW / idx.LABELS["train"]
    idx.write(path, np.where(np.arange(300) == 7, 10, 1).astype(np.uint8))
    with pytest.raises(StudyError, match="not 28x28 images with a digit each"):
        pair.main()


def test_idx_writes_only_bytes(tmp_path):
    with pytest.raises(TypeError, match="unsigned bytes"):
        idx.write(tmp_path / "x.gz", np.zeros(3))


@pytest.mark.mnist
def test_check_values_of_mnist(mnist):
    """What the course's data code gives on MNIST: four draws in a row from the generator of run 0."""
    raw = {s: (idx.read(mnist / idx.IMAGES[s], 3), idx.read(mnist / idx.LABELS[s], 1)) for s in ("train", "test")}
    images = pair.downsample(raw["train"][0])
    generator = seeds.pairs_generator(0)
    draws = []
    for _ in range(4):
        indices = {split: pair.draw(len(raw[split][1]), 1000, generator).long() for split in ("train", "test")}
        digits = {split: torch.from_numpy(raw[split][1])[indices[split]] for split in indices}
        pixels = images[indices["train"]].float()
        draws.append(
            (
                int((digits["train"][:, 0] <= digits["train"][:, 1]).sum()),
                int((digits["test"][:, 0] <= digits["test"][:, 1]).sum()),
                round(float(pixels.mean()), 3),
                round(float(pixels.std()), 3),
                [tuple(row) for row in digits["train"][:4].tolist()],
                [tuple(row) for row in digits["test"][:4].tolist()],
            )
        )
        if len(draws) == 1:
            assert indices["train"].flatten()[:6].tolist() == [36044, 10678, 57327, 55074, 21567, 15479]
            assert indices["test"].flatten()[:4].tolist() == [7953, 9495, 6723, 5291]
    assert draws == [
        (551, 526, 33.143, 71.224, [(9, 3), (5, 4), (7, 4), (9, 6)], [(0, 7), (4, 1), (8, 7), (2, 9)]),
        (548, 524, 33.519, 71.750, [(4, 9), (6, 1), (9, 0), (7, 8)], [(4, 9), (6, 2), (5, 7), (9, 7)]),
        (550, 547, 33.188, 71.249, [(7, 9), (1, 8), (5, 3), (2, 2)], [(7, 9), (2, 8), (6, 4), (4, 2)]),
        (566, 511, 33.205, 71.187, [(2, 2), (3, 7), (6, 1), (1, 3)], [(5, 7), (4, 3), (7, 9), (2, 6)]),
    ]


@pytest.mark.mnist
def test_run_0_of_mnist(mnist, workspace):
    """Run 0 draws the first row of that table, and later runs draw other pairs."""
    settings = params.load(ROOT / paths.PARAMS)
    sizes = {split: len(idx.read(mnist / idx.LABELS[split], 1)) for split in ("train", "test")}
    drawn = pair.draw_runs(sizes, {"train": 1000, "test": 1000}, settings.runs)
    assert drawn["train"][0].flatten()[:6].tolist() == [36044, 10678, 57327, 55074, 21567, 15479]
    assert drawn["test"][0].flatten()[:4].tolist() == [7953, 9495, 6723, 5291]

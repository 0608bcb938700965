"""Pairs against the course's data code, on real MNIST where its files are, and what `pair` refuses."""

import numpy as np
import pytest
import torch
import yaml
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from pipeline import idx, pair, paths
from pipeline.run import Draw
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


def write_project(seeds_=3, train_pairs=PAIRS["train"], test_pairs=PAIRS["test"]):
    """Write params.yaml and made-up raw files into the current folder."""
    content = yaml.safe_load((ROOT / paths.PARAMS).read_text(encoding="utf-8"))
    content["seeds"] = seeds_
    content["data"].update(source="digits", train_pairs=train_pairs, test_pairs=test_pairs)
    paths.PARAMS.write_text(yaml.safe_dump(content), encoding="utf-8")
    paths.RAW.mkdir(parents=True, exist_ok=True)
    numbers = np.random.default_rng(0)
    for split, count in IMAGES.items():
        idx.write(paths.RAW / idx.IMAGES[split], numbers.integers(0, 256, (count, 28, 28), np.uint8))
        idx.write(paths.RAW / idx.LABELS[split], numbers.integers(0, 10, count, np.uint8))


def read_pairs(split):
    with safe_open(paths.pairs(split), "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118


def test_equals_the_course(workspace):
    write_project()
    pair.main()
    written = {split: read_pairs(split)[0] for split in pair.SPLITS}
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        for split in pair.SPLITS:
            images, labels = idx.read(paths.RAW / idx.IMAGES[split], 3), idx.read(paths.RAW / idx.LABELS[split], 1)
            inputs, target, classes = course_pairs(images, labels, PAIRS[split], generator)
            pairs = written[split][f"draw/{seed}/1"][: PAIRS[split]].long()
            digits = written[split]["labels"][pairs].long()
            assert torch.equal(written[split]["images"][pairs].float(), inputs)
            assert torch.equal(digits, classes)
            assert torch.equal((digits[:, 0] <= digits[:, 1]).long(), target)


def test_what_is_written(workspace, capsys):
    write_project()
    pair.main()
    for split, count in IMAGES.items():
        written, metadata = read_pairs(split)
        assert metadata == {"data_set": "digits"}
        assert {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in written.items()} == {
            "images": ((count, 14, 14), torch.float16),
            "labels": ((count,), torch.uint8),
            **{f"draw/{seed}/1": ((count // 2, 2), torch.int32) for seed in range(3)},
        }
        assert paths.pairs(split).stat().st_mode & 0o077 == 0o044
    written, _ = read_pairs("train")
    first, second = written["labels"][written["draw/0/1"][:100].long()].unbind(1)
    said = capsys.readouterr().out
    assert f"train: 300 images, in pairs for 3 draws; of the first 100 of seed 0, {(first <= second).sum()}.0%" in said
    assert sorted(paths.PAIRS.iterdir()) == [paths.pairs("test"), paths.pairs("train")]


def test_same_bytes_twice_and_no_change_by_the_number_of_pairs_that_runs_take(workspace):
    write_project()
    pair.main()
    first = [paths.pairs(split).read_bytes() for split in pair.SPLITS]
    write_project(train_pairs=20, test_pairs=10)
    pair.main()
    assert [paths.pairs(split).read_bytes() for split in pair.SPLITS] == first


def test_draws_are_independent_and_use_no_image_twice():
    three, four = (pair.draw_pairs(IMAGES, [Draw(seed=seed) for seed in range(count)]) for count in (3, 4))
    for split, count in IMAGES.items():
        for draw, pairs in three[split].items():
            assert torch.equal(pairs, four[split][draw])  # another seed leaves these as they were
        for pairs in four[split].values():
            assert torch.equal(pairs.flatten().sort().values, torch.arange(count).int())
        assert not torch.equal(four[split][Draw(seed=0)], four[split][Draw(seed=1)])


def test_what_was_written_is_read(workspace):
    write_project()
    pair.main()
    draws = [Draw(seed=2), Draw(seed=0)]
    both, training = pair.read(draws), pair.read(draws, ["train"])
    assert (both.source, training.test) == ("digits", None)
    assert list(both.train.draws) == draws
    assert torch.equal(both.test.images, read_pairs("test")[0]["images"])
    assert both.digest != training.digest
    with pytest.raises(StudyError, match=r"train\.safetensors: holds no draw 1 of seed 3; `seeds` in params\.yaml"):
        pair.read([Draw(seed=3)])


@pytest.mark.parametrize("damage", ["missing", "cut", "incomplete"])
def test_pairs_that_cannot_be_read_are_named(workspace, damage):
    write_project()
    pair.main()
    path = paths.pairs("test")
    stored = load_file(path)
    path.unlink()
    if damage == "cut":
        path.write_bytes(b"\x00" * 40)
    elif damage == "incomplete":
        save_file({"draw/0/1": stored["draw/0/1"].clone()}, path, metadata={"data_set": "noise"})
    with pytest.raises(StudyError, match=r"^data/pairs/test\.safetensors: (missing|damaged); `dvc repro (-f )?pair`"):
        pair.read([Draw(seed=0)])


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
    assert read_pairs("test")[0]["draw/2/1"].shape == (45, 2)


@pytest.mark.parametrize(("key", "pairs", "most"), [("train_pairs", 152, 150), ("test_pairs", 1000, 45)])
def test_too_many_pairs(workspace, key, pairs, most):
    write_project(**{key: pairs})
    with pytest.raises(StudyError, match=rf"params\.yaml: data\.{key}: .* at most {most} pairs"):
        pair.main()
    assert not paths.pairs("test").exists()


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
    assert not paths.pairs("test").exists()


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
    labels = {split: torch.from_numpy(raw[split][1]) for split in raw}
    drawn = pair.draw_pairs(
        {split: len(of_split) for split, of_split in labels.items()}, [Draw(seed=0, number=n) for n in range(1, 5)]
    )
    assert drawn["train"][Draw(seed=0)].flatten()[:6].tolist() == [36044, 10678, 57327, 55074, 21567, 15479]
    assert drawn["test"][Draw(seed=0)].flatten()[:4].tolist() == [7953, 9495, 6723, 5291]
    draws = []
    for draw in drawn["train"]:
        indices = {split: drawn[split][draw][:1000].long() for split in drawn}
        digits = {split: labels[split][indices[split]] for split in indices}
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
    assert draws == [
        (551, 526, 33.143, 71.224, [(9, 3), (5, 4), (7, 4), (9, 6)], [(0, 7), (4, 1), (8, 7), (2, 9)]),
        (548, 524, 33.519, 71.750, [(4, 9), (6, 1), (9, 0), (7, 8)], [(4, 9), (6, 2), (5, 7), (9, 7)]),
        (550, 547, 33.188, 71.249, [(7, 9), (1, 8), (5, 3), (2, 2)], [(7, 9), (2, 8), (6, 4), (4, 2)]),
        (566, 511, 33.205, 71.187, [(2, 2), (3, 7), (6, 1), (1, 3)], [(5, 7), (4, 3), (7, 9), (2, 6)]),
    ]

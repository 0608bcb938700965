"""What training reads of data/pairs."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from pipeline import paths
from pipeline.script import StudyError
from pipeline.training.data import Pairs, load_runs


def test_target_is_first_less_than_or_equal_to_second():
    digits = torch.tensor([[[3, 7], [7, 3], [5, 5]]])
    assert Pairs(torch.zeros(1, 3, 2, 14, 14), digits).targets.tolist() == [[1, 0, 1]]


def test_pairs_are_the_images_that_the_indices_name(small_study):
    stored = load_file(paths.PAIRS)
    data = load_runs([1, 0], standardize=False)
    first, second = stored["test_pairs"][1, 7].tolist()
    assert torch.equal(data.test.images[0, 7], stored["test_images"][[first, second]].float())
    assert data.test.digits[0, 7].tolist() == stored["test_labels"][[first, second]].tolist()
    assert tuple(data.train.images.shape) == (2, 60, 2, 14, 14)
    assert (data.pixel_mean, data.pixel_std, data.data_set) == ([0, 0], [1, 1], "noise")


def test_standardizing_uses_the_run_s_own_training_pixels(small_study):
    raw, scaled = load_runs([0, 1], standardize=False), load_runs([0, 1], standardize=True)
    for run in range(2):
        pixels = raw.train.images[run]
        assert scaled.pixel_mean[run] == pytest.approx(pixels.mean().item(), rel=1e-5)
        assert scaled.pixel_std[run] == pytest.approx(pixels.std(unbiased=True).item(), rel=1e-5)
        expected = (raw.test.images[run] - pixels.mean()) / pixels.std()
        torch.testing.assert_close(scaled.test.images[run], expected)


def test_a_run_s_data_do_not_depend_on_the_runs_beside_it(small_study):
    beside, alone = load_runs([0, 1], standardize=True), load_runs([1], standardize=True)
    assert torch.equal(beside.train.images[1], alone.train.images[0])


@pytest.mark.parametrize("damage", ["missing", "cut", "incomplete", "fewer runs"])
def test_a_file_that_cannot_be_read_is_named(small_study, damage):
    stored = load_file(paths.PAIRS)
    paths.PAIRS.unlink()
    if damage == "cut":
        paths.PAIRS.write_bytes(b"\x00" * 40)
    elif damage == "incomplete":
        save_file({"train_images": stored["train_images"]}, paths.PAIRS, metadata={"data_set": "noise"})
    elif damage == "fewer runs":
        save_file(stored | {"test_pairs": stored["test_pairs"][:1]}, paths.PAIRS, metadata={"data_set": "noise"})
    with pytest.raises(StudyError, match=r"^data/pairs/pairs\.safetensors: (missing|damaged).*`dvc repro pair`"):
        load_runs([0, 1], standardize=True)

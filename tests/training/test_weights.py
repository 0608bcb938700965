"""Weights on disk: what is read back is what was trained."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from pipeline import params
from pipeline.script import StudyError
from pipeline.training import weights
from pipeline.training.runs import fresh_network
from tests.synthetic import ROOT

STUDY = params.load(ROOT / "params.yaml")


def save(combo, folder, network=None):
    origin = weights.Origin(combo=combo, seed=3, data_set="mnist", pixel_mean=33.0, pixel_std=71.5)
    path = folder / "seed_3.safetensors"
    weights.save(path, network or fresh_network(combo, 3), origin)
    return path, origin


@pytest.mark.parametrize("combo", STUDY.combos(), ids=lambda combo: combo.key)
def test_network_survives_the_disk(combo, tmp_path):
    network = fresh_network(combo, 3)
    path, origin = save(combo, tmp_path, network)
    trained = weights.load(path)
    assert trained.origin == origin
    pixels = torch.rand(3, 2, 14, 14, generator=torch.Generator().manual_seed(0)) * 255
    network.eval()
    for name, expected in network((pixels - 33.0) / 71.5).items():
        torch.testing.assert_close(trained(pixels)[name], expected)


def test_the_same_weights_are_the_same_bytes(tmp_path):
    combo = STUDY.combo("lenet5", "aux_loss")
    first, second = (save(combo, tmp_path / name)[0].read_bytes() for name in ("a", "b"))
    assert first == second


def test_files_that_are_no_weights_are_named(tmp_path):
    combo = STUDY.combo("deep_fc", "baseline")
    path, _ = save(combo, tmp_path)
    state = {name: tensor.clone() for name, tensor in load_file(path).items()}  # loaded, they are the file itself
    whole = path.read_bytes()
    with pytest.raises(StudyError, match=r"seed_4\.safetensors: missing; `dvc repro`"):
        weights.load(tmp_path / "seed_4.safetensors")
    for content in (whole[:100], b"", b"text"):
        path.write_bytes(content)
        with pytest.raises(StudyError, match=r"seed_3\.safetensors: not the weights of a run"):
            weights.load(path)
    save_file(state, path)
    with pytest.raises(StudyError, match=r"seed_3\.safetensors: not the weights of a run"):
        weights.load(path)


def test_weights_of_another_network_are_refused(tmp_path):
    combo = STUDY.combo("deep_fc", "baseline")
    path, _ = save(combo, tmp_path, fresh_network(STUDY.combo("deep_fc", "two_channel"), 0))
    with pytest.raises(StudyError, match=r"of another version of deep_fc's network"):
        weights.load(path)


def test_a_full_disk_is_said_in_a_line(tmp_path, monkeypatch):
    def full(*_, **__):
        raise weights.SafetensorError("No space left on device (os error 28)")

    monkeypatch.setattr(weights, "save_file", full)
    with pytest.raises(StudyError, match=r"seed_3\.safetensors: cannot be written .*No space left.*free some space"):
        save(STUDY.combo("deep_fc", "baseline"), tmp_path)

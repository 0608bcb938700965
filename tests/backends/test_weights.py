"""Weights on disk: what is read back is what was trained."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from pipeline.backends import weights
from pipeline.cli import StudyError
from pipeline.engine.loop import fresh_network
from tests.made_up import STUDY, short_run


def save(run, folder, network=None):
    origin = weights.Origin(run=run, pixel_mean=33.0, pixel_std=71.5)
    path = folder / "seed_3.safetensors"
    path.write_bytes(weights.to_bytes((network or fresh_network(run)).state_dict(), origin))
    return path, origin


@pytest.mark.parametrize("architecture", STUDY.architectures)
def test_network_survives_the_disk(architecture, tmp_path):
    for technique in STUDY.technique_names():
        run = short_run(architecture, technique)
        network = fresh_network(run)
        path, origin = save(run, tmp_path, network)
        trained = weights.load(path)
        assert trained.origin == origin
        pixels = torch.rand(3, 2, 14, 14, generator=torch.Generator().manual_seed(0)) * 255
        network.eval()
        for name, expected in network((pixels - 33.0) / 71.5).items():
            torch.testing.assert_close(trained(pixels)[name], expected)


def test_the_same_weights_are_the_same_bytes(tmp_path):
    first, second = (save(short_run("lenet5", "aux_loss"), tmp_path)[0].read_bytes() for _ in range(2))
    assert first == second


def test_files_that_are_no_weights_are_named(tmp_path):
    path, origin = save(short_run(), tmp_path)
    state = {name: tensor.clone() for name, tensor in load_file(path).items()}  # loaded, they are the file itself
    whole = path.read_bytes()
    with pytest.raises(StudyError, match=r"seed_4\.safetensors: missing; `dvc repro`"):
        weights.load(tmp_path / "seed_4.safetensors")
    for content in (whole[:100], b"", b"text"):
        path.write_bytes(content)
        with pytest.raises(StudyError, match=r"seed_3\.safetensors: not the weights of a run; if it is one of models/"):
            weights.load(path)
    save_file(state, path)
    with pytest.raises(StudyError, match=r"seed_3\.safetensors: not the weights of a run"):
        weights.load(path)
    path.write_bytes(weights.to_bytes({name: tensor / 0 for name, tensor in state.items()}, origin))
    with pytest.raises(StudyError, match="no finite numbers"):
        weights.load(path)


def test_weights_of_another_network_are_refused(tmp_path):
    path, _ = save(short_run(), tmp_path, fresh_network(short_run("deep_fc", "two_channel")))
    with pytest.raises(StudyError, match=r"of another version of deep_fc's network"):
        weights.load(path)

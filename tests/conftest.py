"""What several tests share."""

import os
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import save_file

from pipeline import idx, paths
from pipeline.params import Params
from tests.synthetic import ROOT, make_params


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Many small tensors: threads only get in one another's way."""
    torch.set_num_threads(1)


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """An empty folder to run stage scripts in, without the environment that would lead them elsewhere."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for variable in ("MNIST_MIRROR", "DVC_ROOT"):
        monkeypatch.delenv(variable, raising=False)
    return folder


@pytest.fixture(scope="session")
def mnist():
    """The folder with MNIST's files, from MNIST_MIRROR or beside the checkout; the test skips where there is none."""
    folder = Path(os.environ.get("MNIST_MIRROR") or ROOT.parent / "shared" / "mnist").resolve()
    if not (folder / idx.IMAGES["train"]).is_file():
        pytest.skip("MNIST's files are in neither MNIST_MIRROR nor ../shared/mnist")
    return folder


@pytest.fixture
def small_study(workspace) -> Params:
    """Two runs of two epochs of three architectures, on noise."""
    study = make_params(["deep_fc", "basenet", "convnet"], runs=2, epochs=2)
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for part, images, pairs in (("train", 200, 60), ("test", 120, 40)):
        tensors[f"{part}_images"] = torch.rand(images, 14, 14, generator=generator).mul(1020).round().div(4).half()
        tensors[f"{part}_labels"] = torch.randint(0, 10, (images,), generator=generator).byte()
        drawn = [torch.randperm(images, generator=generator)[: 2 * pairs].view(pairs, 2) for _ in range(study.runs)]
        tensors[f"{part}_pairs"] = torch.stack(drawn).int()
    paths.PAIRS.parent.mkdir(parents=True)
    save_file(tensors, paths.PAIRS, metadata={"data_set": "noise"})
    paths.PARAMS.write_text(yaml.safe_dump(study.model_dump(), sort_keys=False), encoding="utf-8")
    return study

"""What several tests share."""

import os
from pathlib import Path

import pytest
import torch

from pipeline import idx

ROOT = Path(__file__).resolve().parents[1]


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

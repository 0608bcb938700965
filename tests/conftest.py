"""What several tests share."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from pipeline import idx, pair, paths
from pipeline.params import Params
from tests.synthetic import ROOT, make_params


def pytest_collection_modifyitems(items):
    """Files with slow tests come first, so that no process is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


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
    """Two seeds and two epochs of three architectures, on noise that stands for scikit-learn's digits."""
    study = make_params(["deep_fc", "basenet", "convnet"], seeds=2, epochs=2, source="digits")
    study = study.model_copy(update={"data": study.data.model_copy(update={"train_pairs": 60, "test_pairs": 40})})
    numbers = np.random.default_rng(0)
    for split, count in (("train", 200), ("test", 120)):
        idx.write(paths.RAW / idx.IMAGES[split], numbers.integers(0, 256, (count, 28, 28), np.uint8))
        idx.write(paths.RAW / idx.LABELS[split], numbers.integers(0, 10, count, np.uint8))
    paths.PARAMS.write_text(yaml.safe_dump(study.model_dump(), sort_keys=False), encoding="utf-8")
    pair.main()
    return study

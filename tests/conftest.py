"""What several tests share."""

import os
import shutil
from pathlib import Path

import pytest
import torch
import yaml

from pipeline import pair, paths
from pipeline.backends import pairs, store
from pipeline.params import Params
from tests import ROOT, made_up
from tests.study import Study, new_study


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
    for variable in ("MNIST_MIRROR", "DVC_ROOT", "DVC_STAGE", "DASK_SCHEDULER_ADDRESS"):
        monkeypatch.delenv(variable, raising=False)
    return folder


@pytest.fixture(scope="session")
def mnist():
    """The folder with MNIST's files, from MNIST_MIRROR or beside the checkout; the test skips where there is none."""
    folder = Path(os.environ.get("MNIST_MIRROR") or ROOT.parent / "shared" / "mnist").resolve()
    if not (folder / "train-images-idx3-ubyte.gz").is_file():
        pytest.skip("MNIST's files are in neither MNIST_MIRROR nor ../shared/mnist")
    return folder


@pytest.fixture
def small_study(workspace) -> Params:
    """Two seeds and two epochs of three architectures, its params and pairs; noise stands for scikit-learn's digits."""
    content = made_up.STUDY.model_dump()
    recipes = {name: content["architectures"][name] | {"epochs": 2} for name in ("deep_fc", "basenet", "convnet")}
    content |= {"seeds": 2, "architectures": recipes}
    drawn = {"source": "digits", "draws": {"seeds": 3, "of_seed_0": 2}}
    content["data"] |= drawn | {"train_pairs": made_up.TRAIN_PAIRS, "test_pairs": made_up.TEST_PAIRS}
    study = Params.model_validate(content)
    paths.PARAMS.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    for seed, split in enumerate(pairs.SPLITS):
        digits = made_up.digits(100, seed, pair.draws_wanted(study.data.draws))
        digits.images.mul_(255)
        pairs.write(paths.pairs(split), digits, study.data.source)
    return study


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    """The tiny study after its first `dvc repro`, committed."""
    project = new_study(tmp_path_factory.mktemp("study") / "project")
    project.run("dvc", "repro")
    project.commit("A study")
    return project


@pytest.fixture
def restored(study):
    """The study, without runs of a stage that was the last, which is put back afterwards."""
    shutil.rmtree(study.folder / store.FOLDER, ignore_errors=True)
    yield study
    study.restore()

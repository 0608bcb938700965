"""Finished runs are kept for a stage that is started again; nothing else is ever taken for one."""

import pytest
import torch

from pipeline import kept
from pipeline.kept import FOLDER, Kept
from pipeline.training.executor import compute
from tests.made_up import changed, pairs, short_run

PAIRS = pairs()
RUN = short_run("deep_fc", "weight_sharing_aux_loss", precision="fp32")


@pytest.fixture(scope="module")
def finished():
    return next(compute([RUN], PAIRS, torch.device("cpu")))


@pytest.fixture
def store(workspace, finished) -> Kept:
    store = Kept(PAIRS.digest)
    store.put(finished.weights, finished.record)
    return store


def test_a_kept_run_comes_back_to_the_bit_until_it_is_dropped(store, finished):
    assert store.take(RUN) == (finished.weights, finished.record)
    assert len(list(FOLDER.iterdir())) == 2
    store.drop([RUN])
    assert store.take(RUN) is None
    assert list(FOLDER.iterdir()) == []


def test_another_run_other_pairs_or_other_code_find_nothing(store, monkeypatch):
    assert store.take(changed(RUN, learning_rate=0.002)) is None
    assert store.take(changed(RUN, seed=1)) is None
    assert Kept("other pairs").take(RUN) is None
    monkeypatch.setattr(kept, "engine_digest", lambda architecture: "other code")
    assert store.take(RUN) is None


@pytest.mark.parametrize("suffix", ["json", "safetensors"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "empty"])
def test_damaged_bytes_are_not_taken(store, suffix, damage):
    (path,) = FOLDER.glob(f"*.{suffix}")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes({"cut": content[: len(content) // 2], "flipped": content, "empty": b""}[damage])
    assert store.take(RUN) is None


def test_experiments_share_them_by_the_project_s_root(store, finished, tmp_path, monkeypatch):
    root = tmp_path / "workspace"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert Kept(PAIRS.digest).take(RUN) is None
    monkeypatch.setenv("DVC_ROOT", str(root))
    assert Kept(PAIRS.digest).take(RUN) == (finished.weights, finished.record)

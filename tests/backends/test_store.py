"""No run is trained twice: what the store takes for a known run, what it does not, and when it drops one."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import torch
from dvc.repo import Repo

from pipeline import paths
from pipeline.backends import pairs, store
from pipeline.backends.stacks import train_together
from pipeline.backends.store import ENDED, FOLDER, Known, Store
from pipeline.cli import StudyError
from pipeline.engine import result
from tests import made_up
from tests.made_up import changed, short_run

RUN, OTHER = (short_run("deep_fc", "weight_sharing_aux_loss", seed, precision="fp32") for seed in range(2))
STAGE = "deep_fc-weight_sharing_aux_loss"
FILE = paths.weights(STAGE, 0)


@pytest.fixture(scope="module")
def finished():
    return train_together([RUN], made_up.pairs(), torch.device("cpu"))[0]


@pytest.fixture(autouse=True)
def project(workspace):
    """A project whose pairs are those that the run was trained on."""
    made = made_up.pairs()
    for split in pairs.SPLITS:
        pairs.write(paths.pairs(split), getattr(made, split), made.source)
    return workspace


def found(run=RUN, stage=STAGE, with_weights=True) -> Known | None:
    return Store(stage, [run], {run: FILE} if with_weights else None).find().get(run)


@pytest.fixture
def put(finished):
    Store(STAGE, [RUN], {RUN: FILE}).put(finished.result, finished.weights)


def test_a_run_that_was_put_is_found_to_the_bit(put, finished):
    assert found() == (finished.result, finished.weights)
    assert found(with_weights=False) == (finished.result.brief(), None)
    assert len(list(FOLDER.iterdir())) == 2


@pytest.mark.parametrize("difference", ["run", "pairs", "engine", "torch"])
def test_a_run_that_differs_in_anything_is_another(put, monkeypatch, difference):
    run = RUN
    if difference == "run":
        run = changed(RUN, learning_rate=0.002)
    elif difference == "pairs":
        pairs.write(paths.pairs("train"), made_up.digits(120, seed=7), "made up")
    elif difference == "engine":
        monkeypatch.setattr(store.code, "engine_digest", lambda architecture: "other code")
    else:
        monkeypatch.setattr(store, "version", lambda name: "9.9.9+cpu")
    assert found(run) is None


@pytest.mark.parametrize("suffix", ["json", "safetensors"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "empty"])
def test_damaged_bytes_are_not_taken(put, suffix, damage):
    (path,) = FOLDER.glob(f"*.{suffix}")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes({"cut": content[: len(content) // 2], "flipped": content, "empty": b""}[damage])
    assert found() is None
    assert (found(with_weights=False) is None) == (suffix == "json")


def test_experiments_share_them_by_the_project_s_root(put, finished, project, monkeypatch):
    temporary = project / ".dvc/tmp/exps/one"
    temporary.mkdir(parents=True)
    (temporary / "data").symlink_to(project / "data")
    monkeypatch.chdir(temporary)
    assert found() is None
    monkeypatch.setenv("DVC_ROOT", str(project))
    assert found() == (finished.result, finished.weights)


def test_a_run_is_dropped_when_another_stage_begins_after_its_own_has_ended(put):
    def known() -> int:
        return len(list(FOLDER.glob("*.json")))

    Store("another", [OTHER]).begin()  # while the first is not at its end: an interrupted stage goes on later
    assert known() == 1
    Store(STAGE, [RUN]).end()
    Store("another", [OTHER]).find()  # looks, and does not begin: DVC may not have recorded the first one yet
    assert known() == 1
    Store(STAGE, [RUN]).begin()  # DVC starts the same stage again, for it was stopped before it had written its lock
    assert known() == 1
    Store("another", [RUN]).begin()  # wants that run itself
    assert known() == 1
    Store(STAGE, [RUN]).end()
    Store("another", [OTHER]).begin()
    assert known() == 0
    assert not (FOLDER / ENDED).exists()


def git(*arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


def commit(text: str, path: str = "studies/sweeps/reports/runs/deep_fc.json") -> None:
    """Commit results, into a file of the root or of an annex; the file itself then goes."""
    file = Path(path)
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    git("init", "-q")
    git("add", path)
    git("commit", "-qm", "Results")
    file.unlink()


@pytest.mark.parametrize("path", ["reports/runs/deep_fc-x.json", "studies/sweeps/reports/runs/deep_fc.json"])
def test_what_git_s_head_has_is_found(finished, path):
    """Of the root's, what an annex does not keep is left out."""
    made = finished.result if path.startswith("reports") else finished.result.brief()
    commit(result.to_text([made]), path)
    assert found(with_weights=False) == (finished.result.brief(), None)
    assert found() is None  # of weights, Git knows nothing
    assert found(OTHER, with_weights=False) is None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # DVC's own
def test_weights_come_from_dvc_s_cache_if_they_are_those(finished, monkeypatch):
    """The former output is in the cache, by dvc.lock, whatever lies in models/."""
    commit(result.to_text([finished.result]), "reports/runs/deep_fc-x.json")
    dvc = Repo.init()
    FILE.parent.mkdir(parents=True)
    for content, known in ((b"other weights", None), (finished.weights, (finished.result, finished.weights))):
        FILE.write_bytes(content)
        dvc.add([str(FILE)])
        FILE.unlink()
        assert found() == known


def test_a_stale_result_of_the_same_run_does_not_hide_the_one_that_counts(finished):
    stale = finished.result.model_copy(update={"torch": "9.9.9"})
    commit(result.to_text([stale, finished.result.brief()]))
    assert found(with_weights=False) == (finished.result.brief(), None)


def test_an_edited_result_is_named_and_not_taken(finished, capsys):
    entry = json.loads(result.to_line(finished.result.brief()))
    entry["curves"]["test_accuracy"][-1] = 0.999
    commit(f"[\n{json.dumps(entry)}\n]\n")
    assert found(with_weights=False) is None
    said = capsys.readouterr().out
    assert "HEAD:studies/sweeps/reports/runs/deep_fc.json: the result of deep_fc, seed 0 was changed by hand" in said


def test_what_git_refuses_to_say_is_said_in_its_words(project, monkeypatch):
    fake = project / "bin/git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho \"fatal: detected dubious ownership in repository at '/x'\" >&2\nexit 128\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(StudyError, match=r"^git cannot be asked which runs are known: fatal: detected dubious [^\n]+$"):
        found()


@pytest.mark.parametrize("there", ["no repository", "no commit", "no git"])
def test_without_git_nothing_is_known(project, there, monkeypatch):
    if there == "no commit":
        git("init", "-q")
    elif there == "no git":
        monkeypatch.setenv("PATH", str(project))
    assert found(with_weights=False) is None

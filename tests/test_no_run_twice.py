"""No run is trained twice, for real, on a tiny study: interrupted stages, Git and DVC's cache are asked first."""

import json
import os
import signal
import time

import pytest

from pipeline import paths
from pipeline.backends import store

pytestmark = pytest.mark.slow


def known_and_trained(said: str) -> list[tuple[int, int]]:
    """Of each training stage that knew some of its runs, how many it knew and trained."""
    words = [line.split(": ")[1].split() for line in said.splitlines() if "runs are known" in line]
    return [(int(line[0]), int(line[4])) for line in words]


def test_an_edited_comment_starts_stages_and_trains_nothing(restored):
    """DVC sees another file; the digest of the engine is that of what its code does."""
    loop = restored.folder / "pipeline/engine/loop.py"
    loop.write_text(
        "# another line\n" + loop.read_text().replace('"""One training step of R runs."""', '"""A step."""')
    )
    assert len(restored.would_train()) == 4
    assert known_and_trained(restored.run("dvc", "repro").stdout) == [(2, 0)] * 4
    assert restored.run("git", "status", "--porcelain", "reports").stdout == ""


def test_more_seeds_train_the_new_runs_alone(restored):
    """The other results come from Git, their weights from DVC's cache."""
    before = {path: path.read_bytes() for path in restored.folder.glob("models/*/*")}
    restored.change(lambda c: c.update(seeds=3))
    assert known_and_trained(restored.run("dvc", "repro").stdout) == [(2, 1)] * 4
    after = {path: path.read_bytes() for path in restored.folder.glob("models/*/*")}
    assert len(before) == 8
    assert len(after) == 12
    assert before.items() <= after.items()


def test_a_result_with_an_edited_digit_is_named_and_trained_again(restored):
    path = restored.folder / paths.results("mlpnet-aux_loss")
    text = path.read_text()
    accuracy = json.loads(text)[1]["curves"]["test_accuracy"][-1]
    edited = text[::-1].replace(f"{accuracy}"[::-1], "0.999"[::-1], 1)[::-1]
    path.write_text(edited)
    done = restored.run("python", "-m", "pipeline.aggregate", check=False)
    assert done.returncode == 1
    assert "mlpnet, seed 1 was changed by hand" in done.stderr
    restored.commit("An edit")
    try:
        # Else DVC itself brings it back, as an earlier run's.
        said = restored.run("dvc", "repro", "-f", "-s", "train_aux@mlpnet-aux_loss").stdout
        assert "not taken: HEAD:reports/runs/mlpnet-aux_loss.json: the result of mlpnet, seed 1 was changed" in said
        assert known_and_trained(said) == [(1, 1)]
        assert path.read_text() == text
    finally:
        restored.run("git", "reset", "-q", "--hard", "HEAD~1")


def test_a_reader_that_goes_away_costs_nothing_that_was_finished(restored):
    restored.change(lambda c: c.update(aux_weight=0.4))
    for command in ("python -m pipeline.train deep_fc aux_loss > /dev/full", "dvc repro | head -2"):
        restored.run("bash", "-c", command, check=False)
    said = restored.run("dvc", "repro").stdout
    assert (2, 0) in known_and_trained(said) or "Stage 'train_aux@deep_fc-aux_loss' didn't change" in said


def test_a_killed_stage_goes_on_where_it_was(restored):
    restored.change(lambda c: (c.update(seeds=4), c["architectures"]["deep_fc"].update(epochs=400)))
    folder = restored.folder / store.FOLDER
    process = restored.start("dvc", "repro", "train@deep_fc-baseline", LOKY_MAX_CPU_COUNT="1")
    deadline = time.monotonic() + 120
    while not list(folder.glob("*.json")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(1)  # the stage sees that its dvc is gone
    finished = len(list(folder.glob("*.json")))
    assert 1 <= finished < 4
    said = restored.run("dvc", "repro", "train@deep_fc-baseline").stdout
    assert known_and_trained(said) == [(finished, 4 - finished)]


def test_all_at_once_is_then_taken(restored):
    """`make compute` trains what is out of date, and the stages then train nothing."""
    restored.change(lambda c: c.update(aux_weight=0.6))
    assert (
        "2 stages are out of date: 4 runs are to be trained"
        in restored.run("python", "-m", "pipeline.train_all").stdout
    )
    assert known_and_trained(restored.run("dvc", "repro").stdout) == [(2, 0)] * 2
    assert "0 stages are out of date" in restored.run("python", "-m", "pipeline.train_all").stdout


def test_trained_again_it_is_the_same_to_the_byte(restored, tmp_path):
    """In a clone that has no weights, on another number of workers."""
    cloned = restored.clone(tmp_path / "clone")
    cloned.run("dvc", "repro", LOKY_MAX_CPU_COUNT="1")
    assert cloned.run("git", "status", "--porcelain").stdout == ""

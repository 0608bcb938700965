"""No run is trained twice, for real, on a tiny study: interrupted stages, Git and DVC's cache are asked first."""

import os
import signal
import time

import pytest

from pipeline.backends import store

pytestmark = pytest.mark.slow

TRAIN = ("train", "train_aux")  # the stages


def known_and_trained(said: str) -> list[tuple[int, int]]:
    """Of each training stage that knew some of its runs, how many it knew and trained."""
    words = [line.split(": ")[1].split() for line in said.splitlines() if "runs are known" in line]
    return [(int(line[0]), int(line[4])) for line in words]


def test_an_edited_comment_trains_nothing_and_more_seeds_the_new_runs_alone(restored):
    """DVC sees another engine, and starts all stages; the digest of the engine is that of what its code does.

    The other results come from Git, their weights from DVC's cache.
    """
    loop = restored.folder / "pipeline/engine/loop.py"
    loop.write_text(
        "# another line\n" + loop.read_text().replace('"""One training step of R runs."""', '"""A step."""')
    )
    assert len(restored.would_train()) == 4
    before = {path: path.read_bytes() for path in restored.folder.glob("models/*/*")}
    restored.change(lambda c: c.update(seeds=3))
    assert known_and_trained(restored.run("dvc", "repro", *TRAIN).stdout) == [(2, 1)] * 4
    after = {path: path.read_bytes() for path in restored.folder.glob("models/*/*")}
    assert len(before) == 8
    assert len(after) == 12
    assert before.items() <= after.items()


def test_a_reader_that_goes_away_costs_nothing_that_was_finished(restored):
    restored.change(lambda c: c.update(aux_weight=0.4))
    stage = "train_aux@deep_fc-aux_loss"
    for command in ("python -m pipeline.train deep_fc aux_loss > /dev/full", f"dvc repro {stage} | head -2"):
        restored.run("bash", "-c", command, check=False)
    said = restored.run("dvc", "repro", stage).stdout
    assert (2, 0) in known_and_trained(said) or f"Stage '{stage}' didn't change" in said


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
    assert known_and_trained(restored.run("dvc", "repro", *TRAIN).stdout) == [(2, 0)] * 2


def test_trained_again_it_is_the_same_to_the_byte(restored, tmp_path):
    """In a clone that has no weights, on another number of workers."""
    cloned = restored.clone(tmp_path / "clone")
    cloned.run("dvc", "repro", LOKY_MAX_CPU_COUNT="1")
    assert cloned.run("git", "status", "--porcelain").stdout == ""

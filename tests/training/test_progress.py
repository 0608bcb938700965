"""What a user sees of training, and what training notices of its user."""

import subprocess
import sys

import pytest

from pipeline.script import StudyError
from pipeline.training import progress
from pipeline.training.progress import Progress


def test_a_log_gets_a_plain_line_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    shown = Progress("convnet-baseline", 20)
    shown([])
    shown([0.5, 0.7])
    shown([0.9])
    shown.close()
    assert capsys.readouterr().err.splitlines() == [
        "convnet-baseline: 2 of 20 epochs, test accuracy 60.0 %",
        "convnet-baseline: 3 of 20 epochs, test accuracy 90.0 %",
    ]


def test_a_log_is_not_flooded(capsys):
    shown = Progress("convnet-baseline", 1_000)
    for _ in range(1_000):
        shown([0.5])
    assert capsys.readouterr().err == ""


def test_training_stops_when_dvc_is_gone(monkeypatch, tmp_path):
    """A stand-in for DVC: a process of that name, which is then killed as `kill -9` would."""
    script = tmp_path / "dvc"
    script.write_text("import time; print(flush=True); time.sleep(60)")
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE)
    try:
        process.stdout.readline()  # it runs, so it has its name
        monkeypatch.setattr(progress.psutil.Process, "parents", lambda _: [progress.psutil.Process(process.pid)])
        shown = Progress("convnet-baseline", 20)
        shown([0.5])
        process.kill()
        process.wait()
        with pytest.raises(StudyError, match="dvc was killed"):
            shown([0.5])
    finally:
        process.kill()
        process.communicate()

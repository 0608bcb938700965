"""What every script shares: one line for what goes wrong, whole files, cores, and processes that end in time."""

import errno
import os
import signal
import sys
import time

import psutil
import pytest

from pipeline import script
from pipeline.script import StudyError
from tests.processes import WORK, ends, kill_at_work, start


def said_by(failure: BaseException, monkeypatch) -> str | int:
    """What run_script exits with where `main` raises this."""
    monkeypatch.setattr(sys, "argv", ["/somewhere/aggregate.py"])

    def main():
        raise failure

    with pytest.raises(SystemExit) as caught:
        script.run_script(main)
    return caught.value.code


@pytest.mark.parametrize(
    ("failure", "line"),
    [
        (StudyError("params.yaml: runs: ten"), "error: params.yaml: runs: ten"),
        (OSError(errno.EACCES, "Permission denied", "reports/x.csv"), "error: reports/x.csv: Permission denied; mend"),
        (OSError(errno.ENOSPC, "No space left on device"), "error: aggregate: No space left on device; free some"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "error: aggregate: Disk quota exceeded; free some space"),
        (OSError("cannot tell\nwhy"), "error: aggregate: cannot tell why; mend that"),
        (BlockingIOError(errno.EAGAIN, "Try again"), "error: aggregate: too little memory, or too few threads"),
        (MemoryError(), "error: aggregate: too little memory, or too few threads allowed (MemoryError); close"),
        (RuntimeError("can't start new thread"), "error: aggregate: too little memory, or too few threads"),
        (ImportError("libtorch_cpu.so: failed to map segment"), "error: aggregate: too little memory, or too few"),
        (RuntimeError("[alloc_cpu.cpp:127]\nDefaultCPUAllocator: can't allocate memory: 9 bytes"), "error: aggregate:"),
    ],
)
def test_expected_failures_are_one_line(failure, line, monkeypatch):
    said = said_by(failure, monkeypatch)
    assert said.startswith(line)
    assert "\n" not in said


def test_torch_says_what_is_known_as_too_little_memory():
    import torch

    with pytest.raises(RuntimeError) as caught:
        torch.empty(10**15)
    assert any(words in str(caught.value) for words in script.TOO_LITTLE_SAID)


def test_ctrl_c_has_a_status_of_its_own(monkeypatch):
    assert said_by(KeyboardInterrupt(), monkeypatch) == 130


@pytest.mark.parametrize("bug", [RuntimeError("shape '[3]' is invalid"), KeyError("x")])
def test_bugs_keep_their_traceback(bug):
    def main():
        raise bug

    with pytest.raises(type(bug)):
        script.run_script(main)


def test_files_are_whole_and_readable(tmp_path):
    path = tmp_path / "new folder" / "é.bin"
    script.write_whole(path, b"first")
    script.write_whole(path, b"second")
    (tmp_path / "plain").touch()
    assert path.read_bytes() == b"second"
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert list(path.parent.iterdir()) == [path]


def test_file_on_a_full_disk_is_named_and_the_old_one_stays(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    path.write_bytes(b"old")

    def fill(part, content):
        part.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", fill)
    with pytest.raises(OSError, match=r"table\.csv") as caught:
        script.write_whole(path, b"new")
    assert caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"


@pytest.mark.parametrize("limit", ["abc", "", "0", "-1", "1.5", "9" * 5000])
def test_cores_want_a_positive_number(limit, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", limit)
    with pytest.raises(StudyError, match=r"LOKY_MAX_CPU_COUNT: .* is no whole number from 1"):
        script.cores()


def test_cores_are_limited(monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert script.cores() == 1
    monkeypatch.delenv("LOKY_MAX_CPU_COUNT")
    assert script.cores() >= 1


STAGE = f"""
from pipeline.script import run_script
def main():
    {WORK}
run_script(main)
"""
DVC = """
import subprocess, sys
subprocess.run(["/bin/sh", "-c", '"$0" -c "$1"; true', sys.executable, sys.argv[1]])  # a shell that stays in between
"""
PARENT = f"""
import multiprocessing, os, sys
from pipeline.script import die_with_parent
def work(parent):
    sys.platform = sys.argv[1]
    die_with_parent(parent)
    {WORK}
process = multiprocessing.get_context("fork").Process(target=work, args=(os.getpid(),))
process.start()
process.join()
"""


def test_stage_ends_with_its_dvc():
    dvc = start(DVC, STAGE, DVC_STAGE="train@lenet5-baseline")
    assert ends(kill_at_work(dvc, signal.SIGKILL))
    assert dvc.stderr.readline().startswith("error: train@lenet5-baseline: dvc was killed; `dvc repro` goes on")
    dvc.communicate()


def test_stage_whose_dvc_is_gone_does_not_begin(monkeypatch):
    """Killed while the stage imported its modules."""
    monkeypatch.setenv("DVC_STAGE", "pair")
    monkeypatch.setattr(psutil.Process, "parents", lambda self: [psutil.Process(1)])
    monkeypatch.setattr(psutil.Process, "exe", lambda self: "/usr/sbin/init")
    assert said_by(AssertionError("it began"), monkeypatch).startswith("error: pair: dvc was killed")


def test_script_without_dvc_is_nobody_s(monkeypatch):
    monkeypatch.delenv("DVC_STAGE", raising=False)
    program = start(DVC, STAGE)
    worker = kill_at_work(program, signal.SIGKILL)
    time.sleep(3 * script.SECONDS_BETWEEN_LOOKS)
    assert worker.is_running()
    worker.kill()
    program.communicate()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("platform", sorted({sys.platform, "another"}))
def test_worker_ends_with_its_parent(platform):
    parent = start(PARENT, platform)
    assert ends(kill_at_work(parent, signal.SIGKILL))
    parent.communicate()


def test_worker_whose_parent_is_gone_does_not_begin():
    program = start("from pipeline.script import die_with_parent; die_with_parent(1); print('it began')")
    assert program.communicate()[0] == ""
    assert program.returncode == 1


def test_code_of_another_clone_is_refused(tmp_path, monkeypatch):
    """`python pipeline/train.py` puts its own folder on the path, and finds the package that is installed."""
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline/script.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["pipeline/train.py"])
    with pytest.raises(
        SystemExit, match=r"error: .*another copy of the project; start it as `python -m pipeline.train`"
    ):
        script.run_script(lambda: None)

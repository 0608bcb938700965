"""What every script shares: one line for what goes wrong, whole files, cores, and processes that end in time."""

import errno
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from pipeline import INTERRUPTED, cli
from pipeline.cli import StudyError
from tests import ROOT
from tests.processes import WORK, ends, kill_at_work, start


def said_by(failure: BaseException, monkeypatch) -> str | int:
    """What run_script exits with where `main` raises this."""
    monkeypatch.setattr(sys, "argv", ["/somewhere/aggregate.py"])

    def main():
        raise failure

    with pytest.raises(SystemExit) as caught:
        cli.run_script(main)
    return caught.value.code


@pytest.mark.parametrize(
    ("failure", "line"),
    [
        (StudyError("params.yaml: seeds: ten"), "error: params.yaml: seeds: ten"),
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


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "ImportError('numpy')"])
def test_ctrl_c_while_modules_are_imported_is_one_line(raised):
    """Some of them turn it into an error of their own."""
    program = start(f"import pipeline\ntry:\n    raise KeyboardInterrupt\nfinally:\n    raise {raised}")
    assert program.communicate() == ("", f"{INTERRUPTED}\n")
    assert program.returncode != 0


def test_ctrl_c_has_a_status_of_its_own(monkeypatch):
    assert said_by(KeyboardInterrupt(), monkeypatch) == 130


@pytest.mark.parametrize("bug", [RuntimeError("shape '[3]' is invalid"), KeyError("x")])
def test_bugs_keep_their_traceback(bug):
    def main():
        raise bug

    with pytest.raises(type(bug)):
        cli.run_script(main)


def test_files_are_whole_and_readable(tmp_path):
    path = tmp_path / "new folder" / "é.bin"
    cli.write_whole(path, b"first")
    cli.write_whole(path, b"second")
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
        cli.write_whole(path, b"new")
    assert caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"


SAY = "from pipeline.cli import say; say('2 runs in 3 s'); say('again'); open('done', 'w').close()"


@pytest.mark.parametrize("output", ["/dev/full", "gone", "closed"])
def test_a_line_that_nobody_takes_fails_nothing(tmp_path, output):
    """A full disk; the reader of a pipe that went away (`dvc repro | head -2`); a standard output that was closed."""
    command = {"/dev/full": '"$@" > /dev/full', "gone": '"$@" | true; exit ${PIPESTATUS[0]}', "closed": '"$@" >&-'}
    done = subprocess.run(
        ["bash", "-c", command[output], "bash", sys.executable, "-c", f"import time; time.sleep(0.1); {SAY}"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("limit", ["", "0", "1.5", "9" * 5000])
def test_cores_want_a_positive_number(limit, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", limit)
    with pytest.raises(StudyError, match=r"LOKY_MAX_CPU_COUNT: .* is no whole number from 1"):
        cli.cores()


STAGE = f"""
from pipeline.cli import run_script
def main():
    {WORK}
run_script(main)
"""
# A shell stays in between, with the flags that DVC gives it.
DVC = """
import subprocess, sys
command = f'{sys.executable} -c "$STAGE"; true'
subprocess.run(["/bin/bash", "--noprofile", "--norc", "-c", command])
"""
PARENT = f"""
import multiprocessing, os, sys
from pipeline.cli import die_with_parent
def work(parent):
    sys.platform = sys.argv[1]
    die_with_parent(parent)
    {WORK}
process = multiprocessing.get_context("fork").Process(target=work, args=(os.getpid(),))
process.start()
process.join()
"""


def test_stage_ends_with_what_started_it_whatever_that_is_called():
    """DVC under an emulator, or a DVC_STAGE that was set by hand; and not before."""
    dvc = start(DVC, STAGE=STAGE, DVC_STAGE="train@lenet5-baseline")
    worker = psutil.Process(int(dvc.stdout.readline()))
    time.sleep(3 * cli.SECONDS_BETWEEN_LOOKS)
    assert worker.is_running()
    dvc.kill()
    assert ends(worker)
    assert dvc.stderr.readline().startswith("error: train@lenet5-baseline: dvc was killed; `dvc repro` goes on")
    dvc.communicate()


def test_script_without_dvc_is_nobody_s(monkeypatch):
    monkeypatch.delenv("DVC_STAGE", raising=False)
    program = start(DVC, STAGE=STAGE)
    worker = kill_at_work(program, signal.SIGKILL)
    time.sleep(3 * cli.SECONDS_BETWEEN_LOOKS)
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
    program = start("from pipeline.cli import die_with_parent; die_with_parent(1); print('it began')")
    assert program.communicate()[0] == ""
    assert program.returncode == 1


def test_code_of_another_clone_is_refused(tmp_path, monkeypatch):
    """`python pipeline/train.py` puts its own folder on the path, and finds the package that is installed."""
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline/cli.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["pipeline/train.py"])
    with pytest.raises(
        SystemExit, match=r"error: .*another copy of the project; start it as `python -m pipeline.train`"
    ):
        cli.run_script(lambda: None)

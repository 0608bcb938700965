"""What every script shares: one line for what goes wrong, whole files, cores, and processes that end in time."""

import errno
import re
import sys
import time

import psutil
import pytest

from pipeline import INTERRUPTED, cli
from pipeline.cli import StudyError
from tests.processes import WORK, ends, start


@pytest.mark.parametrize(
    ("failure", "line"),
    [
        (StudyError("params.yaml: seeds: ten"), "error: params.yaml: seeds: ten"),
        (OSError(errno.EACCES, "Permission denied", "reports/x.csv"), "error: reports/x.csv: Permission denied; mend"),
        (OSError(errno.ENOSPC, "No space left on device"), "error: aggregate: No space left on device; free some"),
        (MemoryError(), "error: aggregate: too little memory, or too few threads allowed (MemoryError); close"),
        (RuntimeError("can't start new thread"), "error: aggregate: too little memory, or too few threads"),
        (RuntimeError("[alloc_cpu.cpp:127]\nDefaultCPUAllocator: can't allocate memory: 9 bytes"), "error: aggregate:"),
    ],
)
def test_expected_failures_are_one_line(failure, line, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/aggregate.py"])

    def main():
        raise failure

    with pytest.raises(SystemExit, match=rf"^{re.escape(line)}[^\n]*$"):
        cli.run_script(main)


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "ImportError('numpy')"])
def test_ctrl_c_while_modules_are_imported_is_one_line(raised):
    """Some of them turn it into an error of their own."""
    program = start(f"import pipeline\ntry:\n    raise KeyboardInterrupt\nfinally:\n    raise {raised}")
    assert program.communicate() == ("", f"{INTERRUPTED}\n")
    assert program.returncode != 0


def test_too_little_memory_while_modules_are_imported_is_one_line():
    program = start("import pipeline\nraise ImportError('libtorch_cpu.so: failed to map segment')")
    said = program.communicate()[1]
    assert said.startswith("error: -c: too little memory")
    assert (said.count("\n"), program.returncode) == (1, 1)


def test_bugs_keep_their_traceback():
    def main():
        raise RuntimeError("shape '[3]' is invalid")

    with pytest.raises(RuntimeError):
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

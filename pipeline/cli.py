"""What every script shares: failures end in one line, files are whole, and processes end with what they work for."""

import argparse
import contextlib
import ctypes
import errno
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import psutil

from pipeline import INTERRUPTED
from pipeline.engine.errors import StudyError

FULL = {errno.ENOSPC, errno.EDQUOT}
TOO_LITTLE = {errno.ENOMEM, errno.EAGAIN}  # what fork gives for want of memory, and of processes
TOO_LITTLE_SAID = ("can't start new thread", "can't allocate memory", "out of memory", "failed to map segment")
SECONDS_BETWEEN_LOOKS = 0.25  # at the process that this one ends with


def run_script(main: Callable[[], None], arguments: bool = True) -> None:
    """Call `main`; turn an expected failure into one line on standard error and exit status 1.

    `arguments`: whether `main` reads the command line; if not, whatever stands there is refused (exit status 2).
    Expected are StudyError, what the operating system refuses (a full disk, a folder that cannot be written, memory,
    threads) and Ctrl-C (exit status 130). Anything else is a bug and keeps its traceback. A stage ends with its dvc.
    """
    if not arguments:
        argparse.ArgumentParser(prog=Path(sys.argv[0]).stem).parse_args()
    try:
        end_with_dvc()
        _refuse_another_clone()
        main()
    except StudyError as error:
        sys.exit(f"error: {error}")
    except (OSError, MemoryError, RuntimeError, ImportError) as error:
        said = refusal(error)
        if said is None:
            raise
        sys.exit(f"error: {said}")
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        sys.exit(130)


def _refuse_another_clone() -> None:
    """StudyError if this is not the code of the project that it is started in, which `python FILE` may get wrong."""
    own, here = Path(__file__).resolve().parent, Path("pipeline").resolve()
    if (here / "cli.py").is_file() and here != own:
        name = Path(sys.argv[0]).stem
        raise StudyError(f"{own}: the code of another copy of the project; start it as `python -m pipeline.{name}`")


def refusal(error: Exception) -> str | None:
    """What the operating system refused and the remedy, on one line; None for what is a bug."""
    script = Path(sys.argv[0]).stem  # all that is known where an error names no file
    number = getattr(error, "errno", None)
    said = " ".join(str(error).split())
    if isinstance(error, MemoryError) or number in TOO_LITTLE or any(words in said for words in TOO_LITTLE_SAID):
        remedy = "close other programs, raise the limit (ulimit -a), or train one run at a time (LOKY_MAX_CPU_COUNT=1)"
        return f"{script}: too little memory, or too few threads allowed ({said or 'MemoryError'}); {remedy}"
    if not isinstance(error, OSError):
        return None
    remedy = "mend that and run it again"
    if number in FULL:
        remedy = "free some space and run it again; finished stages are kept"
    return f"{error.filename or script}: {error.strerror or said}; {remedy}"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, and its folder if need be; it gets its name only when it is whole, and is as readable as any other.

    Raises OSError that names the file (a full disk gives none), and leaves nothing behind.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        error.filename = error.filename or str(path)
        raise


def say(text: str, stream: TextIO | None = None) -> None:
    """Print a line, on standard output by default; a reader that is gone, or a full disk, fails nothing."""
    stream = stream or sys.stdout
    try:
        print(text, file=stream, flush=True)
    except OSError:
        with contextlib.suppress(OSError, ValueError):  # what is left in the buffer would fail at the end again
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def cores() -> int:
    """How many processes may work at once: the cores that this process may use, at most LOKY_MAX_CPU_COUNT.

    Raises StudyError if that variable is no whole number from 1.
    """
    import joblib

    limit = os.environ.get("LOKY_MAX_CPU_COUNT")
    if limit is not None and not re.fullmatch("[1-9][0-9]{0,8}", limit):
        raise StudyError(f"LOKY_MAX_CPU_COUNT: {limit!r} is no whole number from 1; set it to one, or unset it")
    return joblib.cpu_count()


def end_with_dvc() -> None:
    """Have this process end as soon as the dvc that runs it as a stage is gone; do nothing where none does.

    DVC starts a stage through a shell, which may stay between the two and outlive dvc: that one's parent is watched
    then. Nothing is known by its name, which an emulator or a launcher may change.
    """
    stage = os.environ.get("DVC_STAGE")
    if stage is None:
        return
    starter = psutil.Process().parent()
    with contextlib.suppress(psutil.Error):
        if starter is not None and _is_shell(starter):
            starter = starter.parent()
    if starter is not None:
        end_with(starter, f"{stage}: dvc was killed; `dvc repro` goes on from the last finished stage")


def _is_shell(process: psutil.Process) -> bool:
    """Whether it only runs this one's command line, as DVC has a shell do: its own ends in `-c` and that."""
    return process.cmdline()[-2:-1] == ["-c"]


def end_with(process: psutil.Process, reason: str) -> None:
    """Have this process end, with exit status 1 and the reason on standard error, as soon as another one is gone."""

    def watch() -> None:
        while _is_alive(process):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        with contextlib.suppress(OSError, ValueError):  # a terminal that is gone too
            print(f"error: {reason}", file=sys.stderr, flush=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def die_with_parent(parent: int) -> None:
    """Have this process end as soon as the process that started it is gone, however that ended.

    To be called first thing in a process that was forked or spawned, with what os.getpid() was in its parent *before*
    the start: so a parent that is gone by now is noticed. On Linux the kernel sees to it (SIGKILL; to be exact when the
    thread that started the process ends: start workers from the main thread); elsewhere a thread does.
    """
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)
    elif os.getppid() == parent:
        end_with(psutil.Process(parent), "the process that started this worker is gone")
    if os.getppid() != parent:
        os._exit(1)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False

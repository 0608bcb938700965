"""Programs that are started, killed while they are at work, and looked at afterwards."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests import ROOT

WORK = "import os, time; print(os.getpid(), flush=True); time.sleep(30)"  # says when it is at work, and goes on


def start(program: str, *arguments: str, **environment: str) -> subprocess.Popen:
    """Start this Python code with the project's modules at hand, and with these variables in its environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PATH": path} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_at_work(program: subprocess.Popen, signal: int) -> psutil.Process:
    """Send a program this signal once what it has started is at WORK, and return the latter's process."""
    worker = next(psutil.Process(int(line)) for line in program.stdout if line.strip().isdecimal())
    assert worker.pid != program.pid
    program.send_signal(signal)  # and not waited for: it stays as a zombie
    return worker


def ends(process: psutil.Process) -> bool:
    """Whether it does, within seconds."""
    deadline = time.monotonic() + 5
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True

"""A Dask scheduler and workers of it, as processes on this machine."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests import ROOT

QUIET = {"DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error"}


@dataclass
class Cluster:
    """A scheduler, and what was started for it."""

    folder: Path
    address: str = ""
    started: list[subprocess.Popen] = field(default_factory=list)

    def start(self, program: str, *arguments: str, code: Path = ROOT) -> subprocess.Popen:
        """Start `dask scheduler` or `dask worker`, with the project's code of this folder."""
        own = {name: value for name, value in os.environ.items() if name != "DASK_SCHEDULER_ADDRESS"}
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", program, "--no-dashboard", *arguments],
            env=own | QUIET | {"PYTHONPATH": str(code)},
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.started.append(process)
        return process

    def start_workers(self, count: int, code: Path = ROOT) -> subprocess.Popen:
        """The nanny of `count` workers of one thread each."""
        return self.start("worker", self.address, "--nworkers", str(count), "--nthreads", "1", code=code)

    def stop(self) -> None:
        for process in reversed(self.started):
            with contextlib.suppress(psutil.Error):
                for child in psutil.Process(process.pid).children(recursive=True):
                    with contextlib.suppress(psutil.Error):
                        child.kill()
            process.kill()
            process.wait()
        self.started.clear()


@contextlib.contextmanager
def cluster(folder: Path, workers: int) -> Iterator[Cluster]:
    """A scheduler and workers of it, with the project's code; all end with the context."""
    made, file = Cluster(folder), folder / "scheduler.json"
    try:
        made.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        deadline = time.monotonic() + 120
        while not made.address:
            assert time.monotonic() < deadline, "no scheduler"
            time.sleep(0.05)
            with contextlib.suppress(OSError, ValueError):
                made.address = json.loads(file.read_text())["address"]
        made.start_workers(workers)
        yield made
    finally:
        made.stop()

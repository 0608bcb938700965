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

    def start(self, program: str, *arguments: str, code: Path = ROOT, **environment: str) -> subprocess.Popen:
        """Start `dask scheduler` or `dask worker`, with the project's code of this folder."""
        own = {name: value for name, value in os.environ.items() if name != "DASK_SCHEDULER_ADDRESS"}
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", program, "--no-dashboard", *arguments],
            env=own | QUIET | {"PYTHONPATH": str(code)} | environment,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.started.append(process)
        return process

    def start_scheduler(self, code: Path = ROOT) -> None:
        file = self.folder / "scheduler.json"
        self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file), code=code)
        deadline = time.monotonic() + 120
        while not self.address:
            assert time.monotonic() < deadline, "no scheduler"
            time.sleep(0.05)
            with contextlib.suppress(OSError, ValueError):
                self.address = json.loads(file.read_text())["address"]

    def start_workers(self, count: int = 1, *arguments: str, **options) -> subprocess.Popen:
        """The nanny of `count` workers of one thread each."""
        counted = ("--nworkers", str(count), "--nthreads", "1")
        return self.start("worker", self.address, *counted, *arguments, **options)

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
def cluster(folder: Path, workers: int = 0, code: Path = ROOT) -> Iterator[Cluster]:
    """A scheduler with this folder's code, and workers of the project's; all end with the context."""
    made = Cluster(folder)
    try:
        made.start_scheduler(code)
        if workers:
            made.start_workers(workers)
        yield made
    finally:
        made.stop()

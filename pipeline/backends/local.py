"""Where runs are computed, decided here alone: on CUDA all that can be stacked as one, on the CPU one run a core.

Where the environment names a Dask cluster (DASK_SCHEDULER_ADDRESS), its workers do the same instead of this machine.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from types import ModuleType

import torch

from pipeline.backends.stacks import Finished, OnEpoch, has_bfloat16, prepare_core, stacks, train_together
from pipeline.cli import StudyError, cores, die_with_parent
from pipeline.engine.data import Pairs
from pipeline.engine.run import Run


def choose_device(name: str, precision: str = "fp32") -> torch.device:
    """The device that params.yaml's `device` names; `auto` is CUDA if present: here, or on every worker of the cluster.

    Raises StudyError if CUDA is absent, or if the device cannot compute in this precision but by emulating it.
    """
    cluster = _cluster()
    cuda, bfloat16 = cluster.abilities() if cluster else (torch.cuda.is_available(), has_bfloat16())
    if name == "auto":
        name = "cuda" if cuda else "cpu"
    if name == "cuda" and not cuda:
        raise StudyError("params.yaml: device: cuda, but torch finds no CUDA device; set device to auto or cpu")
    if name == "cpu" and precision == "tf32":
        raise StudyError("params.yaml: precision: tf32 is of CUDA's matrix products, and this runs on a CPU; set fp32")
    if name == "cpu" and precision == "bf16" and not bfloat16:
        raise StudyError("params.yaml: precision: bf16, which this CPU only emulates, slowly; set fp32")
    return torch.device(name)


def compute(
    runs: Sequence[Run], pairs: Pairs, device: torch.device, on_epoch: OnEpoch = lambda accuracies: None
) -> Iterator[Finished]:
    """Train these runs, and yield each when it has ended.

    `on_epoch` is called several times a second. Raises StudyError if a run cannot be trained as it is described, or a
    worker is killed; what had ended by then has been yielded.
    """
    cluster = _cluster()
    if cluster:
        yield from cluster.compute(runs, pairs, device, on_epoch)
    elif device.type == "cuda":
        for stack in stacks(runs):
            yield from train_together(stack, pairs, device, on_epoch)
    else:
        yield from _on_cores(runs, pairs, on_epoch)


def _cluster() -> ModuleType | None:
    """What computes on the Dask cluster that the environment names; None if it names none, and nothing is imported."""
    if not os.environ.get("DASK_SCHEDULER_ADDRESS"):
        return None
    from pipeline.backends import dask

    return dask


def _on_cores(runs: Sequence[Run], pairs: Pairs, on_epoch: OnEpoch) -> Iterator[Finished]:
    """A worker process a core, one thread each. Workers are forked where that is possible: torch is imported once."""
    torch.set_num_threads(1)  # before the fork: a forked process cannot use its parent's threads
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    accuracies, stop = context.SimpleQueue(), context.Event()
    workers = ProcessPoolExecutor(
        max_workers=min(len(runs), cores()),
        mp_context=context,
        initializer=_Worker.start,
        initargs=(pairs, accuracies, stop, os.getpid()),
    )
    try:
        pending = {workers.submit(_Worker.train, run) for run in runs}
        while pending:
            ended, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            on_epoch(_drained(accuracies))
            yield from (future.result() for future in ended)
    except BrokenProcessPool:
        raise StudyError(
            "a worker was killed, perhaps for want of memory; LOKY_MAX_CPU_COUNT=1 trains one run at a time"
        ) from None
    finally:
        stop.set()
        workers.shutdown(cancel_futures=True)


def _drained(queue) -> list[float]:
    """What is in the queue now."""
    found = []
    while not queue.empty():
        found.append(queue.get())
    return found


class _Worker:
    """What a worker process knows; set once, when it starts."""

    pairs = accuracies = stop = None

    @classmethod
    def start(cls, pairs: Pairs, accuracies, stop, parent: int) -> None:
        die_with_parent(parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the stage, which stops its workers
        prepare_core()
        cls.pairs, cls.accuracies, cls.stop = pairs, accuracies, stop

    @classmethod
    def train(cls, run: Run) -> Finished:
        return train_together([run], cls.pairs, torch.device("cpu"), cls.on_epoch)[0]

    @classmethod
    def on_epoch(cls, accuracies: list[float]) -> None:
        if cls.stop.is_set():
            raise SystemExit("the stage was stopped")
        cls.accuracies.put(accuracies[0])

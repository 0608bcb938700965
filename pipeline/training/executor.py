"""Where runs are computed, decided here alone: on CUDA all that can be stacked as one, on the CPU one run a core.

Where the environment names a Dask cluster (DASK_SCHEDULER_ADDRESS), its workers do the same instead of this machine.
"""

import ctypes
import multiprocessing
import os
import platform
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch

from pipeline import weights
from pipeline.records import Record
from pipeline.run import Run
from pipeline.script import StudyError, cores, die_with_parent
from pipeline.training.data import Pairs
from pipeline.training.loop import Trained, train
from pipeline.training.measures import record

OnEpoch = Callable[[list[float]], None]  # takes the test accuracies of the runs that ended an epoch; often none


@dataclass(frozen=True)
class Finished:
    """A run that was computed, wherever that was."""

    record: Record
    weights: bytes  # the content of its weights' file
    seconds: list[float]  # of each epoch, its share where runs train as one


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


def has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 itself (AVX-512 BF16, AMX, or ARM's) instead of emulating it."""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16"))


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
    from pipeline.training import cluster

    return cluster


def stacks(runs: Sequence[Run]) -> list[list[Run]]:
    """The runs in groups that train as one, in the order of their first."""
    groups: dict[Run, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.stack_key(), []).append(run)
    return list(groups.values())


def train_together(
    runs: Sequence[Run], pairs: Pairs, device: torch.device, on_epoch: OnEpoch = lambda accuracies: None
) -> list[Finished]:
    """Train runs that share a `stack_key`, in this process."""
    return [_finished(trained, device) for trained in train(runs, pairs, device, on_epoch)]


def _finished(trained: Trained, device: torch.device) -> Finished:
    origin = weights.Origin(run=trained.run, pixel_mean=trained.pixel_mean, pixel_std=trained.pixel_std)
    made = record(trained, device.type, hardware(device))
    return Finished(made, weights.to_bytes(trained.weights, origin), trained.seconds)


def hardware(device: torch.device) -> str:
    """The name of the processor, for instance `NVIDIA H200`."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):  # not Linux, or not x86
        return platform.processor() or platform.machine()


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


def prepare_core() -> None:
    """Have this process train on one core, with what it can use of its memory at hand."""
    torch.set_num_threads(1)
    _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Have glibc keep what the process frees, for its next allocation; elsewhere do nothing.

    By default it hands large blocks back to the system, which then clears and maps them anew at every step: a tenth of
    the time of the 256-channel network.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD: never shrink the heap
    mallopt(-4, 0)  # M_MMAP_MAX: no block of its own mapping

"""How many runs train at once, decided here alone: all of a combo as one on CUDA, one a core on the CPU."""

import ctypes
import multiprocessing
import os
import platform
import signal
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

import joblib
import torch
from torch import Tensor

from pipeline.params import Combo
from pipeline.records import RunRecord
from pipeline.script import StudyError
from pipeline.training.runs import train_runs

OnEpoch = Callable[[list[float]], None]  # takes the test accuracies of the runs that finished an epoch


def choose_device(name: str) -> torch.device:
    """The device that params.yaml's `device` names; `auto` is CUDA if present. StudyError if CUDA is absent."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise StudyError("params.yaml: device: cuda, but torch finds no CUDA device; set device to auto or cpu")
    return torch.device(name)


def train_combo(combo: Combo, runs: int, device: torch.device, precision: str, on_epoch: OnEpoch) -> list[RunRecord]:
    """Train runs 0 to `runs` - 1 of a combo; save their weights and return their records, in order of seed."""
    run_seeds = list(range(runs))
    if device.type == "cuda":
        _prepare_cuda(precision)
        return train_runs(combo, run_seeds, device, precision, lambda accuracy: on_epoch(accuracy.tolist()))
    return _train_on_cores(combo, run_seeds, precision, on_epoch)


def _prepare_cuda(precision: str) -> None:
    """Deterministic kernels where there are, and TF32 only if asked for."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with this
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Max-pooling's gradient has none; it differs by rounding at most, which no user can act upon.
    warnings.filterwarnings("ignore", message=".*does not have a deterministic implementation")
    torch.utils.deterministic.fill_uninitialized_memory = False  # nothing here reads memory that it did not write
    torch.backends.cudnn.benchmark = False  # it picks kernels by time, so differently from run to run
    chosen = "tf32" if precision == "tf32" else "ieee"
    torch.backends.cuda.matmul.fp32_precision = chosen
    torch.backends.cudnn.conv.fp32_precision = chosen


def _train_on_cores(combo: Combo, run_seeds: list[int], precision: str, on_epoch: OnEpoch) -> list[RunRecord]:
    """A worker process a core, one thread each. Workers are forked where that is possible: torch is imported once."""
    torch.set_num_threads(1)  # before the fork: a forked process cannot use its parent's threads
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    accuracies, stop = context.SimpleQueue(), context.Event()
    workers = ProcessPoolExecutor(
        max_workers=min(len(run_seeds), joblib.cpu_count()),
        mp_context=context,
        initializer=_Worker.start,
        initargs=(accuracies, stop, os.getpid()),
    )
    try:
        runs = [workers.submit(_Worker.train, combo, seed, precision) for seed in run_seeds]
        _follow(runs, accuracies, on_epoch)
        return [run.result() for run in runs]
    except BrokenProcessPool:
        raise StudyError(
            f"{combo.key}: a worker was killed, perhaps for want of memory; "
            "LOKY_MAX_CPU_COUNT=1 trains one run at a time"
        ) from None
    finally:
        stop.set()
        workers.shutdown(cancel_futures=True)


def _follow(runs: list[Future], accuracies, on_epoch: OnEpoch) -> None:
    """Report every epoch of every run as it ends, until all have ended or one has failed."""
    pending = set(runs)
    while pending:
        ended, pending = wait(pending, timeout=0.2)
        finished_epochs = []
        while not accuracies.empty():
            finished_epochs.append(accuracies.get())
        on_epoch(finished_epochs)
        for run in ended:
            run.result()  # raises what the run raised


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


class _Worker:
    """What a worker process knows; set once, when it starts."""

    accuracies = stop = parent = None

    @classmethod
    def start(cls, accuracies, stop, parent: int) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the stage, which stops its workers
        torch.set_num_threads(1)
        _keep_freed_memory()
        cls.accuracies, cls.stop, cls.parent = accuracies, stop, parent

    @classmethod
    def train(cls, combo: Combo, seed: int, precision: str) -> RunRecord:
        return train_runs(combo, [seed], torch.device("cpu"), precision, cls.on_epoch)[0]

    @classmethod
    def on_epoch(cls, accuracy: Tensor) -> None:
        if os.getppid() != cls.parent:
            os._exit(1)  # the stage was killed
        if cls.stop.is_set():
            raise SystemExit("the stage was stopped")
        cls.accuracies.put(accuracy.item())

"""What every backend does: group runs that train as one, train a group here, hand over results with weights."""

import ctypes
import platform
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from pipeline.backends import code, weights
from pipeline.engine.data import Pairs
from pipeline.engine.loop import train
from pipeline.engine.result import Result
from pipeline.engine.run import Run

OnEpoch = Callable[[list[float]], None]  # takes the test accuracies of the runs that ended an epoch; often none


class Finished(NamedTuple):
    """A run that was computed, wherever that was."""

    result: Result
    weights: bytes  # the content of their file
    seconds: list[float]  # of each epoch, its share where runs train as one


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
    engine, found = code.engine_digest(runs[0].network.architecture), []
    for trained in train(runs, pairs, device, engine, on_epoch):
        origin = weights.Origin(run=trained.result.run, pixel_mean=trained.pixel_mean, pixel_std=trained.pixel_std)
        content = weights.to_bytes(trained.state, origin)
        result = trained.result.model_copy(update={"weights": weights.digest(content)})
        found.append(Finished(result, content, trained.seconds))
    return found


def has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 itself (AVX-512 BF16, AMX, or ARM's) instead of emulating it."""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16"))


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

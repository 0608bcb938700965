"""Runs on a Dask cluster: what a core or a GPU here would do, done by workers elsewhere, and sent home.

Workers share no disk with this machine: pairs are sent to each once, weights and records come back. A worker trains one
run at a time (on CUDA, all that can be stacked), in a process of its own: initial weights come from torch's global
generator, so two threads of one process would take each other's numbers. What decides numbers must be there as it is
here, and is compared before anything is trained, again by every task: workers may join later.
"""

import asyncio
import contextlib
import functools
import hashlib
import importlib
import logging
import os
import platform
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError

import torch

from pipeline import paths
from pipeline.backends import code
from pipeline.backends.stacks import Finished, OnEpoch, has_bfloat16, prepare_core, stacks, train_together
from pipeline.cli import StudyError
from pipeline.engine.data import Pairs
from pipeline.engine.run import Run

try:
    import distributed
except ModuleNotFoundError:
    raise StudyError("DASK_SCHEDULER_ADDRESS is set, and Dask is not installed: `pip install -e .[cluster]`") from None

SECONDS_TO_CONNECT = 8
SECONDS_FOR_A_WORKER = 60  # to be there, once the scheduler is
REMEDY = "install the same there as here, and start it again"
# What else runs on a worker, and decides what comes home from it.
CARRIED = ("backends/code.py", "backends/dask.py", "backends/stacks.py", "backends/weights.py")


def compute(runs: Sequence[Run], pairs: Pairs, device: torch.device, on_epoch: OnEpoch) -> Iterator[Finished]:
    """Train these runs, the first first, and yield each when it has come home; `on_epoch` gets its epochs then.

    A worker that dies has its runs done elsewhere. Raises StudyError if the scheduler cannot be reached or is lost, or
    if a worker is none that computes these very numbers.
    """
    tasks = stacks(runs) if device.type == "cuda" else [[run] for run in runs]
    with _connected() as client:
        _refuse_others(client)
        everywhere = client.scatter(pairs, broadcast=True, hash=False)
        waiting = [
            client.submit(_train, task, everywhere, device.type, environment(), pure=False, priority=-position)
            for position, task in enumerate(tasks)
        ]
        ended = distributed.as_completed(waiting, loop=client.loop)
        del waiting  # a future that nothing holds has its result forgotten on the workers
        for future in ended:
            for finished in future.result():
                on_epoch([accuracy for accuracy in finished.result.curves.test_accuracy if accuracy is not None])
                yield finished
            del future


def abilities() -> tuple[bool, bool]:
    """Whether every worker has CUDA, and whether every worker's CPU has bfloat16 arithmetic of its own."""
    with _connected() as client:
        _refuse_others(client)
        cuda, bfloat16 = zip(*client.run(_abilities).values(), strict=True)
        return all(cuda), all(bfloat16)


@functools.lru_cache
def environment() -> dict[str, str]:
    """What decides a run's numbers beside its description and its pairs, as it is in this process.

    Of torch the version alone: the rest of its name says for which CUDA it was built, which a machine without CUDA need
    not share. The code is imported as it is read, so that the digest is that of what this process will run.
    """
    files = {code.PIPELINE / name for name in CARRIED}
    for module in sorted(paths.architecture("x").parent.glob("[!_]*.py")):
        importlib.import_module(f"{code.ARCHITECTURES}.{module.stem}")
        files |= set(code.engine_files(module.stem))
    digest = hashlib.sha256()
    for path in sorted(files):
        name, essence = path.relative_to(code.PIPELINE).as_posix(), code.essence(path.read_text(encoding="utf-8"))
        digest.update(f"{name}\n{essence}\n".encode())
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "torch": torch.__version__.partition("+")[0],
        "code": digest.hexdigest()[:16],
        "threads": "1",
    }


@contextlib.contextmanager
def _connected() -> Iterator[distributed.Client]:
    """A client of the scheduler that has a worker; what goes wrong with either is a StudyError."""
    address = os.environ["DASK_SCHEDULER_ADDRESS"]
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it would tell the same in tracebacks
    _refuse_silence(address)
    try:
        with distributed.Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False) as client:
            _wait_for_a_worker(client, address)
            yield client
    except distributed.KilledWorker as error:
        raise StudyError(
            f"{address}: a run was given up, since the workers that had it died, the last of them "
            f"{error.last_worker.address}, perhaps for want of memory; finished runs are kept"
        ) from None
    except RuntimeError as error:
        if "deserialization" not in str(error):
            raise
        raise StudyError(f"{address}: the scheduler cannot load this project's code; {REMEDY}") from None
    except (OSError, CancelledError) as error:
        raise StudyError(
            f"DASK_SCHEDULER_ADDRESS: {address}: no connection to the scheduler or to all workers ({_said(error)}); "
            "start them again or unset the variable, finished runs are kept"
        ) from None


def _refuse_silence(address: str) -> None:
    """StudyError if no scheduler answers there in time; a client would try for minutes, and end in a traceback."""

    async def ask() -> None:
        arguments = distributed.Security().get_connection_args("client")
        async with distributed.rpc(address, connection_args=arguments) as scheduler:
            await scheduler.identity()

    try:
        asyncio.run(asyncio.wait_for(ask(), SECONDS_TO_CONNECT))
    except Exception as error:  # what is no address, or no scheduler, fails in as many ways as there are such
        raise StudyError(
            f"DASK_SCHEDULER_ADDRESS: {address}: no scheduler answers there ({_said(error)}); name one as "
            "tcp://HOST:8786, or unset the variable"
        ) from None


def _said(error: BaseException) -> str:
    """An error's words on one line; its kind, if it has none."""
    return " ".join(str(error).split()) or type(error).__name__


def _wait_for_a_worker(client: distributed.Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=SECONDS_FOR_A_WORKER)
    except TimeoutError:
        raise StudyError(
            f"{address}: the scheduler has no worker; `dask worker {address} --nthreads 1` starts one"
        ) from None


def _refuse_others(client: distributed.Client) -> None:
    """StudyError if a worker would not compute these very numbers."""
    threads = client.nthreads()
    for worker, found in client.run(environment, on_error="return").items():
        if isinstance(found, Exception):
            raise StudyError(f"worker {worker}: cannot load this project's code ({_said(found)}); {REMEDY}")
        _compare(worker, found | {"threads": str(threads.get(worker, 1))}, environment())


def _compare(worker: str, found: dict[str, str], expected: dict[str, str]) -> None:
    """StudyError if a worker's environment is not the one that is expected."""
    for name, value in expected.items():
        if found.get(name) != value:
            remedy = "start it with --nthreads 1" if name == "threads" else REMEDY
            raise StudyError(f"worker {worker}: {name} {found.get(name)}, where this study has {value}; {remedy}")


def _abilities() -> tuple[bool, bool]:
    return torch.cuda.is_available(), has_bfloat16()


def _train(runs: list[Run], pairs: Pairs, device: str, expected: dict[str, str]) -> list[Finished]:
    """Train runs that can be stacked; on a worker."""
    worker = distributed.get_worker()
    _compare(worker.address, environment() | {"threads": str(worker.state.nthreads)}, expected)
    if device == "cuda" and not torch.cuda.is_available():
        raise StudyError(f"worker {worker.address}: torch finds no CUDA device, and others have one; stop that worker")
    prepare_core()
    return train_together(runs, pairs, torch.device(device))

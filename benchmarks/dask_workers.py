"""What a Dask cluster costs, on this machine: `python -m benchmarks.dask_workers`.

Two workers of one thread each beside the built-in pool of two, on the same runs in turn; and what a run costs that
trains nothing, without weights and with as many as a large network has. Needs data/pairs, two cores and the extra
`cluster`; seconds of wall time need an idle machine, seconds of the processors less so.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import distributed
import psutil
import torch

from pipeline import params
from pipeline.backends import pairs as pairs_files
from pipeline.backends.local import compute
from pipeline.cli import run_script
from pipeline.engine.data import Pairs
from pipeline.engine.run import Run
from tests.dask_cluster import Cluster, cluster

ADDRESS = "DASK_SCHEDULER_ADDRESS"
ARCHITECTURES = ("siamese_cnn", "lenet5", "deep_fc", "mlpnet")
ROUNDS = 3
EMPTY = {0: 10_000, 900_000: 1_000}  # bytes brought home by each -> runs that train nothing


def processor_seconds(made: Cluster) -> float:
    """Of this process, of its children that have ended, and of all of the cluster's processes."""
    spent = sum(os.times()[:4])
    for started in made.started:
        process = psutil.Process(started.pid)
        for one in (process, *process.children(recursive=True)):
            spent += sum(one.cpu_times()[:2])
    return spent


def timed(runs: Sequence[Run], pairs: Pairs, made: Cluster) -> tuple[float, float, dict]:
    """Seconds of wall time, seconds of the processors, and what came of the runs."""
    start, before = time.perf_counter(), processor_seconds(made)
    done = {finished.result.run: finished for finished in compute(runs, pairs, torch.device("cpu"))}
    took, spent = time.perf_counter() - start, processor_seconds(made) - before
    return took, spent, {run: (finished.result, finished.weights) for run, finished in done.items()}


def nothing(size: int, number: int, pairs: Pairs) -> bytes:
    return bytes(size)


def cost_of_a_run(client: distributed.Client, pairs: Pairs, size: int, count: int) -> float:
    """Seconds that a run takes which trains nothing, with everything else as `pipeline.backends.dask` does it."""
    everywhere = client.scatter(pairs, broadcast=True, hash=False)
    start = time.perf_counter()
    waiting = [client.submit(nothing, size, i, everywhere, pure=False, priority=-i) for i in range(count)]
    ended = distributed.as_completed(waiting, loop=client.loop)
    del waiting
    for future in ended:
        future.result()
        del future
    return (time.perf_counter() - start) / count


def compare(runs: Sequence[Run], pairs: Pairs, made: Cluster) -> None:
    """The pool and the cluster in turn."""
    wall, spent = [], []
    for _ in range(ROUNDS):
        os.environ.pop(ADDRESS, None)
        here = timed(runs, pairs, made)
        os.environ[ADDRESS] = made.address
        there = timed(runs, pairs, made)
        wall.append(there[0] / here[0])
        spent.append(there[1] / here[1])
        said = ", ".join(
            f"{way} {one[0]:.1f} s, {one[1]:.1f} s of processors" for way, one in [("pool", here), ("Dask", there)]
        )
        print(f"{said}; the same bytes: {here[2] == there[2]}", flush=True)
    print(f"Dask takes {statistics.median(wall):.3f} times the time, {statistics.median(spent):.3f} of the processors'")


def main() -> None:
    study = params.load()
    pairs = pairs_files.read(run.data.draw for run in study.runs(study.combos()[0]))
    runs = [run for name in ARCHITECTURES for run in study.runs(study.combo(name, "weight_sharing_aux_loss"))[:2]]
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), workers=2) as made:
        with distributed.Client(made.address, set_as_default=False) as client:
            client.wait_for_workers(2)
            for size, count in EMPTY.items():
                cost = cost_of_a_run(client, pairs, size, count)
                print(f"{count:,} runs that train nothing and bring {size:,} bytes home: {1000 * cost:.2f} ms each")
        os.environ[ADDRESS] = made.address
        timed(runs[-2:], pairs, made)  # workers import torch
        compare(runs, pairs, made)


if __name__ == "__main__":
    run_script(main, arguments=False)

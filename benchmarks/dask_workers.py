"""What a Dask cluster costs, on this machine: `python -m benchmarks.dask_workers`.

Two workers of one thread each beside the built-in pool of two, on the same runs in turn; and what a run costs that
trains nothing, alone and with weights to bring home. Needs data/pairs, two cores and an idle machine.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path

import distributed
import torch

from pipeline import pair, params
from pipeline.training.executor import compute
from tests.dask_cluster import cluster

ARCHITECTURES = ("basenet", "siamese_cnn", "lenet5", "deep_fc", "mlpnet")
ROUNDS, EMPTY = 3, 3_000
WEIGHTS = 900_000  # bytes, of a network of the larger kind


def timed(runs, pairs) -> tuple[float, dict]:
    start = time.perf_counter()
    done = {finished.record.run: finished for finished in compute(runs, pairs, torch.device("cpu"))}
    return time.perf_counter() - start, {run: (one.record, one.weights) for run, one in done.items()}


def nothing(number: int, size: int, pairs) -> bytes:
    return bytes(size)


def cost_per_run(client, pairs, size: int, count: int) -> float:
    everywhere = client.scatter(pairs, broadcast=True, hash=False)
    start = time.perf_counter()
    waiting = [
        client.submit(nothing, i, size, everywhere, pure=False, priority=-i, key=("empty", size, i))
        for i in range(count)
    ]
    ended = distributed.as_completed(waiting, loop=client.loop)
    del waiting
    for future in ended:
        future.result()
        del future
    return (time.perf_counter() - start) / count


def main() -> None:
    study = params.load()
    pairs = pair.read(run.data.draw for run in study.runs(study.combos()[0]))
    runs = [run for name in ARCHITECTURES for run in study.runs(study.combo(name, "weight_sharing_aux_loss"))[:2]]
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), workers=2) as made:
        with distributed.Client(made.address) as client:
            client.wait_for_workers(2)
            for size in (0, WEIGHTS):
                count = EMPTY if not size else EMPTY // 6
                cost = cost_per_run(client, pairs, size, count)
                print(f"{count} runs that train nothing and bring {size:,} bytes home: {1000 * cost:.2f} ms each")
        os.environ["DASK_SCHEDULER_ADDRESS"] = made.address
        timed(runs[-2:], pairs)  # workers import torch
        ratios = []
        for _ in range(ROUNDS):
            del os.environ["DASK_SCHEDULER_ADDRESS"]
            here, at_home = timed(runs, pairs)
            os.environ["DASK_SCHEDULER_ADDRESS"] = made.address
            there, from_workers = timed(runs, pairs)
            ratios.append(there / here)
            print(f"pool {here:.1f} s, Dask {there:.1f} s; the same bytes: {at_home == from_workers}", flush=True)
        print(f"Dask takes {statistics.median(ratios):.3f} times as long (median of {ROUNDS} rounds)")


if __name__ == "__main__":
    main()

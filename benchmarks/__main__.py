"""`make bench`: how fast the study trains on this machine, beside the plain loop of reference.py.

Both train every architecture with both techniques on the same pairs, for a few epochs, in turn. Prints a table and
writes reports/benchmark.csv (no stage of the pipeline: it is about the machine). Needs data/pairs, and an idle machine.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import joblib
import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import reference
from pipeline import params, paths
from pipeline.backends import pairs as pairs_files
from pipeline.backends.local import choose_device, compute
from pipeline.backends.stacks import has_bfloat16
from pipeline.cli import cores, run_script
from pipeline.engine.data import Pairs
from pipeline.engine.run import Draw, Run

TECHNIQUE = "weight_sharing_aux_loss"
EPOCHS = 4  # per measurement; the first is left out, since memory and kernels are made ready in it
ROUNDS = 3  # of all that is compared, in turn; the median counts


def matrix_product_rate(device: torch.device) -> float:
    """Floating-point operations a second of a large fp32 matrix product, on all cores: the best of some."""
    torch.set_num_threads(cores())
    size = 4096
    matrix = torch.rand(size, size, device=device)
    best = min(seconds(lambda: (matrix @ matrix)[0, 0].item()) for _ in range(5))
    return 2 * size**3 / best


def operations(run: Run) -> int:
    """Floating-point operations of a run's epoch of training and testing, convolutions as torch computes them."""
    network, images = reference.ComparisonNetwork(run), torch.rand(10, 2, 14, 14)
    with FlopCounterMode(display=False) as both:
        sum(tensor.sum() for tensor in network(images).values()).backward()
    with FlopCounterMode(display=False) as forward, torch.no_grad():
        network(images)
    trained = both.get_total_flops() * run.data.train_pairs // 10
    return trained + forward.get_total_flops() * run.data.test_pairs // 10


def engine_epoch(runs: list[Run], pairs: Pairs, device: torch.device) -> tuple[float, float]:
    """Seconds that the engine takes for an epoch of one run, and besides training for all of these runs together.

    Besides training is to start workers, choose pairs and hand weights over.
    """
    start = time.perf_counter()
    finished = list(compute(runs, pairs, device))
    wall = time.perf_counter() - start
    at_once = 1 if device.type == "cuda" else min(cores(), len(runs))  # on CUDA, a run has its share of the time
    epoch = statistics.median(second for run in finished for second in run.seconds[1:]) / at_once
    return epoch, wall - sum(sum(run.seconds) for run in finished) / at_once


def reference_epoch(run: Run, device: torch.device) -> float:
    """Seconds that the plain loop takes for an epoch of one run, in a process that has all cores."""
    torch.set_num_threads(cores())
    network, pairs = reference.ComparisonNetwork(run), pairs_files.read([run.data.draw])
    return statistics.median(reference.train(run, network, pairs, device)[0][1:])


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def in_new_process(function: Callable, *arguments) -> float:
    """The function's result, from a process without the threads and memory of others."""
    parallel = joblib.Parallel(n_jobs=2, backend="loky")
    return parallel([joblib.delayed(function)(*arguments)])[0]


def measure(study: params.Params, device: torch.device) -> pd.DataFrame:
    """A row per architecture: seconds, images and operations a second, and how many times as fast as the reference.

    All that is compared is measured in turn, ROUNDS times; the median of the rounds' ratios counts, since the rate of
    a machine that others use too changes from minute to minute.
    """
    pairs = pairs_files.read(Draw(seed=seed) for seed in range(study.seeds))
    in_bf16 = device.type == "cuda" or has_bfloat16()
    rows = []
    for name, recipe in study.architectures.items():
        short = {"protocol.epochs": EPOCHS, "protocol.precision": "fp32"}
        runs = [run.with_fields(short) for run in study.runs(study.combo(name, TECHNIQUE))]
        runs = runs if device.type == "cuda" else runs[: cores()]
        work = operations(runs[0])
        rounds = []
        for _ in range(ROUNDS):
            epoch, besides = engine_epoch(runs, pairs, device)
            plain = in_new_process(reference_epoch, runs[0], device)
            peak = in_new_process(matrix_product_rate, device)
            measured = {
                "seconds_per_run": epoch * recipe.epochs,
                "images_per_second": 2 * (study.data.train_pairs + study.data.test_pairs) / epoch,
                "gflops_per_second": work / epoch / 1e9,
                "matrix_product_gflops_per_second": peak / 1e9,
                "share_of_matrix_product": work / epoch / peak,
                "reference_seconds_per_run": plain * recipe.epochs,
                "times_as_fast": plain / epoch,
                "stage_seconds_besides_training": besides,
            }
            if in_bf16:
                coarse, _ = engine_epoch(
                    [run.with_fields({"protocol.precision": "bf16"}) for run in runs], pairs, device
                )
                measured["bf16_times_as_fast_as_fp32"] = epoch / coarse
            rounds.append(measured)
        rows.append({"architecture": name, **pd.DataFrame(rounds).median()})
        shown = (f"{key} {value:.3g}" for key, value in rounds[-1].items())
        print(f"{name}, last round: {', '.join(shown)}", flush=True)
    return pd.DataFrame(rows).assign(device=device.type)


def overheads(study: params.Params, table: pd.DataFrame) -> pd.Series:
    """Seconds that a training stage takes besides training."""
    imports = seconds(lambda: python("-c", "import pipeline.train, pipeline.backends.local"))
    status = seconds(lambda: python("-m", "dvc", "status", "--quiet"))
    return pd.Series(
        {
            "imports of a training stage": imports,
            "start of workers, choice of pairs, handing over of weights": table[
                "stage_seconds_besides_training"
            ].median(),
            "DVC, to see that a stage is up to date": status / len(study.combos()),
        }
    )


def python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=False)


def main() -> None:
    study = params.load()
    table = measure(study, choose_device(study.device))
    table.to_csv(paths.REPORTS / "benchmark.csv", index=False, float_format="%.4g", lineterminator="\n")
    print(f"\nmedians\n{table.set_index('architecture').T.to_string(float_format='{:.3g}'.format)}")
    print(f"\nseconds of a stage besides training\n{overheads(study, table).to_string(float_format='%.3g')}")
    whole = table["seconds_per_run"].sum() * study.seeds * len(study.technique_names())
    print(f"\nthe whole study would train for {whole:,.0f} s, if all techniques took as long as this one")


if __name__ == "__main__":
    run_script(main, arguments=False)

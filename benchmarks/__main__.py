"""`make bench`: how fast the study trains on this machine, beside the plain loop of reference.py.

Both train every architecture with both techniques on the same pairs, for a few epochs, in turn. Prints a table and
writes reports/benchmark.csv (no stage of the pipeline: it is about the machine). Needs data/pairs, and an idle machine.
"""

import contextlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import joblib
import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import reference
from pipeline import params, paths
from pipeline.networks.pair_network import build
from pipeline.params import Combo
from pipeline.script import StudyError, run_script
from pipeline.training import weights
from pipeline.training.data import load_runs
from pipeline.training.runs import fresh_network
from pipeline.training.workers import choose_device, train_combo

TECHNIQUE = "weight_sharing_aux_loss"
EPOCHS = 4  # per measurement; the first is left out, since memory and kernels are made ready in it
ROUNDS = 3  # of both in turn; the median counts
CORES = joblib.cpu_count()


def matrix_product_rate(device: torch.device) -> float:
    """Floating-point operations a second of a large fp32 matrix product, on all cores: the best of some."""
    torch.set_num_threads(CORES)
    size = 4096
    matrix = torch.rand(size, size, device=device)
    best = min(seconds(lambda: (matrix @ matrix)[0, 0].item()) for _ in range(5))
    return 2 * size**3 / best


def operations(combo: Combo, train_pairs: int, test_pairs: int) -> tuple[int, int]:
    """Floating-point operations of a run's epoch of training and of testing, counted from the network."""
    network, images = build(combo), torch.rand(10, 2, 14, 14)
    with FlopCounterMode(display=False) as both:
        sum(tensor.sum() for tensor in network(images).values()).backward()
    with FlopCounterMode(display=False) as forward, torch.no_grad():
        network(images)
    return both.get_total_flops() * train_pairs // 10, forward.get_total_flops() * test_pairs // 10


def engine_epoch(combo: Combo, device: torch.device, precision: str, runs: int) -> float:
    """Seconds that the engine takes for an epoch of one run, as many at once as the machine takes."""
    records = train_combo(combo, runs, device, precision, lambda accuracies: None)
    epoch = statistics.median(second for record in records for second in record.curves.seconds[1:])
    return epoch if device.type == "cuda" else epoch / min(CORES, runs)  # on CUDA a run's share is recorded


def reference_epoch(combo: Combo, device: torch.device) -> float:
    """Seconds that the plain loop takes for an epoch of one run, in a process that has all cores."""
    torch.set_num_threads(CORES)
    return statistics.median(reference.train(combo, load_runs([0], combo.recipe.standardize), device)[1:])


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def in_new_process(function: Callable, *arguments) -> float:
    """The function's result, from a process without the threads and memory of others."""
    parallel = joblib.Parallel(n_jobs=2, backend="loky")
    return parallel([joblib.delayed(function)(*arguments)])[0]


def measure(study: params.Params, device: torch.device) -> pd.DataFrame:
    """A row per architecture: seconds, images and operations a second, and how many times as fast as the reference."""
    peak = in_new_process(matrix_product_rate, device)
    print(f"large fp32 matrix product, {CORES} cores or the GPU: {peak / 1e9:.0f} GFLOP/s", flush=True)
    rows = []
    for name, recipe in study.architectures.items():
        short = recipe.model_copy(update={"epochs": EPOCHS})
        combo = study.combo(name, TECHNIQUE).model_copy(update={"recipe": short})
        runs = study.runs if device.type == "cuda" else CORES
        pairs = [
            (engine_epoch(combo, device, study.precision, runs), in_new_process(reference_epoch, combo, device))
            for _ in range(ROUNDS)
        ]
        ours, plain = (statistics.median(column) for column in zip(*pairs, strict=True))
        work = sum(operations(combo, study.data.train_pairs, study.data.test_pairs))
        rows.append(
            {
                "architecture": name,
                "seconds_per_run": ours * recipe.epochs,
                "images_per_second": 2 * (study.data.train_pairs + study.data.test_pairs) / ours,
                "gflops_per_second": work / ours / 1e9,
                "share_of_matrix_product": work / ours / peak,
                "reference_seconds_per_run": plain * recipe.epochs,
                "times_as_fast": statistics.median(b / a for a, b in pairs),
            }
        )
        print(pd.DataFrame(rows[-1:]).to_string(index=False, header=len(rows) == 1, float_format="%.3g"), flush=True)
    return pd.DataFrame(rows).assign(device=device.type, matrix_product_gflops=peak / 1e9)


def overheads(study: params.Params) -> pd.Series:
    """Seconds that a training stage takes besides training; the weights go into the current folder."""
    combo = study.combo(next(iter(study.architectures)), TECHNIQUE)
    network = fresh_network(combo, 0)
    origin = weights.Origin(combo=combo, seed=0, data_set="none", pixel_mean=0, pixel_std=1)
    return pd.Series(
        {
            "import what a training stage needs": seconds(lambda: python("-c", "import pipeline.train")),
            "read one run's pairs": seconds(lambda: load_runs([0], combo.recipe.standardize)),
            "write one run's weights": seconds(lambda: weights.save(Path("weights.safetensors"), network, origin)),
        }
    )


def dvc_per_stage(study: params.Params) -> float:
    """Seconds that DVC takes to see that a stage is up to date."""
    return seconds(lambda: python("-m", "dvc", "status", "--quiet")) / len(study.combos())


def python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=False)


def main() -> None:
    study = params.load()
    if not paths.PAIRS.is_file():
        raise StudyError(f"{paths.PAIRS}: missing; `dvc repro pair` makes it")
    per_stage = dvc_per_stage(study)
    with tempfile.TemporaryDirectory() as folder:  # weights go there
        (Path(folder) / paths.PAIRS.parent).mkdir(parents=True)
        shutil.copyfile(paths.PAIRS, Path(folder) / paths.PAIRS)
        with contextlib.chdir(folder):
            table = measure(study, choose_device(study.device))
            besides = overheads(study)
    besides["have DVC see that a stage is up to date"] = per_stage
    print(f"\nseconds besides training\n{besides.to_string(float_format='%.3g')}")
    table.to_csv(paths.table("benchmark"), index=False, float_format="%.4g", lineterminator="\n")
    print(f"\n{paths.table('benchmark')}")


if __name__ == "__main__":
    run_script(main)

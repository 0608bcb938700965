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
from unittest import mock

import joblib
import pandas as pd
import torch
import torch.nn.functional as F
from pipeline.training.workers import choose_device, train_combo
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import reference
from pipeline import params, paths
from pipeline.networks.layers import Conv2d
from pipeline.networks.pair_network import build
from pipeline.params import Combo
from pipeline.script import StudyError, run_script
from pipeline.training import loop
from pipeline.training.data import load_runs

TECHNIQUE = "weight_sharing_aux_loss"
EPOCHS = 4  # per measurement; the first is left out, since memory and kernels are made ready in it
ROUNDS = 5  # of all that is compared, in turn; the median counts
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


def engine_epoch(combo: Combo, device: torch.device, precision: str, runs: int) -> tuple[float, float]:
    """Seconds that the engine takes for an epoch of one run, and besides training for all of these runs together.

    It trains as many runs at once as the machine takes. Besides training is to start workers, read pairs and write
    weights.
    """
    start = time.perf_counter()
    records = train_combo(combo, runs, device, precision, lambda accuracies: None)
    wall = time.perf_counter() - start
    at_once = 1 if device.type == "cuda" else min(CORES, runs)  # on CUDA, a record has the run's share of the time
    epoch = statistics.median(second for record in records for second in record.curves.seconds[1:]) / at_once
    return epoch, wall - sum(second for record in records for second in record.curves.seconds) / at_once


def reference_epoch(combo: Combo, device: torch.device) -> float:
    """Seconds that the plain loop takes for an epoch of one run, in a process that has all cores."""
    torch.set_num_threads(CORES)
    network, data = reference.ComparisonNetwork(combo), load_runs([0], combo.recipe.standardize)
    return statistics.median(reference.train(network, data, device)[0][1:])


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
    rows = []
    for name, recipe in study.architectures.items():
        short = recipe.model_copy(update={"epochs": EPOCHS})
        combo = study.combo(name, TECHNIQUE).model_copy(update={"recipe": short})
        runs = study.runs if device.type == "cuda" else CORES
        work = sum(operations(combo, study.data.train_pairs, study.data.test_pairs))
        rounds = []
        for _ in range(ROUNDS):
            epoch, besides = engine_epoch(combo, device, study.precision, runs)
            plain = in_new_process(reference_epoch, combo, device)
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
            for variant, patch in ON_CUDA.items() if device.type == "cuda" else ():
                with patch:
                    changed, _ = engine_epoch(combo, device, study.precision, runs)
                measured[f"times_as_fast_with_{variant}"] = epoch / changed
            rounds.append(measured)
        rows.append({"architecture": name, **pd.DataFrame(rounds).median()})
        if device.type == "cuda":
            rows[-1]["gpu_busy"] = gpu_busy(combo, device, study.precision, runs)
        shown = (f"{key} {value:.3g}" for key, value in rounds[-1].items())
        print(f"{name}, last round: {', '.join(shown)}", flush=True)
    return pd.DataFrame(rows).assign(device=device.type)


def unfolded(layer: Conv2d, images: torch.Tensor) -> torch.Tensor:
    """The convolution as one matrix product of all patches; under vmap, a batched one instead of grouped kernels."""
    size, padding = layer.kernel_size[0], layer.padding[0]
    height, width = (side + 2 * padding - size + 1 for side in images.shape[2:])
    patches = F.unfold(images, size, padding=padding)  # (N, in_channels x size x size, H' x W')
    return (layer.weight.flatten(1) @ patches + layer.bias[:, None]).unflatten(2, (height, width))


ON_CUDA = {  # what may be faster there, and is not the default before it has been measured
    "recorded_steps": mock.patch.object(loop, "RECORD_STEPS", True),
    "unfolded_convolutions": mock.patch.object(Conv2d, "forward", unfolded),
}


def gpu_busy(combo: Combo, device: torch.device, precision: str, runs: int) -> float:
    """The share of an engine's epoch in which the GPU computes."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profiler:
        records = train_combo(combo, runs, device, precision, lambda accuracies: None)
    busy = sum(event.self_device_time_total for event in profiler.key_averages()) / 1e6
    return busy / sum(second for record in records for second in record.curves.seconds)


def overheads(study: params.Params, table: pd.DataFrame) -> pd.Series:
    """Seconds that a training stage takes besides training."""
    return pd.Series(
        {
            "imports of a training stage": seconds(lambda: python("-c", "import pipeline.train")),
            "start of workers, reading of pairs, writing of weights": table["stage_seconds_besides_training"].median(),
            "DVC, to see that a stage is up to date": dvc_per_stage(study),
        }
    )


def dvc_per_stage(study: params.Params) -> float:
    """Seconds that DVC takes to see that a stage is up to date."""
    return seconds(lambda: python("-m", "dvc", "status", "--quiet")) / len(study.combos())


def python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=False)


def main() -> None:
    study = params.load()
    device = choose_device(study.device)
    if not paths.PAIRS.is_file():
        raise StudyError(f"{paths.PAIRS}: missing; `dvc repro pair` makes it")
    with tempfile.TemporaryDirectory() as folder:  # weights go there
        (Path(folder) / paths.PAIRS.parent).mkdir(parents=True)
        shutil.copyfile(paths.PAIRS, Path(folder) / paths.PAIRS)
        with contextlib.chdir(folder):
            table = measure(study, device)
    table.to_csv(paths.table("benchmark"), index=False, float_format="%.4g", lineterminator="\n")
    print(f"\nmedians\n{table.set_index('architecture').T.to_string(float_format='{:.3g}'.format)}")
    print(f"\nseconds of a stage besides training\n{overheads(study, table).to_string(float_format='%.3g')}")
    whole = table["seconds_per_run"].sum() * study.runs * len(study.technique_names())
    print(f"\nthe whole study would train for {whole:,.0f} s, if all techniques took as long as this one")
    print(paths.table("benchmark"))


if __name__ == "__main__":
    run_script(main)

"""Stages `train` and `train_aux`: train one combo over all seeds.

Reads params.yaml and data/pairs; writes models/COMBO (the weights of every run) and reports/runs/COMBO.json (their
scores, curves and errors). A run is evaluated here, where it was trained: later stages never open models/.
"""

import argparse
import time

from pipeline import params, paths, records
from pipeline.script import run_script
from pipeline.training.progress import Progress
from pipeline.training.workers import choose_device, train_combo


def main() -> None:
    parser = argparse.ArgumentParser(description="Train one combo over all seeds.")
    parser.add_argument("architecture")
    parser.add_argument("technique")
    arguments = parser.parse_args()
    study = params.load()
    combo = study.combo(arguments.architecture, arguments.technique)
    device = choose_device(study.device)

    start = time.perf_counter()
    progress = Progress(combo.key, study.runs * combo.recipe.epochs)
    try:
        trained = train_combo(combo, study.runs, device, study.precision, progress)
    finally:
        progress.close()
    records.write(paths.record(combo.key), trained)
    mean = sum(record.curves.test_accuracy[-1] for record in trained) / len(trained)
    print(
        f"{combo.key}: {len(trained)} runs on {device.type} in {time.perf_counter() - start:.0f} s, "
        f"mean test accuracy {100 * mean:.2f} %"
    )


if __name__ == "__main__":
    run_script(main)

"""Stages `train` and `train_aux`: train one combo over all seeds.

Reads params.yaml and data/pairs; writes models/COMBO (the weights of every run) and reports/runs/COMBO.json (their
records). A run is evaluated where it was trained: later stages never open models/. Runs that ended before an
interruption are taken from where they were kept.
"""

import argparse
import time

from pipeline import pair, params, paths, records
from pipeline.kept import Kept
from pipeline.records import Record
from pipeline.run import Run
from pipeline.script import run_script, write_whole
from pipeline.training.data import Pairs
from pipeline.training.executor import choose_device, compute
from pipeline.training.progress import Progress


def train_kept(name: str, runs: list[Run], pairs: Pairs, device) -> dict[Run, tuple[bytes, Record]]:
    """Weights and record of every run, trained here or kept from before; all of them are kept.

    `name` heads the progress that is shown.
    """
    kept = Kept(pairs.digest)
    found = {run: entry for run in runs if (entry := kept.take(run))}
    waiting = [run for run in runs if run not in found]
    if found:
        print(f"{name}: {len(found)} finished runs were kept, {len(waiting)} are to be trained", flush=True)
    with Progress(name, sum(run.protocol.epochs for run in waiting)) as progress:
        for finished in compute(waiting, pairs, device, progress):
            kept.put(finished.weights, finished.record)
            found[finished.record.run] = (finished.weights, finished.record)
    return found


def summary(trained: list[Record]) -> str:
    """The mean test accuracy of the runs, and which of them diverged."""
    last = [record.curves.test_accuracy[-1] for record in trained if record.diverged is None]
    text = f"mean test accuracy {100 * sum(last) / len(last):.2f} %" if last else "no mean test accuracy"
    diverged = [f"{record.run.seed} (epoch {record.diverged})" for record in trained if record.diverged is not None]
    return text + (f"; diverged, and left out: seed {', '.join(diverged)}" if diverged else "")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train one combo over all seeds.")
    parser.add_argument("architecture")
    parser.add_argument("technique")
    arguments = parser.parse_args()
    study = params.load()
    combo = study.combo(arguments.architecture, arguments.technique)
    device = choose_device(study.device, study.precision)
    runs = study.runs(combo)
    pairs = pair.read(run.data.draw for run in runs)

    start = time.perf_counter()
    found = train_kept(combo.key, runs, pairs, device)
    for run in runs:
        write_whole(paths.weights(combo.key, run.seed), found[run][0])
    trained = [found[run][1] for run in runs]
    records.write(paths.record(combo.key), trained)
    Kept(pairs.digest).drop(runs)
    took = time.perf_counter() - start
    print(f"{combo.key}: {len(trained)} runs on {device.type} in {took:.0f} s, {summary(trained)}")


if __name__ == "__main__":
    run_script(main)

"""Does bfloat16 change what the study finds? `python -m benchmarks.precision`, after `dvc repro`.

Trains every architecture with both techniques in bfloat16, on all seeds, and prints the differences to the study's own
runs, seed by seed, as a Markdown table. No stage of the pipeline: it is about the machine.
"""

from collections.abc import Iterable

import numpy as np

from pipeline import params, paths
from pipeline.analysis import statistics
from pipeline.backends import pairs
from pipeline.backends.local import choose_device, compute
from pipeline.backends.progress import Progress
from pipeline.cli import StudyError, run_script
from pipeline.engine import result
from pipeline.engine.result import Result
from pipeline.pages import formats

TECHNIQUE = "weight_sharing_aux_loss"


def last_accuracies(results: Iterable[Result]) -> np.ndarray:
    return np.array([made.curves.test_accuracy[-1] for made in results], float)


def main() -> None:
    study = params.load()
    if study.precision != "fp32":
        raise StudyError(f"{paths.PARAMS}: precision: {study.precision}; the study's own runs are to be those of fp32")
    coarse = study.model_copy(update={"precision": "bf16"})
    device = choose_device(study.device, coarse.precision)
    combos = [coarse.combo(architecture, TECHNIQUE) for architecture in study.architectures]
    runs = [run for combo in combos for run in coarse.runs(combo)]
    drawn = pairs.read({run.data.draw for run in runs})
    with Progress("bf16", sum(run.protocol.epochs for run in runs)) as progress:
        coarse_results = {done.result.run: done.result for done in compute(runs, drawn, device, progress)}
    print("| architecture | fp32 | bf16 | difference, points (95 % interval) |\n| --- | ---: | ---: | ---: |")
    for combo in combos:
        ours = last_accuracies(
            result.of_runs(paths.results(combo.key), study.runs(study.combo(combo.architecture, TECHNIQUE)))
        )
        theirs = last_accuracies(coarse_results[run] for run in coarse.runs(combo))
        difference, interval = (theirs - ours).mean(), statistics.t_interval(theirs - ours)
        means = f"{formats.percent(ours.mean())} | {formats.percent(theirs.mean())}"
        print(f"| {combo.architecture} | {means} | {formats.points(difference)} ({formats.interval(*interval)}) |")


if __name__ == "__main__":
    run_script(main, arguments=False)

"""Does bfloat16 change what the study finds? `python -m benchmarks.precision`, after `dvc repro`.

Trains every architecture with both techniques in bfloat16, on all seeds, and prints the differences to the study's own
runs, seed by seed, as a Markdown table. No stage of the pipeline: it is about the machine.
"""

import numpy as np

from pipeline import pair, params, paths, records, wording
from pipeline.analysis import statistics
from pipeline.script import StudyError, run_script
from pipeline.training.executor import choose_device, compute
from pipeline.training.progress import Progress

TECHNIQUE = "weight_sharing_aux_loss"


def main() -> None:
    study = params.load()
    if study.precision != "fp32":
        raise StudyError(f"{paths.PARAMS}: precision: {study.precision}; the study's own runs are to be those of fp32")
    coarse = study.model_copy(update={"precision": "bf16"})
    device = choose_device(study.device, coarse.precision)
    combos = [coarse.combo(architecture, TECHNIQUE) for architecture in study.architectures]
    runs = [run for combo in combos for run in coarse.runs(combo)]
    pairs = pair.read({run.data.draw for run in runs})
    with Progress("bf16", sum(run.protocol.epochs for run in runs)) as progress:
        finished = {done.record.run: done.record for done in compute(runs, pairs, device, progress)}
    print("| architecture | fp32 | bf16 | difference, points (95 % interval) |\n| --- | ---: | ---: | ---: |")
    for combo in combos:
        ours = np.array([record.curves.test_accuracy[-1] for record in records.read(paths.record(combo.key))], float)
        theirs = np.array([finished[run].curves.test_accuracy[-1] for run in coarse.runs(combo)], float)
        difference, interval = (theirs - ours).mean(), statistics.t_interval(theirs - ours)
        means = f"{wording.percent(ours.mean())} | {wording.percent(theirs.mean())}"
        print(f"| {combo.architecture} | {means} | {wording.points(difference)} ({wording.interval(*interval)}) |")


if __name__ == "__main__":
    run_script(main)

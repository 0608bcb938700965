"""Stage `search`: search one architecture's recipes, technique by technique, on training pairs that the study has not.

Reads params.yaml, studies/tuning/params.yaml and data/pairs/train.safetensors, and no test pair; writes
studies/tuning/reports/runs/searched/ARCHITECTURE.json, the results of all runs. What was chosen follows from these:
`choices` goes through the search again. Interrupted, it goes on from the runs that had ended, to the same choice.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.cli import run_script
from pipeline.engine.result import Result
from pipeline.engine.run import Run
from pipeline.train import Wanted, architecture_named, trained, write
from studies.tuning import candidates, halving, settings
from studies.tuning.halving import Candidate
from studies.tuning.plan import Plan
from studies.tuning.settings import Tuning


def asked(arguments: Sequence[str] | None = None) -> tuple[Wanted, dict[str, list[Candidate]], Tuning]:
    """The first rung of the stage with this command line (None: this process's), all candidates, and their plan."""
    study, tuning = settings.load()
    architecture = architecture_named(arguments, tuning.architectures, settings.PARAMS)
    groups = candidates.propose(study, tuning, architecture)
    first, file = halving.rung_runs(groups, tuning, 0), settings.results("searched", architecture)
    return Wanted(f"search {architecture}", first, study.device, file), groups, tuning


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """What `pipeline.train_all` trains ahead: the first rung, whose results tell which runs the others have."""
    return asked(arguments)[0]


def train_rungs(first: Wanted, groups: Mapping[str, Sequence[Candidate]], plan: Plan) -> None:
    """Train all rungs of a search, and write the results of all runs, in the order in which they were asked for.

    `first`: its first rung; the runs of each other one follow from the results of the rung before.
    """
    start, found = time.perf_counter(), {}
    first.store.begin()

    def evaluate(runs: list[Run]) -> Mapping[Run, Result]:
        ended = {known.result.run: known.result for known in trained(replace(first, runs=runs))}
        found.update({run: ended[run] for run in runs})
        return found

    halving.search(groups, plan, evaluate)
    write(first, list(found.values()), start)
    replace(first, runs=list(found)).store.end()


if __name__ == "__main__":
    run_script(lambda: train_rungs(*asked()))

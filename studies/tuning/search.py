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
from pipeline.params import Params
from pipeline.train import Wanted, architecture_named, results_of, write
from studies.tuning import candidates, halving, settings
from studies.tuning.halving import Candidate
from studies.tuning.plan import Plan
from studies.tuning.settings import Tuning


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """The first rung of the stage with this command line (None: this process's); `pipeline.train_all` trains it ahead.

    Which runs the other rungs have, the first one's results tell.
    """
    study, tuning, architecture = _asked(arguments)
    first = halving.rung_runs(candidates.propose(study, tuning, architecture), tuning, 0)
    return _wanting(study, architecture, first)


def _asked(arguments: Sequence[str] | None) -> tuple[Params, Tuning, str]:
    study, tuning = settings.load()
    return study, tuning, architecture_named(arguments, tuning.architectures, settings.PARAMS)


def _wanting(study: Params, architecture: str, runs: list[Run]) -> Wanted:
    return Wanted(f"search {architecture}", runs, study.device, settings.results("searched", architecture))


def train_rungs(asked: Wanted, groups: Mapping[str, Sequence[Candidate]], plan: Plan) -> None:
    """Train all rungs of a search, and write the results of all runs, in the order in which they were asked for.

    `asked`: without runs, since each rung's follow from the results of the rung before.
    """
    start, found = time.perf_counter(), {}

    def evaluate(runs: list[Run]) -> Mapping[Run, Result]:
        rung = replace(asked, runs=runs)
        trained = results_of(rung, rung.store)
        found.update({run: trained[run] for run in runs})
        return found

    halving.search(groups, plan, evaluate)
    write(asked, list(found.values()), start)
    replace(asked, runs=list(found)).store.end()


def main() -> None:
    study, tuning, architecture = _asked(None)
    train_rungs(_wanting(study, architecture, []), candidates.propose(study, tuning, architecture), tuning)


if __name__ == "__main__":
    run_script(main)

"""Stage `tune`: search one architecture's recipes, technique by technique, on training pairs that the study has not.

Reads params.yaml, studies/tuning/params.yaml and data/tuning/train.safetensors, and no test pair; writes
reports/tuning/searched/ARCHITECTURE.json, the outcomes of all runs. What was chosen follows from these: `retrained`
goes through the search again. Interrupted, it goes on from the runs that were kept, to the same choice.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline import outcomes
from pipeline.kept import Kept
from pipeline.outcomes import Outcome
from pipeline.params import Params
from pipeline.run import Run
from pipeline.script import run_script
from pipeline.train import Wanted, architecture_named, outcomes_of, restored_on_failure, say_trained
from pipeline.tuning import candidates, halving, tuned
from pipeline.tuning.tuned import Tuning


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """The first rung of the stage with this command line (None: this process's); `pipeline.compute` trains it ahead.

    Which runs the other rungs have, the first one's outcomes tell.
    """
    study, tuning, architecture = _asked(arguments)
    left = dict.fromkeys(tuning.techniques, candidates.propose(study, tuning, architecture))
    groups = halving.rung_runs(study, tuning, architecture, 0, left).values()
    return _wanting(study, architecture, list(dict.fromkeys(run for runs in groups for run in runs)))


def _asked(arguments: Sequence[str] | None) -> tuple[Params, Tuning, str]:
    study, tuning = tuned.load()
    return study, tuning, architecture_named(arguments, tuning.architectures, tuned.PARAMS)


def _wanting(study: Params, architecture: str, runs: list[Run]) -> Wanted:
    return Wanted(architecture, runs, study.device, tuned.PAIRS, tuned.outcomes_file("searched", architecture))


def train_rungs(study: Params, tuning: Tuning, architecture: str) -> dict[Run, Outcome]:
    """Train all rungs of an architecture, and write the outcomes of all runs."""
    asked, found = _wanting(study, architecture, []), {}

    def evaluate(runs: list[Run]) -> Mapping[Run, Outcome]:
        trained = outcomes_of(replace(asked, runs=runs), kept)
        found.update({run: trained[run] for run in runs})
        return found

    with restored_on_failure(asked.outcomes):
        kept = Kept(asked.pairs_digest)
        halving.search(study, tuning, architecture, evaluate)
        outcomes.write(asked.outcomes, found.values())
    kept.drop(list(found))
    return found


def main() -> None:
    start = time.perf_counter()
    study, tuning, architecture = _asked(None)
    say_trained(architecture, train_rungs(study, tuning, architecture).values(), start)


if __name__ == "__main__":
    run_script(main)

"""Stage `confirm`: train the study's seeds with the recipes that were chosen, and test them on their test pairs.

Reads params.yaml, studies/tuning/params.yaml, reports/tuning/searched/ARCHITECTURE.json and data/pairs; writes
reports/tuning/confirmed/ARCHITECTURE.json, the outcomes of all runs that the study does not have.

Which runs these are is not known before the search has ended: there is no `wanted`, and nothing is trained ahead.
"""

from collections.abc import Sequence

from pipeline import shared_runs
from pipeline.script import run_script
from pipeline.train import Wanted, architecture_named, train_outcomes
from pipeline.tuning import retrained, tuned


def chosen(arguments: Sequence[str] | None = None) -> Wanted:
    """What the stage with this command line (None: this process's) asks for; StudyError if nothing was searched yet."""
    study, tuning = tuned.load()
    architecture = architecture_named(arguments, tuning.architectures, tuned.PARAMS)
    found = retrained.searched(study, tuning, architecture)
    runs = (run for group in retrained.confirmed(study, tuning, architecture, found).values() for run in group)
    missing = shared_runs.to_train(study, architecture, runs)
    return Wanted(architecture, missing, study.device, outcomes=tuned.outcomes_file("confirmed", architecture))


def main() -> None:
    train_outcomes(chosen())


if __name__ == "__main__":
    run_script(main)

"""Stage `leak`: train one architecture's grid of candidates on the study's pairs, as reports that chose on test pairs.

Reads params.yaml, studies/tuning/params.yaml and data/pairs; writes reports/tuning/leaked/ARCHITECTURE.json, the
outcomes of all runs that the study does not have. Nothing is taken over from here: it shows what such a choice buys.
"""

from collections.abc import Sequence

from pipeline import shared_runs
from pipeline.script import run_script
from pipeline.train import Wanted, architecture_named, train_outcomes
from pipeline.tuning import retrained, tuned


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """What the stage with this command line (None: this process's) asks for; `pipeline.compute` trains it ahead."""
    study, tuning = tuned.load()
    architecture = architecture_named(arguments, tuning.leaking, f"{tuned.PARAMS}: leaking")
    runs = (run for _, group in retrained.leaked(study, tuning, architecture) for run in group)
    missing = shared_runs.to_train(study, architecture, runs)
    return Wanted(architecture, missing, study.device, outcomes=tuned.outcomes_file("leaked", architecture))


def main() -> None:
    train_outcomes(wanted())


if __name__ == "__main__":
    run_script(main)

"""Stage `sweep`: train one architecture at the swept values, over all techniques and seeds.

Reads params.yaml, studies/sweeps/params.yaml and data/pairs; writes reports/sweeps/runs/ARCHITECTURE.json, the outcomes
of all runs that the study does not have. Weights are not kept.
"""

from collections.abc import Sequence

from pipeline import shared_runs
from pipeline.script import run_script
from pipeline.sweeps import swept
from pipeline.train import Wanted, architecture_named, train_outcomes


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """What the stage with this command line (None: this process's) asks for; `pipeline.compute` trains it ahead."""
    study, sweeps = swept.load()
    architecture = architecture_named(arguments, sweeps.architectures, swept.PARAMS)
    runs = shared_runs.to_train(study, architecture, swept.runs(study, sweeps, architecture))
    return Wanted(architecture, runs, study.device, outcomes=swept.outcomes_file(architecture))


def main() -> None:
    train_outcomes(wanted())


if __name__ == "__main__":
    run_script(main)

"""Stage `train` of the sweeps: train one architecture at the points of all sweeps, over techniques and seeds.

Reads params.yaml, studies/sweeps/params.yaml and data/pairs; writes studies/sweeps/reports/runs/ARCHITECTURE.json, the
results of all its runs, the study's own among them. Runs that are known are not trained again. Weights are not stored.
"""

from collections.abc import Sequence

from pipeline.cli import run_script
from pipeline.train import Wanted, architecture_named, run_stage
from studies.sweeps import swept


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """What the stage with this command line (None: this process's) asks for; `pipeline.train_all` trains it ahead."""
    study, sweeps = swept.load()
    architecture = architecture_named(arguments, sweeps.architectures, swept.PARAMS)
    runs = swept.runs(study, sweeps, architecture)
    return Wanted(f"sweeps, {architecture}", runs, study.device, swept.results(architecture))


def main() -> None:
    run_stage(wanted())


if __name__ == "__main__":
    run_script(main)

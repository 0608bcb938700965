"""Stage `sweep`: train one architecture at the swept values, over all techniques and seeds.

Reads params.yaml, studies/sweeps/params.yaml and data/pairs; writes reports/sweeps/runs/ARCHITECTURE.json, the outcomes
of all runs that the study does not have. Weights are not kept.
"""

import argparse
import time
from collections.abc import Sequence

from pipeline import swept
from pipeline.script import StudyError, run_script
from pipeline.train import Wanted, train_outcomes


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """What the stage with this command line (None: this process's) asks for; `pipeline.compute` trains it ahead."""
    parser = argparse.ArgumentParser(prog="sweep", description="Train one architecture at the swept values.")
    parser.add_argument("architecture")
    architecture = parser.parse_args(arguments).architecture
    study, sweeps = swept.load()
    if architecture not in sweeps.architectures:
        raise StudyError(f"{swept.PARAMS}: does not list {architecture}; known: {', '.join(sweeps.architectures)}")
    runs = swept.to_train(study, sweeps, architecture)
    return Wanted(architecture, runs, study.device, outcomes=swept.outcomes_file(architecture))


def main() -> None:
    start = time.perf_counter()
    asked = wanted()
    trained = train_outcomes(asked)
    diverged = sum(outcome.diverged is not None for outcome in trained)
    took = time.perf_counter() - start
    print(f"sweeps of {asked.name}: {len(trained)} runs in {took:.0f} s, {diverged} of them diverged")


if __name__ == "__main__":
    run_script(main)

"""Stage `leak`: train one architecture's grid of candidates on the study's pairs, as reports that chose on test pairs.

Reads params.yaml, studies/tuning/params.yaml and data/pairs; writes reports/tuning/leaked/ARCHITECTURE.json, the
outcomes of all runs that the study does not have. Nothing is taken over from here: it shows what such a choice buys.
"""

import argparse
import time
from collections.abc import Sequence

from pipeline import retrained, tuned
from pipeline.script import StudyError, run_script
from pipeline.train import Wanted, train_outcomes


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """What the stage with this command line (None: this process's) asks for; `pipeline.compute` trains it ahead."""
    parser = argparse.ArgumentParser(prog="leak", description="Train one architecture's leaking grid.")
    parser.add_argument("architecture")
    architecture = parser.parse_args(arguments).architecture
    study, tuning = tuned.load()
    if architecture not in tuning.leaking:
        raise StudyError(f"{tuned.PARAMS}: leaking: does not list {architecture}; known: {', '.join(tuning.leaking)}")
    runs = (run for _, group in retrained.leaked(study, tuning, architecture) for run in group)
    missing = retrained.to_train(study, architecture, runs)
    return Wanted(architecture, missing, study.device, outcomes=tuned.outcomes_file("leaked", architecture))


def main() -> None:
    start = time.perf_counter()
    asked = wanted()
    trained = train_outcomes(asked)
    diverged = sum(outcome.diverged is not None for outcome in trained)
    took = time.perf_counter() - start
    print(f"leaking grid of {asked.name}: {len(trained)} runs in {took:.0f} s, {diverged} of them diverged")


if __name__ == "__main__":
    run_script(main)

"""Stage `confirm`: train the study's seeds with the recipes that were chosen, and test them on their test pairs.

Reads params.yaml, studies/tuning/params.yaml, reports/tuning/searched/ARCHITECTURE.json and data/pairs; writes
reports/tuning/confirmed/ARCHITECTURE.json, the outcomes of all runs that the study does not have.
"""

import argparse
import time

from pipeline import retrained, tuned
from pipeline.script import run_script
from pipeline.train import Wanted, train_outcomes


def asked(architecture: str) -> Wanted:
    """The runs of this architecture. Not known before the search has ended, so that nothing is trained ahead."""
    study, tuning = tuned.load()
    runs = (run for group in retrained.confirmed(study, tuning, architecture).values() for run in group)
    missing = retrained.to_train(study, architecture, runs)
    return Wanted(architecture, missing, study.device, outcomes=tuned.outcomes_file("confirmed", architecture))


def main() -> None:
    parser = argparse.ArgumentParser(prog="confirm", description="Train with the recipes that were chosen.")
    parser.add_argument("architecture")
    start = time.perf_counter()
    wanted = asked(parser.parse_args().architecture)
    trained = train_outcomes(wanted)
    diverged = sum(outcome.diverged is not None for outcome in trained)
    took = time.perf_counter() - start
    print(f"recipes chosen for {wanted.name}: {len(trained)} runs in {took:.0f} s, {diverged} of them diverged")


if __name__ == "__main__":
    run_script(main)

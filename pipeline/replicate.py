"""Stage `report_N` of the replication: train one architecture's published rows, and their departures from the study.

Reads studies/replication/params.yaml, params.yaml and data/replication; writes the outcomes of all runs
(pipeline/outcomes.py) to reports/replication/runs/ARCHITECTURE.json.
"""

import argparse
from collections.abc import Sequence

from pipeline import params, replication
from pipeline.script import StudyError, run_script
from pipeline.train import Wanted, train_outcomes


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """What the stage with this command line (None: this process's) asks for; `pipeline.compute` trains it ahead."""
    parser = argparse.ArgumentParser(prog="replicate", description="Train one architecture's published rows.")
    parser.add_argument("architecture")
    name = parser.parse_args(arguments).architecture
    study = params.load()
    rows = [row for row in replication.load().rows if row.architecture == name]
    if not rows:
        raise StudyError(f"{replication.FILE}: no report has an architecture {name!r}")
    return Wanted(name, replication.runs(rows, study), study.device, replication.PAIRS, replication.path(name))


def main() -> None:
    asked = wanted()
    trained = train_outcomes(asked)
    diverged = sum(outcome.diverged is not None for outcome in trained)
    print(f"{asked.name}: {len(trained)} runs" + (f", {diverged} of them diverged" if diverged else ""))


if __name__ == "__main__":
    run_script(main)

"""Stage `report_N` of the replication: train one architecture's published rows, and their departures from the study.

Reads studies/replication/params.yaml, params.yaml and data/replication; writes the outcomes of all runs
(pipeline/outcomes.py) to reports/replication/runs/ARCHITECTURE.json.
"""

from collections.abc import Sequence

from pipeline import params, protocols
from pipeline.script import run_script
from pipeline.train import Wanted, architecture_named, train_outcomes


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """What the stage with this command line (None: this process's) asks for; `pipeline.compute` trains it ahead."""
    study, rows = params.load(), protocols.load().rows
    listed = dict.fromkeys(row.architecture for row in rows)
    name = architecture_named(arguments, listed, protocols.FILE)
    runs = protocols.runs([row for row in rows if row.architecture == name], study)
    return Wanted(name, runs, study.device, protocols.PAIRS, protocols.path(name))


def main() -> None:
    train_outcomes(wanted())


if __name__ == "__main__":
    run_script(main)

"""Stage `train`: train what one architecture's published rows ask for.

Reads studies/replication/params.yaml, params.yaml and data/pairs; writes studies/replication/reports/runs/
ARCHITECTURE.json: the results of the rows' runs, of those with a deviation removed or added, and of the study's own.
"""

from collections.abc import Sequence

from pipeline import params
from pipeline.cli import run_script
from pipeline.train import Wanted, architecture_named, run_stage
from studies.replication import deviations, reports


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """What the stage with this command line (None: this process's) asks for; `pipeline.train_all` trains it ahead."""
    study, replication = params.load(), reports.load()
    name = architecture_named(arguments, replication.architectures, reports.FILE)
    runs = deviations.runs(replication, name, study)
    return Wanted(name, runs, study.device, reports.results(name))


if __name__ == "__main__":
    run_script(lambda: run_stage(wanted()))

"""Stage `aggregate`: from the results of all runs to the annex's tables.

Reads studies/replication/params.yaml, params.yaml and studies/replication/reports/runs/ARCHITECTURE.json; writes
studies/replication/reports/*.csv, whose columns columns.yaml describes.
"""

import pandas as pd

from pipeline import params
from pipeline.analysis.tables import Tables, write_all
from pipeline.cli import run_script
from pipeline.engine import result
from pipeline.engine.result import Result
from pipeline.engine.run import Run
from pipeline.params import Params
from studies.replication import deviations, measured, reports
from studies.replication.measured import TABLES
from studies.replication.reports import Replication


def read_results(replication: Replication, study: Params) -> dict[Run, Result]:
    """The results of all runs that the rows ask for; StudyError names a file that lacks any."""
    found = {}
    for name in replication.architectures:
        wanted = deviations.runs(replication, name, study)
        found |= {made.run: made for made in result.of_runs(reports.results(name), wanted)}
    return found


def tables_made() -> tuple[Tables, dict[str, pd.DataFrame]]:
    """Every table of the annex, by name, from the results that are there."""
    study, replication = params.load(), reports.load()
    results = read_results(replication, study)
    return TABLES, {
        "figures": measured.figures(replication, study, results),
        "gains": measured.gains(replication, study, results),
        "deviations": deviations.deviations(replication, study, results),
    }


if __name__ == "__main__":
    run_script(lambda: write_all(*tables_made()), arguments=False)

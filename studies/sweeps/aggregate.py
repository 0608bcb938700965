"""Stage `aggregate` of the sweeps: from the results of all swept runs to the sweeps' tables.

Reads params.yaml, studies/sweeps/params.yaml and studies/sweeps/reports/runs/ARCHITECTURE.json; writes
studies/sweeps/reports/*.csv, whose columns studies/sweeps/columns.yaml describes.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipeline.analysis import measured
from pipeline.analysis.tables import Tables, write_all
from pipeline.cli import run_script
from pipeline.engine import result
from pipeline.params import Params
from studies.sweeps import analysis, swept
from studies.sweeps.analysis import MEASURES, TABLES
from studies.sweeps.swept import Sweeps


def rows(study: Params, sweeps: Sweeps) -> Iterator[dict]:
    """The rows of the table `runs`, in the study's order of architectures; StudyError as `result.of_runs`."""
    for architecture in (name for name in study.architectures if name in sweeps.architectures):
        points = list(swept.points(study, sweeps, architecture))
        asked = dict.fromkeys(run for point in points for run in point.runs)
        found = {made.run: made for made in result.of_runs(swept.results(architecture), asked)}
        for point in points:
            where = {"data_set": study.data.source, "sweep": point.sweep, "point": point.name, "own": point.own}
            where |= {"value": np.nan if point.value is None else point.value}
            where |= {"architecture": architecture, "technique": point.technique}
            for run in point.runs:
                yield where | {"seed": run.seed} | measured.scores(found[run], *MEASURES)


def tables_made() -> tuple[Tables, dict[str, pd.DataFrame]]:
    """Every table, from the files that the stage reads."""
    study, sweeps = swept.load()
    runs = TABLES.frame("runs", list(rows(study, sweeps)))
    return TABLES, {
        "runs": runs,
        "accuracy": analysis.accuracy(runs),
        "effects": analysis.effects(runs, study.data.test_pairs),
        "equivalents": analysis.equivalents(runs, sweeps),
        "half_gains": analysis.half_gains(runs, sweeps),
        "best": analysis.best(runs),
    }


if __name__ == "__main__":
    run_script(lambda: write_all(*tables_made()), arguments=False)

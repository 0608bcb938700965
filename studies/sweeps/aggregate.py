"""Stage `aggregate` of the sweeps: from the results of all swept runs to the sweeps' tables.

Reads params.yaml, studies/sweeps/params.yaml and studies/sweeps/reports/runs/ARCHITECTURE.json; writes
studies/sweeps/reports/*.csv, whose columns studies/sweeps/columns.yaml describes.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipeline.analysis import statistics
from pipeline.analysis.tables import Tables, say_diverged
from pipeline.cli import run_script, say
from pipeline.engine import result
from pipeline.engine.result import Result
from pipeline.params import Params
from studies.sweeps import analysis, swept
from studies.sweeps.analysis import TABLES
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
                about = {name: getattr(found[run], name) for name in ("diverged", "hardware", "torch")}
                yield where | {"seed": run.seed} | about | scores(found[run])


def scores(made: Result) -> dict[str, float]:
    """What a run came to; nothing but NaN if it diverged."""
    curves = {name: curve for name, curve in made.curves.model_dump().items() if name.endswith("_accuracy")}
    last = {name: np.nan if curve is None or curve[-1] is None else curve[-1] for name, curve in curves.items()}
    test = np.array(made.curves.test_accuracy, dtype=float)
    return last | {"late_gain": statistics.late_gain(test)}


def make_tables(study: Params, sweeps: Sweeps) -> dict[str, pd.DataFrame]:
    """Every table of the sweeps, by name."""
    runs = TABLES.frame("runs", list(rows(study, sweeps)))
    return {
        "runs": runs,
        "accuracy": analysis.accuracy(runs),
        "effects": analysis.effects(runs, study.data.test_pairs),
        "equivalents": analysis.equivalents(runs, sweeps),
        "half_gains": analysis.half_gains(runs, sweeps),
        "best": analysis.best(runs),
    }


def tables_made() -> tuple[Tables, dict[str, pd.DataFrame]]:
    """Every table, from the files that the stage reads."""
    return TABLES, make_tables(*swept.load())


def main() -> None:
    _, made = tables_made()
    for name, table in made.items():
        TABLES.write(name, table)
    say(f"{len(made['runs'])} rows of runs: {len(made)} tables in {swept.REPORTS}/")
    say_diverged(made["runs"], lambda run: f", {run['sweep']} {run['point']}")


if __name__ == "__main__":
    run_script(main)

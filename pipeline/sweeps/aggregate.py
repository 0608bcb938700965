"""Stage `aggregate` of the sweeps: from the outcomes of all swept runs to the sweeps' tables.

Reads params.yaml, studies/sweeps/params.yaml, reports/sweeps/runs/ARCHITECTURE.json and, for the runs that the study
has, reports/runs/COMBO.json; writes reports/sweeps/*.csv, whose columns pipeline/tables.py describes.
"""

from collections.abc import Iterator

import pandas as pd

from pipeline import outcomes, shared_runs, tables
from pipeline.params import Params
from pipeline.script import run_script
from pipeline.sweeps import analysis, swept
from pipeline.sweeps.swept import Sweeps


def rows(study: Params, sweeps: Sweeps) -> Iterator[dict]:
    """The rows of the table `sweeps/runs`; StudyError as `shared_runs.outcomes_of`."""
    for architecture in sweeps.architectures:
        asked = swept.runs(study, sweeps, architecture)
        found = shared_runs.outcomes_of(study, architecture, asked, swept.outcomes_file(architecture))
        for point in swept.points(study, sweeps, architecture):
            where = {"data_set": study.data.source, "sweep": point.sweep, "architecture": architecture}
            where |= {"technique": point.technique, "value": float(point.value)}
            for run in point.runs:
                yield where | {"seed": run.seed} | outcomes.scores(found[run])


def make_tables(study: Params, sweeps: Sweeps) -> dict[str, pd.DataFrame]:
    """Every table of the sweeps, by name."""
    runs = tables.frame("sweeps/runs", list(rows(study, sweeps)))
    return {
        "sweeps/runs": runs,
        "sweeps/accuracy": analysis.accuracy(runs),
        "sweeps/effects": analysis.effects_by_pairs(runs),
        "sweeps/worth": analysis.worths(runs, study.data.train_pairs),
        "sweeps/aux_weights": analysis.aux_weights(runs),
    }


def main() -> None:
    made = make_tables(*swept.load())
    for name, table in made.items():
        tables.write(name, table)
    runs = made["sweeps/runs"]
    print(f"{len(runs)} rows of runs: {len(made)} tables in {swept.REPORTS}/")
    tables.say_diverged(runs, lambda run: f", {run['sweep']} {run['value']:g}")


if __name__ == "__main__":
    run_script(main)

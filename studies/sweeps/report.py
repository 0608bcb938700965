"""Stage `report` of the sweeps: the figures, and one page that needs nothing else.

Reads params.yaml, studies/sweeps/params.yaml and studies/sweeps/reports/*.csv; writes figures/*.png and index.html
there. The sentences are those of page.html; every number and verdict on it comes from the tables.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from pipeline.analysis import statistics
from pipeline.analysis.effects import AVERAGE_CONVERGED
from pipeline.cli import run_script
from pipeline.datasets import DATA_SETS
from pipeline.figures import style
from pipeline.pages import render
from pipeline.params import AVERAGE, Params
from studies.sweeps import swept
from studies.sweeps.analysis import TABLES
from studies.sweeps.figures import effects_of, figures
from studies.sweeps.swept import Sweeps

TITLE = "Why the techniques help: other comparators, pairs, labels and loss weights"
KEYS = {  # by which columns the page finds a row of a table
    "accuracy": ["sweep", "point", "technique", "architecture"],
    "effects": ["sweep", "point", "effect", "architecture"],
}
COMBO = ["architecture", "technique"]
Find = Callable[..., dict | None]


def finder(frames: Mapping[str, pd.DataFrame]) -> Find:
    """A function that finds a row: of which table, then what KEYS lists; without architecture, the average's."""
    rows = {}
    for table, keys in KEYS.items():
        frame = frames[table]
        rows[table] = dict(zip(frame[keys].itertuples(index=False, name=None), frame.to_dict("records"), strict=True))

    def find(table: str, sweep: str, point: str, what: str, architecture: str = AVERAGE) -> dict | None:
        return rows[table].get((sweep, point, what, architecture))

    return find


def about_best(group: pd.DataFrame, own: float) -> dict:
    """What the rows of a technique in `best` say: the best value, the study's `own`, 0; None where there is none."""
    rows = {row["value"]: row for row in group.to_dict("records")}
    best = next((row for row in rows.values() if row["best"]), None)
    alike = [value for value, row in rows.items() if value > 0 and (row["best"] or row["behind_high"] >= 0)]
    about = {"best": best, "alike": sorted(alike), "own": rows.get(own), "none": rows.get(0), "most": max(rows)}
    return {name: group[name].iloc[0] for name in COMBO} | about


def sources(sweeps: Sweeps) -> dict[str, tuple[str, ...]]:
    """The tables of each figure."""
    return {name: tables for name, (_, tables) in figures(sweeps).items()}


def page(study: Params, sweeps: Sweeps, frames: Mapping[str, pd.DataFrame]) -> str:
    """The page, from all tables and the figures."""
    find, machines = finder(frames), frames["runs"][["hardware", "torch"]].drop_duplicates().to_dict("records")
    best = {
        sweep: [about_best(group, swept.own_value(study, sweeps, sweep)) for _, group in of.groupby(COMBO, sort=False)]
        for sweep, of in frames["best"].groupby("sweep", sort=False)
    }
    points = {name: of["point"].unique().tolist() for name, of in frames["accuracy"].groupby("sweep", sort=False)}
    return render.page(
        Path(__file__).with_name("page.html"),
        TITLE,
        swept.FIGURES,
        TABLES,
        sources(sweeps),
        study=study,
        sweeps=sweeps,
        find=find,
        points=points,
        places=[*(name for name in study.architectures if name in sweeps.architectures), AVERAGE, AVERAGE_CONVERGED],
        averages=(AVERAGE, AVERAGE_CONVERGED),
        effects_of=effects_of,
        equivalents=frames["equivalents"].to_dict("records"),
        half_gains=frames["half_gains"].to_dict("records"),
        best=best,
        data_set=DATA_SETS[study.data.source].title,
        shared=statistics.shared_images(2 * study.data.test_pairs, DATA_SETS[study.data.source].images["test"]),
        trained=statistics.TRAINED,
        machines=[f"{row['hardware']} (torch {row['torch']})" for row in machines],
        root="../../..",
    )


def readme_values() -> dict[str, object]:
    """What readme.md, the annex's block of README.md, is filled with."""
    frames = {name: TABLES.read(name) for name in KEYS}
    sweeps = swept.load()[1]
    about = {"architectures": sweeps.architectures, "fewer_seeds": sweeps.fewer_seeds}
    return {"find": finder(frames), "sweeps": list(frames["accuracy"]["sweep"].unique())} | about


def main() -> None:
    study, sweeps = swept.load()
    made_by = {name: made for name, (made, _) in figures(sweeps).items()}
    style.draw(made_by, sources(sweeps), TABLES, study, swept.FIGURES)
    render.write(swept.PAGE, page(study, sweeps, {name: TABLES.read(name) for name in TABLES.names()}))


if __name__ == "__main__":
    run_script(main, arguments=False)

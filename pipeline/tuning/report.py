"""Stage `report` of the tuning: the tuning on one page that needs nothing else.

Reads params.yaml, studies/tuning/params.yaml, reports/tuning/*.csv and reports/tuning/figures/*.png; writes
reports/tuning/index.html. The page is laid out by pages/tuning.html; every number on it comes from the tables.
"""

import pandas as pd

from pipeline import paths, tables, wording
from pipeline.analysis import statistics
from pipeline.pages import render
from pipeline.params import AVERAGE, Params
from pipeline.script import run_script
from pipeline.tuning import tuned
from pipeline.tuning import wording as say
from pipeline.tuning.figures.sources import TABLES
from pipeline.tuning.tuned import Tuning

# Tables that the page takes from.
SHOWN = ("accuracy", "candidates", "chosen", "effects", "leaking", "optimism", "runs")
TITLE = "Do the effects hold when every technique has the recipe that suits it best?"


def by_recipe(table: pd.DataFrame, *row: str) -> list[dict]:
    """Rows of a table that are of the same things, as one: its names, and by recipe its cells."""
    groups = table.groupby(list(row), sort=False)
    return [
        dict(zip(row, key, strict=True)) | {"cells": {cell["recipe"]: cell for cell in group.to_dict("records")}}
        for key, group in groups
    ]


def page(study: Params, tuning: Tuning, frames: dict[str, pd.DataFrame]) -> str:
    """The page, from the tables SHOWN and the figures."""
    machines = frames["runs"][["hardware", "torch"]].drop_duplicates().to_dict("records")
    return render.page(
        "tuning.html",
        TITLE,
        tuned.FIGURES,
        TABLES,
        study=study,
        tuning=tuning,
        average=AVERAGE,
        say=say,
        headline=say.headline(*(frames[name] for name in ("effects", "accuracy", "optimism"))),
        chosen=by_recipe(frames["chosen"], "architecture", "technique"),
        accuracy=by_recipe(frames["accuracy"], "architecture", "technique"),
        effects=by_recipe(frames["effects"], "effect", "architecture"),
        diverged=int(frames["candidates"]["diverged"].sum()),
        leaking=frames["leaking"].to_dict("records"),
        trained=sum(rung.candidates * rung.splits for rung in tuning.rungs),
        shared=statistics.shared_images(2 * study.data.test_pairs, wording.TEST_IMAGES[study.data.source]),
        machines=[f"{row['hardware']} (torch {row['torch']})" for row in machines],
        params_file=tuned.PARAMS,
        root_page=f"../{paths.PAGE.name}",
    )


def main() -> None:
    """Write the page."""
    study, tuning = tuned.load()
    render.write(tuned.PAGE, page(study, tuning, {name: tables.read(f"tuning/{name}") for name in SHOWN}))


if __name__ == "__main__":
    run_script(main)

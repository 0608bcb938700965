"""Stage `report` of the tuning: its figure, and one page that needs nothing else.

Reads params.yaml, studies/tuning/params.yaml and studies/tuning/reports/*.csv; writes figures/*.png and index.html
there. Its sentences stand in page.html; every number comes from the tables.
"""

from pathlib import Path

import pandas as pd

from pipeline import paths
from pipeline.analysis import statistics
from pipeline.analysis.effects import AVERAGE_CONVERGED
from pipeline.cli import run_script
from pipeline.datasets import DATA_SETS
from pipeline.figures import style
from pipeline.pages import render
from pipeline.params import AVERAGE, Params
from studies.tuning import figures, settings
from studies.tuning.analysis import AVERAGE_OTHERS, AVERAGES
from studies.tuning.halving import BEST
from studies.tuning.settings import TABLES, Tuning

TITLE = "Do the effects hold when each technique has a recipe of its own?"
MAIN = ("weight_sharing", "aux_loss", "both")
NEAR_CAP = 7 / 8  # of the most epochs that could be chosen: from there on, more might have been better


def by_recipe(table: pd.DataFrame, *row: str) -> list[dict]:
    """Rows of a table that are of the same things, as one: its names, and by recipe its cells."""
    groups = table.groupby(list(row), sort=False)
    return [
        dict(zip(row, key, strict=True)) | {"cells": {cell["recipe"]: cell for cell in group.to_dict("records")}}
        for key, group in groups
    ]


def answer(effects: pd.DataFrame, optimism: pd.DataFrame) -> dict:
    """What the headline says, from these tables: rows of the main effects with the best recipes, and optimism."""
    best = effects[(effects["recipe"] == BEST) & effects["effect"].isin(MAIN)].to_dict("records")
    rows = {(row["architecture"], row["effect"]): row for row in best}
    names = list(dict.fromkeys(row["architecture"] for row in best if row["architecture"] not in AVERAGES))
    whole = AVERAGE if len(names) > 1 else "".join(names)
    return {
        "names": names,
        "gains": [rows[whole, effect] for effect in MAIN if (whole, effect) in rows],
        "converged": rows.get((AVERAGE_CONVERGED, "both")),
        "others": rows.get((AVERAGE_OTHERS, "both")),
        "optimism": optimism.to_dict("records"),
    }


def page(study: Params, tuning: Tuning, frames: dict[str, pd.DataFrame]) -> str:
    """The page, from all tables and the figures."""
    machines = frames["runs"][["hardware", "torch"]].drop_duplicates().to_dict("records")
    chosen, effects = frames["chosen"], by_recipe(frames["effects"], "effect", "architecture")
    best = chosen[chosen["recipe"] == BEST]
    return render.page(
        Path(__file__).with_name("page.html"),
        TITLE,
        settings.FIGURES,
        TABLES,
        settings.SOURCES,
        study=study,
        tuning=tuning,
        average=AVERAGE,
        averages=AVERAGES,
        answer=answer(frames["effects"], frames["optimism"]),
        summary=[row for row in effects if row["effect"] in MAIN and row["architecture"] in AVERAGES],
        effects=effects,
        accuracy=by_recipe(frames["accuracy"], "architecture", "technique"),
        chosen=by_recipe(chosen, "architecture", "technique"),
        near_cap=int((best["epochs"] >= NEAR_CAP * best["most_epochs"]).sum()),
        diverged=int(frames["candidates"]["diverged"].sum()),
        selection=frames["selection"].to_dict("records"),
        optimism=frames["optimism"].to_dict("records"),
        shared=statistics.shared_images(2 * study.data.test_pairs, DATA_SETS[study.data.source].images["test"]),
        data_set=DATA_SETS[study.data.source].title,
        machines=[f"{row['hardware']} (torch {row['torch']})" for row in machines],
        params_file=settings.PARAMS,
        root_page=f"../../../{paths.PAGE}",
    )


def readme_values() -> dict:
    """What readme.md is filled with."""
    return {"answer": answer(TABLES.read("effects"), TABLES.read("optimism"))}


def main() -> None:
    study, tuning = settings.load()
    style.draw({"effects": figures.effects}, settings.SOURCES, TABLES, study, settings.FIGURES)
    render.write(settings.PAGE, page(study, tuning, {name: TABLES.read(name) for name in TABLES.names()}))


if __name__ == "__main__":
    run_script(main, arguments=False)

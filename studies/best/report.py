"""Stage `report` of this annex: its page, which needs nothing else.

Reads params.yaml, studies/best/params.yaml and studies/best/reports/*.csv; writes studies/best/reports/index.html. Its
sentences stand in page.html; every number comes from the tables.
"""

from pathlib import Path

import pandas as pd

from pipeline import paths
from pipeline.cli import run_script
from pipeline.datasets import DATA_SETS
from pipeline.pages import render
from pipeline.params import Params
from studies.best import settings
from studies.best.choices import WHOLE
from studies.best.settings import TABLES, Best, Published
from studies.tuning import recipes

TITLE = "The best that 1,000 training pairs give"


def chosen(study: Params, best: Best, candidates: pd.DataFrame) -> dict[str, dict]:
    """By group, the row of the chosen candidate, with the keys of params.yaml that give it."""
    found = {}
    for row in candidates[candidates["chosen"]].to_dict("records"):
        proposals = settings.candidates(study, best)[row["group"]]
        run = settings.tested(best, proposals[row["candidate"]].run)
        found[row["group"]] = row | {"keys": recipes.keys(run)}
    return found


def ours(accuracy: pd.DataFrame) -> dict[str, dict]:
    """By group, the row of the table `accuracy` of the whole recipe."""
    return {row["group"]: row for row in accuracy[accuracy["without"] == WHOLE].to_dict("records")}


def published(best: Best) -> list[Published]:
    """The published accuracies, the highest first."""
    return sorted(best.published, key=lambda one: -one.accuracy)


def page(study: Params, best: Best, frames: dict[str, pd.DataFrame]) -> str:
    """The page, from all tables."""
    machines = frames["runs"][["hardware", "torch"]].drop_duplicates().to_dict("records")
    accuracy = frames["accuracy"]
    return render.page(
        Path(__file__).with_name("page.html"),
        TITLE,
        settings.REPORTS,
        TABLES,
        {},
        study=study,
        best=best,
        ours=ours(accuracy),
        chosen=chosen(study, best, frames["candidates"]),
        published=published(best),
        ablation=accuracy[accuracy["without"] != WHOLE].to_dict("records"),
        candidates=frames["candidates"].to_dict("records"),
        data_set=DATA_SETS[study.data.source].title,
        machines=[f"{row['hardware']} (torch {row['torch']})" for row in machines],
        params_file=settings.PARAMS,
        root_page=f"../../../{paths.PAGE}",
    )


def readme_values() -> dict:
    """What readme.md is filled with."""
    return {"ours": ours(TABLES.read("accuracy")), "published": published(settings.load()[1])}


def main() -> None:
    study, best = settings.load()
    render.write(settings.PAGE, page(study, best, {name: TABLES.read(name) for name in TABLES.names()}))


if __name__ == "__main__":
    run_script(main, arguments=False)

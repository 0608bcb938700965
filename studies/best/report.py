"""Stage `report` of this annex: its page, which needs nothing else.

Reads params.yaml, studies/best/params.yaml and studies/best/reports/*.csv; writes studies/best/reports/index.html. Its
sentences stand in page.html; every number comes from the tables.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import paths
from pipeline.analysis import statistics
from pipeline.cli import run_script
from pipeline.datasets import DATA_SETS
from pipeline.engine.run import Run
from pipeline.pages import render
from pipeline.params import Params
from studies.best import aggregate, settings
from studies.best.choices import WHOLE
from studies.best.settings import TABLES, Best, Published
from studies.tuning import recipes

TITLE = "How accurate can a network get with 1,000 training pairs?"


def chosen(study: Params, best: Best, candidates: pd.DataFrame) -> dict[str, dict]:
    """By group, the row of the chosen candidate, with the keys of params.yaml that give it, and its ablations."""
    proposals, found = settings.candidates(study, best), {}
    for row in candidates[candidates["chosen"]].to_dict("records"):
        group, number = row["group"], row["candidate"]
        run = settings.tested(best, proposals[group][number].run)
        ablations = settings.ablations(study, best, best.groups[group][number], run)
        set_back = {name: fields(run, without, best.ingredients[name]) for name, without in ablations.items()}
        found[group] = row | {"keys": recipes.keys(run), "set_back": set_back}
    return found


def fields(run: Run, other: Run, names: Iterable[str]) -> str:
    """Those of the fields in which the other run differs, and what that has, for instance `epochs 50`."""
    values = [(name.rpartition(".")[2], recipes.value(run, name), recipes.value(other, name)) for name in names]
    return ", ".join(f"{name} {'none' if there is None else there}" for name, here, there in values if there != here)


def between(runs: pd.DataFrame) -> dict[str, float]:
    """What the first group's whole recipe is ahead of the second's: `mean`, `low` and `high` over `runs` seeds."""
    wide = runs[runs["without"] == WHOLE].pivot(index="seed", columns="group", values="test_accuracy")
    groups = runs["group"].unique()
    gains = (wide[groups[0]] - wide[groups[-1]]).dropna().round(12).to_numpy() if len(groups) == 2 else np.array([])
    low, high = statistics.t_interval(gains)
    return {"runs": len(gains), "mean": statistics.mean(gains), "low": low, "high": high}


def ours(accuracy: pd.DataFrame) -> dict[str, dict]:
    """By group, the row of the table `accuracy` of the whole recipe."""
    return {row["group"]: row for row in accuracy[accuracy["without"] == WHOLE].to_dict("records")}


def published(best: Best) -> list[Published]:
    """The published accuracies, the highest first."""
    return sorted(best.published, key=lambda one: -one.accuracy)


def page(study: Params, best: Best, frames: dict[str, pd.DataFrame]) -> str:
    """The page, from all tables."""
    accuracy, runs = frames["accuracy"], frames["runs"]
    machines = runs[["hardware", "torch"]].drop_duplicates().to_dict("records")
    return render.page(
        Path(__file__).with_name("page.html"),
        TITLE,
        settings.REPORTS,
        TABLES,
        {},
        study=study,
        best=best,
        ours=ours(accuracy),
        whole=ours(aggregate.accuracy(runs[runs["seed"] < best.ablation_seeds])),
        between=between(runs),
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

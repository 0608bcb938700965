"""Stage `report`: the study on one page that needs nothing else.

Reads params.yaml, reports/*.csv and reports/figures/*.png; writes reports/index.html, figures and style inside. The
page is laid out by pages/report.html; every number and verdict on it comes from the tables. Pages of further
studies (reports/STUDY/index.html) are linked if they are there when it is written.
"""

from collections.abc import Sequence

import pandas as pd

from pipeline import params, paths, tables, wording
from pipeline.analysis import published, statistics
from pipeline.analysis.effects import AVERAGE_TRAINED_OUT
from pipeline.figures.sources import TABLES
from pipeline.pages import render
from pipeline.params import AVERAGE, Params
from pipeline.script import run_script

SHOWN = ("runs", "summary", "effects", "published_vs_ours")  # tables that the page takes from


def accuracy_rows(study: Params, summary: pd.DataFrame) -> list[dict]:
    """A row per architecture: its combos' rows of `summary`, in the techniques' order, the best of them marked."""
    best = summary.groupby("architecture")["mean_test_accuracy"].transform("max") == summary["mean_test_accuracy"]
    cells = {(cell["architecture"], cell["technique"]): cell for cell in summary.assign(best=best).to_dict("records")}
    techniques = study.technique_names()
    return [{"architecture": name, "cells": [cells[name, t] for t in techniques]} for name in study.architectures]


def effect_rows(study: Params, effects: pd.DataFrame) -> list[dict]:
    """A row per effect: its averages, the cells of the architectures, how many of their intervals leave out zero."""
    rows = []
    for name, group in effects.groupby("effect", sort=False):
        by_name = {cell["architecture"]: cell for cell in group.to_dict("records")}
        single = [by_name[architecture] for architecture in study.architectures if architecture in by_name]
        row = {"effect": name, "cells": [by_name.get(architecture) for architecture in study.architectures]}
        row |= {"average": by_name.get(AVERAGE), "trained_out": by_name.get(AVERAGE_TRAINED_OUT)}
        row |= {
            "above": sum(cell["ci_low"] > 0 for cell in single),
            "below": sum(cell["ci_high"] < 0 for cell in single),
        }
        rows.append(row | {"extremes": wording.extremes(group)})
    return rows


def technique_rows(study: Params, summary: pd.DataFrame) -> list[dict]:
    """A row per technique: its switches, and the means over architectures of what its runs measured."""
    rows = []
    for name in study.technique_names():
        of_technique = summary[summary["technique"] == name]
        combo = study.combo(next(iter(study.architectures)), name)
        means = {column: mean for column, mean in of_technique.mean(numeric_only=True).items() if "mean" in column}
        parameters = of_technique["parameters"]
        rows.append(means | {"technique": name, "combo": combo, "fewest": parameters.min(), "most": parameters.max()})
    return rows


def page(study: Params, frames: dict[str, pd.DataFrame], further: Sequence[str] = ()) -> str:
    """The page, from the tables SHOWN, the figures and the names of further studies that have a page."""
    effects, summary, runs = frames["effects"], frames["summary"], frames["runs"]
    published_figures, shared_differences = wording.shared_and_own_differences(frames["published_vs_ours"])
    machines = runs[["hardware", "device", "torch"]].drop_duplicates().to_dict("records")
    return render.page(
        "report.html",
        "Comparing two handwritten digits: what weight sharing and an auxiliary loss are worth",
        paths.FIGURES,
        TABLES,
        study=study,
        statistics=statistics,
        average=AVERAGE,
        margin=100 * published.MARGIN,
        accuracies=accuracy_rows(study, summary),
        techniques=technique_rows(study, summary),
        effects=effect_rows(study, effects),
        headline=wording.headline(effects, summary),
        reservations=wording.reservations(effects, summary),
        verdicts=wording.verdicts(frames["published_vs_ours"]),
        published=published_figures,
        shared_differences=shared_differences,
        limits=wording.limits(study, summary),
        yes_share=runs["yes_share"].mean(),
        smallest_p=statistics.smallest_p(study.seeds),
        machines=[f"{row['hardware']} ({row['device']}, torch {row['torch']})" for row in machines],
        further=further,
    )


def main() -> None:
    """Write the page."""
    study = params.load()
    further = sorted(path.parent.name for path in paths.REPORTS.glob("*/index.html"))
    render.write(paths.PAGE, page(study, {name: tables.read(name) for name in SHOWN}, further))


if __name__ == "__main__":
    run_script(main)

"""What the templates of the root are given: facts from params and the tables, for the page and for README.md alike."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.analysis import measured, statistics
from pipeline.analysis.effects import AVERAGE_CONVERGED
from pipeline.datasets import DATA_SETS
from pipeline.pages import formats, render
from pipeline.params import AVERAGE, Params

TABLES = ("runs", "summary", "effects", "effect_checks", "digit_derived")  # that the values are taken from
RESULTS = Path(__file__).with_name("results.md")  # the three main results, a line each


def values(study: Params, frames: dict[str, pd.DataFrame]) -> dict[str, object]:
    """The values by name; `frames`: the TABLES."""
    effects = frames["effects"].merge(frames["effect_checks"])
    summary, runs = frames["summary"], frames["runs"]
    known = {
        "study": study,
        "data_set": DATA_SETS[study.data.source],
        "average": AVERAGE,
        "statistics": statistics,
        "accuracies": accuracy_rows(study, summary),
        "techniques": technique_rows(study, summary),
        "effects": effect_rows(study, effects),
        "gains": of_average(effects, AVERAGE),
        "gains_of_converged": of_average(effects, AVERAGE_CONVERGED),
        "groups": frames["digit_derived"].to_dict("records"),
        "runs": len(runs),
        "collapsed": measured.collapsed(runs).to_dict("records"),
        "collapse": measured.COLLAPSED,
        "not_converged": by_architecture(summary[~summary["converged"] & (summary["runs"] > 0)]),
        "diverged": summary[summary["diverged"] > 0].to_dict("records"),
        "yes_share": runs["yes_share"].mean(),
        "parameter_ratios": parameter_ratios(summary),
        "machines": runs[["hardware", "device", "torch"]].drop_duplicates().to_dict("records"),
    }
    return known | {"results": render.text(RESULTS, **known).splitlines()}


def accuracy_rows(study: Params, summary: pd.DataFrame) -> list[dict]:
    """A row per architecture: its combos' rows of `summary`, in the techniques' order, the best of them marked."""
    best = summary.groupby("architecture")["mean_test_accuracy"].transform("max") == summary["mean_test_accuracy"]
    cells = {(cell["architecture"], cell["technique"]): cell for cell in summary.assign(best=best).to_dict("records")}
    techniques = study.technique_names()
    return [{"architecture": name, "cells": [cells[name, t] for t in techniques]} for name in study.architectures]


def effect_rows(study: Params, effects: pd.DataFrame) -> list[dict]:
    """A row per effect: its averages, the cells of the architectures, how many of their intervals leave out 0."""
    rows = []
    for name, group in effects.groupby("effect", sort=False):
        by_name = {cell["architecture"]: cell for cell in group.to_dict("records")}
        cells = [by_name.get(architecture) for architecture in study.architectures]
        row = {"effect": name, "cells": cells, "extremes": formats.extremes(group)}
        row |= {"average": by_name.get(AVERAGE), "of_converged": by_name.get(AVERAGE_CONVERGED)}
        row |= {"above": sum(cell["ci_low"] > 0 for cell in cells if cell)}
        rows.append(row | {"below": sum(cell["ci_high"] < 0 for cell in cells if cell)})
    return rows


def of_average(effects: pd.DataFrame, average: str) -> dict[str, dict]:
    """The rows of one average over architectures, by effect."""
    return {row["effect"]: row for row in effects[effects["architecture"] == average].to_dict("records")}


def technique_rows(study: Params, summary: pd.DataFrame) -> list[dict]:
    """A row per technique: its switches, and the means over architectures of what its runs measured."""
    rows = []
    for name in study.technique_names():
        of_technique = summary[summary["technique"] == name]
        combo = study.combo(next(iter(study.architectures)), name)
        means = {column: mean for column, mean in of_technique.mean(numeric_only=True).items() if "mean" in column}
        parameters, accuracy = of_technique["parameters"], of_technique["mean_test_accuracy"]
        row = means | {"technique": name, "combo": combo, "fewest": parameters.min(), "most": parameters.max()}
        rows.append(row | {"lowest": accuracy.min(), "highest": accuracy.max()})
    return rows


def by_architecture(summary: pd.DataFrame) -> dict[str, list[str]]:
    """The techniques of these combos, by architecture."""
    return {name: list(group) for name, group in summary.groupby("architecture", sort=False)["technique"]}


def parameter_ratios(summary: pd.DataFrame) -> np.ndarray:
    """How many weights networks with separate encoders have for each of one with a shared encoder: fewest and most.

    One number where these are the same; none where params.yaml does not list both techniques.
    """
    wide = summary.pivot(index="architecture", columns="technique", values="parameters")
    if not {"baseline", "weight_sharing"} <= set(wide):
        return np.array([])
    ratios = wide["baseline"] / wide["weight_sharing"]
    return np.unique([ratios.min().round(1), ratios.max().round(1)])

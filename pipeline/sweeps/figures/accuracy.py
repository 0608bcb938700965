"""Test accuracy against a swept value, every run and the means: a panel per architecture."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline import wording
from pipeline.figures import style
from pipeline.params import AVERAGE, Params
from pipeline.sweeps.figures.axis import MARGIN, label_values, lay_out, seeds, study_mark

APART = 3.5  # how far the technique without its auxiliary loss stands left of the smallest aux_weight, as a factor
MEANING = "Thin lines join the runs of one seed, thick ones their means, with 95% Student t intervals over seeds."


def by_aux_weight(params: Params, runs: pd.DataFrame, accuracy: pd.DataFrame) -> Figure:
    """The figure against aux_weight, from the tables `sweeps/runs` and `sweeps/accuracy`."""
    runs, accuracy = (table[table["sweep"] == "aux_weight"] for table in (runs, accuracy))
    weights = _values(runs)
    apart = weights[0] / APART
    figure, axes = _panels(params, runs, accuracy, params.aux_weight, apart)
    for axis in axes:
        axis.axvline(weights[0] / APART**0.5, color="0.8", linewidth=0.8)
        axis.set_xlim(apart / APART**0.5, weights[-1] * MARGIN)
        label_values(axis, weights, 12, {apart: "none"})
    style.label_outer(axes, "aux_weight (factor of the digit losses)", "test accuracy (%)")
    text = f"{MEANING} None: the technique without its auxiliary loss; dots are runs."
    _head(figure, "Test accuracy against aux_weight", text, params, accuracy)
    return figure


def by_train_pairs(params: Params, runs: pd.DataFrame, accuracy: pd.DataFrame) -> Figure:
    """The figure against the number of training pairs, from the tables `sweeps/runs` and `sweeps/accuracy`."""
    runs, accuracy = (table[table["sweep"] == "train_pairs"] for table in (runs, accuracy))
    figure, axes = _panels(params, runs, accuracy, params.data.train_pairs)
    style.label_outer(axes, "training pairs", "test accuracy (%)")
    text = f"{MEANING} The epochs are the recipe's, so that more pairs are more steps too."
    _head(figure, "Test accuracy against training pairs", text, params, accuracy)
    return figure


def _values(runs: pd.DataFrame) -> list[float]:
    return sorted(runs.loc[runs["value"] > 0, "value"].unique())


def _panels(
    params: Params, runs: pd.DataFrame, accuracy: pd.DataFrame, own: float, apart: float = np.nan
) -> tuple[Figure, list[Axes]]:
    """A panel per architecture with a line per technique; `own`: the study's value; `apart`: the place of value 0."""
    colours = style.colours(params.technique_names())
    architectures = list(runs["architecture"].unique())
    columns = 2 if len(architectures) in (2, 4) else style.COLUMNS
    figure, axes = style.grid(len(architectures), columns, 2.5, extra=1.1, sharex=True, sharey=True)
    for axis, architecture in zip(axes, architectures, strict=True):
        lay_out(axis, _values(runs), own)
        for technique in _techniques(params, accuracy):
            of_combo = (style.of_combo(table, architecture, technique) for table in (runs, accuracy))
            _technique(axis, *of_combo, colours[technique], apart)
        axis.set_title(architecture)
    return figure, axes


def _technique(axis: Axes, runs: pd.DataFrame, means: pd.DataFrame, colour, apart: float) -> None:
    """Runs thin and their means thick; those of value 0 at a place apart, runs as dots."""
    swept = runs[runs["value"] > 0].dropna(subset="test_accuracy").sort_values("value")
    lines = (run[["value", "test_accuracy"]].to_numpy() * (1, 100) for _, run in swept.groupby("seed"))
    style.thin_lines(axis, lines, colors=[colour], alpha=0.4)
    look = {"color": colour, "linewidth": 1.8, "elinewidth": 1.2, "capsize": 2, "marker": "o", "zorder": 3}
    for place, group in (("value", means[means["value"] > 0]), ("apart", means[means["value"] == 0])):
        group = group.assign(apart=apart).sort_values("value")
        mean, low, high = (100 * group[name] for name in ("mean_test_accuracy", "ci_low", "ci_high"))
        axis.errorbar(group[place], mean, yerr=[mean - low, high - mean], ms=3 if place == "value" else 5, **look)
    dots = 100 * runs.loc[runs["value"] == 0, "test_accuracy"].dropna()
    axis.scatter(np.full(len(dots), 0.8 * apart), dots, s=5, color=colour, linewidths=0)


def _techniques(params: Params, accuracy: pd.DataFrame) -> Sequence[str]:
    return [name for name in params.technique_names() if name in set(accuracy["technique"])]


def _head(figure: Figure, title: str, text: str, params: Params, accuracy: pd.DataFrame) -> None:
    colours = style.colours(params.technique_names())
    names = _techniques(params, accuracy)
    marks = [Line2D([], [], color=colours[name], linewidth=1.8, label=wording.label(name)) for name in names]
    size = f"{seeds(accuracy[accuracy['architecture'] != AVERAGE])}, a run of each for every technique and value"
    style.heading(figure, title, text, params, [*marks, study_mark()], columns=3, runs=size)

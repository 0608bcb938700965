"""Effects against the number of training pairs, and what a technique is worth in pairs: a panel per effect."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline import wording
from pipeline.figures import style
from pipeline.params import AVERAGE, Params
from pipeline.sweeps.figures.axis import lay_out, seeds, study_mark

NOTHING = "No techniques are swept that an effect compares."
DASHES = [(0, ()), (0, (5, 1.5)), (0, (4, 1.5, 1, 1.5)), (0, (9, 2)), (0, (4, 1, 1, 1, 1, 1)), (0, (2, 1.5))]
BEYOND = 1.25  # where arrows stand: this factor outside the swept numbers


def by_train_pairs(params: Params, effects: pd.DataFrame) -> Figure:
    """Effects against the number of training pairs, from the table `sweeps/effects`."""
    title = "Effects on test accuracy against training pairs, in percentage points"
    names, architectures = list(effects["effect"].unique()), list(effects["architecture"].unique())
    if not names:
        return style.words(title, NOTHING, params)
    main = AVERAGE if AVERAGE in architectures else architectures[0]  # the one with intervals
    others = [name for name in architectures if name != main]
    counts = sorted(effects["train_pairs"].unique())
    figure, axes = style.grid(len(names), style.COLUMNS, 2.1, extra=1.2, sharex=True, sharey=True)
    for axis, name in zip(axes, names, strict=True):
        lay_out(axis, counts, params.data.train_pairs)
        axis.axhline(0, color=style.INK, linewidth=1)
        for architecture, group in effects[effects["effect"] == name].groupby("architecture", sort=False):
            mean = 100 * group.set_index("train_pairs")["mean_difference"]
            if architecture == main:
                arms = [mean - 100 * group["ci_low"].to_numpy(), 100 * group["ci_high"].to_numpy() - mean]
                look = {"color": style.ACCENT, "linewidth": 1.8, "marker": "o", "ms": 3, "capsize": 2, "zorder": 3}
                axis.errorbar(mean.index, mean, yerr=arms, **look)
            else:
                axis.plot(mean.index, mean, **_other(others.index(architecture)))
        axis.set_title(textwrap.fill(wording.label(name), 34))
    style.label_outer(axes, "training pairs", "difference (points)")
    marks = [Line2D([], [], color=style.ACCENT, linewidth=1.8, marker="o", ms=3, label=f"{main}, 95% interval")]
    marks += [Line2D([], [], label=name, **_other(place)) for place, name in enumerate(others)]
    text = (
        "Means of the differences within a seed, where all techniques see the same pairs; intervals are Student's, "
        "over seeds. An average is taken over architectures within a seed."
    )
    style.heading(figure, title, text, params, [*marks, study_mark()], columns=3, runs=seeds(effects))
    return figure


def _other(place: int) -> dict:
    """How the line of an architecture looks, by its place."""
    return {"color": "0.5", "linewidth": 1.1, "linestyle": DASHES[place % len(DASHES)]}


def worth(params: Params, worth: pd.DataFrame) -> Figure:
    """What techniques are worth in training pairs, from the table `sweeps/worth`."""
    own = f"{params.data.train_pairs:,}"
    title = f"How many training pairs take the reference to the technique's accuracy with {own}"
    names = list(worth["effect"].unique())
    if not names:
        return style.words(title, NOTHING, params)
    places = {name: place + 0.4 * (name == AVERAGE) for place, name in enumerate(worth["architecture"].unique())}
    fewest, most = worth["fewest"].min(), worth["most"].max()
    doublings = [fewest * 2**step for step in range(int(np.log2(most / fewest) + 1e-9) + 1)]
    figure, axes = style.grid(len(names), style.COLUMNS, 0.95 + 0.22 * len(places), extra=1.2, sharex=True, sharey=True)
    for axis, name in zip(axes, names, strict=True):
        lay_out(axis, doublings, params.data.train_pairs)
        axis.set_xlim(fewest / BEYOND**2, most * BEYOND**2)
        for row in worth[worth["effect"] == name].to_dict("records"):
            _row(axis, row, places[row["architecture"]])
        axis.set_title(wording.label(name), pad=15)
        middle = {"transform": axis.transAxes, "ha": "center", "va": "bottom", "fontsize": 6.6}
        axis.text(0.5, 1.02, wording.compared(name), **middle)
    axes[0].set_yticks(list(places.values()), list(places))
    axes[0].set_ylim(max(places.values()) + 0.6, -0.6)
    style.label_outer(axes, "training pairs of the reference", "")
    look = {"linestyle": "", "color": style.ACCENT}
    marks = [
        Line2D([], [], marker="D", label="estimate and 95% interval", **look),
        Line2D([], [], marker=">", label="outside the swept numbers", **look),
        study_mark(f"{own}, as many as the technique has"),
    ]
    text = (
        "Between swept numbers the reference's accuracy is taken to be linear in the logarithm of the number. "
        "Intervals speak of other seeds; one that ends in an arrow is not bounded within the sweep. Averages are taken "
        "over architectures within a seed."
    )
    style.heading(figure, title, text, params, marks, columns=3, runs=seeds(worth))
    return figure


def _row(axis: Axes, row: dict, y: float) -> None:
    """An estimate and its interval; arrows stand for what lies outside the swept numbers."""
    look = {"color": style.INK if row["architecture"] == AVERAGE else style.ACCENT, "zorder": 3}
    outside = (row["fewest"] / BEYOND, row["most"] * BEYOND)
    place = {name: float(np.clip(row[name], *outside)) for name in ("pairs", "pairs_low", "pairs_high")}
    axis.plot([place["pairs_low"], place["pairs_high"]], [y, y], linewidth=1.4, **look)
    for name, is_estimate in (("pairs_low", False), ("pairs_high", False), ("pairs", True)):
        marker = "<" if row[name] == 0 else ">" if np.isinf(row[name]) else "D" if is_estimate else "|"
        axis.plot([place[name]], [y], marker=marker, ms=4.5, linestyle="", **look)

"""Test accuracy of every run: a box and the points per technique, a panel per architecture."""

import warnings

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import MatplotlibDeprecationWarning
from matplotlib.figure import Figure

from pipeline import wording
from pipeline.figures import style
from pipeline.params import Params


def figure(params: Params, runs: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """The figure, from the tables of these names."""
    runs = runs.assign(percent=100 * runs["test_accuracy"]).dropna(subset="percent")
    techniques, colours = params.technique_names(), style.colours(params.technique_names())
    hollow = style.not_trained_out(summary)
    height = 0.5 + 0.2 * len(techniques)
    figure, axes = style.grid(len(params.architectures), style.COLUMNS, height, sharex=True, sharey=True)
    for axis, architecture in zip(axes, params.architectures, strict=True):
        panel = runs[runs["architecture"] == architecture]
        with warnings.catch_warnings():  # seaborn 0.13 still says `vert`, which matplotlib 3.13 will drop
            warnings.filterwarnings("ignore", "vert: bool", MatplotlibDeprecationWarning)
            box = {"color": "0.93", "linecolor": "0.45", "linewidth": 0.8, "width": 0.75, "fliersize": 0}
            sns.boxplot(data=panel, x="percent", y="technique", order=techniques, ax=axis, **box)
        places = panel["technique"].map(techniques.index)
        for _, run in panel.assign(place=places).groupby("seed"):
            style.thin_lines(axis, [run.sort_values("place")[["percent", "place"]].to_numpy()], zorder=2)
        for place, technique in enumerate(techniques):
            values = panel.loc[panel["technique"] == technique, "percent"]
            is_hollow = (architecture, technique) in hollow
            fill, edge = ("white", colours[technique]) if is_hollow else (colours[technique], "white")
            look = {"s": 15, "linewidths": 0.9 if is_hollow else 0.4, "zorder": 3}
            axis.scatter(values, np.full(len(values), place), facecolor=fill, edgecolor=edge, **look)
        axis.set_title(architecture)
    style.label_outer(axes, "test accuracy (%)", "")
    axes[0].set_yticks(np.arange(len(techniques)), [wording.label(name) for name in techniques])
    text = (
        "A point is a run, hollow where the combo is not trained out. A thin line joins the runs of one seed: the same "
        "pairs, technique by technique. A box spans the quartiles, with the median as a line; its whiskers reach to "
        "the last run within 1.5 interquartile ranges."
    )
    style.heading(figure, "Test accuracy after the last epoch", text, params)
    return figure

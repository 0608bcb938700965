"""Test accuracy of every run: a box and the points per technique, a panel per architecture."""

import warnings

import numpy as np
import seaborn as sns
from matplotlib import MatplotlibDeprecationWarning
from matplotlib.figure import Figure

from pipeline import wording
from pipeline.analysis import tables
from pipeline.figures import style
from pipeline.params import Params


def draw(params: Params) -> Figure:
    """The figure, from the table `runs`."""
    runs = tables.read("runs").assign(percent=lambda frame: 100 * frame["test_accuracy"])
    techniques = params.technique_names()
    figure, axes = style.grid(
        len(params.architectures), style.COLUMNS, 0.55 + 0.3 * len(techniques), sharex=True, sharey=True
    )
    for axis, architecture in zip(axes, params.architectures, strict=True):
        panel = runs[runs["architecture"] == architecture]
        look = {"data": panel, "x": "percent", "y": "technique", "order": techniques, "ax": axis}
        with warnings.catch_warnings():  # seaborn 0.13 still says `vert`, which matplotlib 3.13 will drop
            warnings.filterwarnings("ignore", "vert: bool", MatplotlibDeprecationWarning)
            sns.boxplot(**look, color="0.93", linecolor="0.45", linewidth=0.8, width=0.7, fliersize=0)
        places = panel["technique"].map(techniques.index)
        for _, run in panel.assign(place=places).groupby("seed"):
            style.thin_lines(axis, [run[["percent", "place"]].to_numpy()], zorder=2)
        sns.stripplot(
            **look,
            hue="technique",
            hue_order=techniques,
            palette=style.colours(techniques),
            jitter=False,
            edgecolor="white",
            linewidth=0.4,
            zorder=3,
        )
        axis.set_title(architecture)
    style.label_outer(axes, "test accuracy (%)", "")
    axes[0].set_yticks(np.arange(len(techniques)), [wording.label(name) for name in techniques])
    style.heading(
        figure,
        "Test accuracy after the last epoch",
        "A point is a run, and a thin line joins the runs of one seed: the same pairs, technique by technique. "
        "A box spans the quartiles, with the median as a line; its whiskers reach to the last run within 1.5 "
        "interquartile ranges.",
        params,
    )
    return figure

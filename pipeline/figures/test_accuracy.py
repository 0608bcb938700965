"""Test accuracy of every run: a box and the points per technique, a panel per architecture."""

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from pipeline.figures import style
from pipeline.pages import formats
from pipeline.params import Params

BOX, POINTS = -0.2, 0.18  # where they lie within a technique's row: the box above its points, so that both are seen


def figure(params: Params, runs: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """The figure, from the tables of these names."""
    runs = runs.assign(percent=100 * runs["test_accuracy"]).dropna(subset="percent")
    techniques, colours = params.technique_names(), style.colours(params.technique_names())
    runs = runs.assign(place=runs["technique"].map(techniques.index) + POINTS)
    hollow = style.not_converged(summary)
    height = 0.5 + 0.28 * len(techniques)
    figure, axes = style.grid(len(params.architectures), style.COLUMNS, height, sharex=True, sharey=True)
    for axis, architecture in zip(axes, params.architectures, strict=True):
        panel = runs[runs["architecture"] == architecture]
        style.thin_lines(
            axis, (run.sort_values("place")[["percent", "place"]].to_numpy() for _, run in panel.groupby("seed"))
        )
        for row, technique in enumerate(techniques):
            values, colour = panel.loc[panel["technique"] == technique, "percent"], colours[technique]
            line = {"color": style.INK, "linewidth": 0.8}
            parts = {"boxprops": line | {"facecolor": to_rgba(colour, 0.45)}, "whiskerprops": line, "capprops": line}
            parts |= {"medianprops": {"color": "black", "linewidth": 1.4}}
            look = {"widths": 0.34, "patch_artist": True, "showfliers": False, "manage_ticks": False, "zorder": 3}
            axis.boxplot(values, positions=[row + BOX], orientation="horizontal", **look, **parts)
            fill = "white" if (architecture, technique) in hollow else colour
            points = np.full(len(values), row + POINTS)
            axis.scatter(values, points, s=11, facecolor=fill, edgecolor=colour, linewidths=0.8, zorder=3)
        axis.set_title(architecture)
        axis.grid(visible=False, axis="y")
    style.label_outer(axes, "test accuracy (%)", "")
    axes[0].set_yticks(np.arange(len(techniques)), [formats.label(name) for name in techniques])
    axes[0].set_ylim(len(techniques) - 0.5, -0.5)
    text = (
        "A point is a run, hollow where the combo has not converged. A thin line joins the runs of one seed, which see "
        "the same pairs. A box spans the quartiles, with the median as a line; its whiskers reach to the last run "
        "within 1.5 interquartile ranges."
    )
    style.heading(figure, "Test accuracy after the last epoch", text, params)
    return figure

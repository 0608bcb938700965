"""Every candidate's cross-validated accuracy against its learning rate: a row of panels per architecture."""

import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline import wording
from pipeline.figures import style
from pipeline.params import Params
from pipeline.tuning.tuned import BEST, ONE_STANDARD_ERROR

DEPTH = 10  # points beneath the least accurate of the last rung that a row of panels shows
LOWER = {"marker": "v", "s": 16, "color": "0.6", "linewidths": 0, "clip_on": False}  # a candidate beneath that
SHADES = ("0.78", "0.5", "0.15")  # of candidates by the last rung that they were in: the first, between, the last
REPORT = {"marker": "s", "color": "none", "mec": style.INK, "mew": 1.1, "ms": 8}
CHOSEN = {
    ONE_STANDARD_ERROR: (
        {"marker": "o", "color": "none", "mec": "#0072b2", "mew": 1.4, "ms": 8},
        "one standard error",
    ),
    BEST: ({"marker": "*", "color": "#d55e00", "mec": "white", "mew": 0.5, "ms": 9}, "best"),
}


def figure(params: Params, candidates: pd.DataFrame, chosen: pd.DataFrame) -> Figure:
    """The figure, from the tables `tuning/candidates` and `tuning/chosen`."""
    architectures = list(candidates["architecture"].unique())
    techniques = [name for name in params.technique_names() if name in set(candidates["technique"])]
    figure, axes = style.grid(
        len(architectures) * len(techniques), len(techniques), 1.45, extra=1.3, sharex="row", sharey="row"
    )
    panels = ((architecture, technique) for architecture in architectures for technique in techniques)
    in_last_rung = candidates[candidates["rung"] == candidates["rung"].max()]
    floors = 100 * in_last_rung.groupby("architecture")["accuracy"].min() - DEPTH
    for axis, combo in zip(axes, panels, strict=True):
        _panel(axis, style.of_combo(candidates, *combo), style.of_combo(chosen, *combo), floors[combo[0]])
        if combo[0] == architectures[0]:
            axis.set_title(textwrap.fill(wording.label(combo[1]), 24), fontsize=8)
        if combo[1] == techniques[0]:
            axis.set_ylabel(f"{combo[0]}\naccuracy (%)", fontsize=8)
        axis.set_xlabel("learning rate" if combo[0] == architectures[-1] else "")
        axis.tick_params(labelsize=7)
    for axis, architecture in zip(axes[:: len(techniques)], architectures, strict=True):
        axis.set_ylim(bottom=floors[architecture])  # of a row, whose panels share it: once all are drawn
    rungs = candidates["rung"].max()
    names = ["left after the first rung", "later", "in the last rung"] if rungs > 1 else ["", "", "a candidate"]
    shown = range(3) if rungs > 2 else (0, 2) if rungs > 1 else (2,)
    marks = [Line2D([], [], linestyle="", marker="o", ms=4, color=SHADES[place], label=names[place]) for place in shown]
    marks.append(Line2D([], [], linestyle="", label="the report's own recipe", **REPORT))
    marks += [Line2D([], [], linestyle="", label=f"chosen: {name}", **look) for look, name in reversed(CHOSEN.values())]
    text = (
        "A dot is a recipe, with its accuracy in the last rung that it was in, at the best of its epochs: later rungs "
        "train longer, so that their dots tend to stand higher; triangles at the lower edge: still less accurate. "
        "Accuracies are cross-validated on training pairs of seeds that the study does not use; no test pair was read."
    )
    runs = "the same candidates and rungs for every technique"
    title = "Candidates: cross-validated accuracy against learning rate"
    style.heading(figure, title, text, params, marks, columns=3, runs=runs)
    return figure


def _panel(axis: Axes, candidates: pd.DataFrame, chosen: pd.DataFrame, floor: float) -> None:
    """One technique of one architecture: each candidate once, where it got to; at the lower edge if beneath `floor`."""
    last = candidates.sort_values("rung").groupby("candidate").tail(1).set_index("candidate")
    final = candidates["rung"].max()
    shades = [SHADES[2] if rung == final else SHADES[min(rung - 1, 1)] for rung in last["rung"]]
    accuracy = 100 * last["accuracy"]
    axis.scatter(last["learning_rate"], accuracy.where(accuracy >= floor), s=10, c=shades, linewidths=0, zorder=2)
    lower = last.loc[accuracy < floor, "learning_rate"]
    axis.scatter(lower, [floor] * len(lower), **LOWER)
    axis.plot(last.loc[[0], "learning_rate"], accuracy.loc[[0]], linestyle="", zorder=3, **REPORT)
    for recipe, (look, _) in CHOSEN.items():
        row = chosen[chosen["recipe"] == recipe].iloc[0]
        axis.plot([row["learning_rate"]], [accuracy[row["candidate"]]], linestyle="", zorder=4, **look)
    axis.set_xscale("log")
    axis.margins(x=0.08, y=0.14)

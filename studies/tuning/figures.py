"""The tuning's figures: effects by either recipe, and every candidate that took part."""

import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline.figures import style
from pipeline.pages import formats
from pipeline.params import Params
from studies.tuning.analysis import AVERAGES
from studies.tuning.halving import BEST, ONE_STANDARD_ERROR
from studies.tuning.settings import STUDY

LOOKS = {  # of effects, by recipe: how one is drawn, what it is called, how far below its architecture's row it stands
    STUDY: ({"color": "0.55", "marker": "o"}, "the study's recipe for all techniques", -0.24),
    BEST: ({"color": style.ACCENT, "marker": "D"}, "the best recipe for each technique", 0.0),
    ONE_STANDARD_ERROR: (
        {"color": style.ACCENT, "marker": "D", "mfc": "white"},
        "by the one-standard-error rule",
        0.24,
    ),
}
DEPTH = 10  # points below the least accurate of the last rung that a row of panels of candidates shows
LOWER = {"marker": "v", "s": 16, "color": "0.6", "linewidths": 0, "clip_on": False}  # a candidate below that
SHADES = ("0.78", "0.5", "0.15")  # of candidates by the last rung that they were in: the first, between, the last
REPORT = {"marker": "s", "color": "none", "mec": style.INK, "mew": 1.1, "ms": 8}
CHOSEN = {
    ONE_STANDARD_ERROR: (
        {"marker": "o", "color": "none", "mec": style.ACCENT, "mew": 1.4, "ms": 8},
        "one standard error",
    ),
    BEST: ({"marker": "*", "color": "#d55e00", "mec": "white", "mew": 0.5, "ms": 9}, "best"),
}


def effects(params: Params, effects: pd.DataFrame) -> Figure:
    """A panel per effect, a row per architecture, from the table `effects`; words alone where there is no effect."""
    title = "Effects on test accuracy by either recipe, in percentage points"
    names = list(effects["effect"].unique())
    if not names:
        return style.words(title, "No techniques are tuned that an effect compares.", params)
    listed = list(effects["architecture"].unique())
    places = {name: place + 0.4 * (name in AVERAGES) for place, name in enumerate(listed)}
    figure, axes = style.grid(len(names), style.COLUMNS, 1.0 + 0.34 * len(places), extra=1.2, sharey=True)
    for axis, name in zip(axes, names, strict=True):
        axis.axvline(0, color=style.INK, linewidth=1)
        first_average = min((places[name] for name in AVERAGES if name in places), default=None)
        if first_average is not None:
            axis.axhline(first_average - 0.7, color="0.8", linewidth=0.8)
        for row in effects[effects["effect"] == name].to_dict("records"):
            look, _, below = LOOKS[row["recipe"]]
            mean, low, high = (100 * row[column] for column in ("mean_difference", "ci_low", "ci_high"))
            bars = {"xerr": [[mean - low], [high - mean]], "capsize": 2, "elinewidth": 1.2, "linestyle": ""}
            axis.errorbar([mean], [places[row["architecture"]] + below], ms=4, **bars, **look)
        axis.set_title(textwrap.fill(formats.label(name), 34))
        axis.set_xlabel(textwrap.fill(formats.compared(name), 44), fontsize=7.5)
    axes[0].set_yticks(list(places.values()), list(places))
    axes[0].set_ylim(max(places.values()) + 0.6, -0.6)
    marks = [Line2D([], [], linestyle="", label=label, ms=4, **look) for look, label, _ in LOOKS.values()]
    text = (
        "Means of the differences within a seed, with 95% Student t intervals over seeds. Recipes were chosen on other "
        "training pairs, for each technique alone. Averages are taken within a seed: over all architectures, over "
        "those where every combo that is compared has converged with the study's recipe, and over the others. Each "
        "panel has a scale of its own."
    )
    runs = formats.counted(int(effects["runs"].max()), "seed")
    style.heading(figure, title, text, params, marks, columns=3, runs=runs)
    return figure


def candidates(params: Params, candidates: pd.DataFrame, chosen: pd.DataFrame) -> Figure:
    """Cross-validated accuracy against learning rate, a row of panels per architecture, from the tables so named."""
    architectures = list(candidates["architecture"].unique())
    techniques = [name for name in params.technique_names() if name in set(candidates["technique"])]
    panels = [(architecture, technique) for architecture in architectures for technique in techniques]
    options = {"extra": 1.3, "sharex": "row", "sharey": "row"}
    figure, axes = style.grid(len(panels), len(techniques), 1.45, **options)
    last_rung = candidates[candidates["rung"] == candidates["rung"].max()]
    floors = 100 * last_rung.groupby("architecture")["accuracy"].min() - DEPTH
    for axis, combo in zip(axes, panels, strict=True):
        _candidates_of(axis, style.of_combo(candidates, *combo), style.of_combo(chosen, *combo), floors[combo[0]])
        if combo[0] == architectures[0]:
            axis.set_title(textwrap.fill(formats.label(combo[1]), 24), fontsize=8)
        if combo[1] == techniques[0]:
            axis.set_ylabel(f"{combo[0]}\naccuracy (%)", fontsize=8)
        axis.set_xlabel("learning rate" if combo[0] == architectures[-1] else "")
        axis.tick_params(labelsize=7)
    for axis, architecture in zip(axes[:: len(techniques)], architectures, strict=True):
        axis.set_ylim(bottom=floors[architecture])  # of a row, whose panels share it: once all are drawn
    text = (
        "A dot is a recipe, with its accuracy in the last rung that it was in, at the best of its epochs. Later rungs "
        "train longer, so their dots tend to stand higher. Triangles at the lower edge are less accurate still. "
        "Accuracies are cross-validated on training pairs of seeds that the study does not use; no test pair was read."
    )
    runs = "the same candidates and rungs for every technique"
    title = "Candidates: cross-validated accuracy against learning rate"
    style.heading(figure, title, text, params, _marks(), columns=3, runs=runs)
    return figure


def _candidates_of(axis: Axes, candidates: pd.DataFrame, chosen: pd.DataFrame, floor: float) -> None:
    """One technique of one architecture: each candidate once, where it got to; at the lower edge if below `floor`."""
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


def _marks() -> list[Line2D]:
    """The legend of the candidates."""
    names = ("left after the first rung", "left later", "in the last rung")
    dots = [
        Line2D([], [], linestyle="", marker="o", ms=4, color=c, label=n) for c, n in zip(SHADES, names, strict=True)
    ]
    chosen = [Line2D([], [], linestyle="", label=f"chosen: {n}", **look) for look, n in reversed(CHOSEN.values())]
    return [*dots, Line2D([], [], linestyle="", label="the report's own recipe", **REPORT), *chosen]

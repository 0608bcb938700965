"""The tuning's figure: effects by either recipe."""

import textwrap

import pandas as pd
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
        {"color": style.ACCENT, "marker": "s"},
        "by the one-standard-error rule",
        0.24,
    ),
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

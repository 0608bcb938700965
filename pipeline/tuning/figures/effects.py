"""Effects with the study's recipes and with those chosen: a panel per effect, a row per architecture."""

import textwrap

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline import wording
from pipeline.figures import style
from pipeline.params import AVERAGE, Params
from pipeline.tuning.tuned import BEST, ONE_STANDARD_ERROR, STUDY

NOTHING = "No techniques are tuned that an effect compares."
LOOKS = {  # by recipe: how it is drawn, what it is called, and how far below its architecture's row it stands
    STUDY: ({"color": "0.55", "marker": "o"}, "the study's recipe for all techniques", -0.22),
    BEST: ({"color": style.ACCENT, "marker": "D"}, "the best recipe for each technique", 0.0),
    ONE_STANDARD_ERROR: (
        {"color": style.ACCENT, "marker": "D", "mfc": "white"},
        "by the one-standard-error rule",
        0.22,
    ),
}


def figure(params: Params, effects: pd.DataFrame) -> Figure:
    """The figure, from the table `tuning/effects`; words alone where there is no effect."""
    title = "Effects on test accuracy under both recipes, in percentage points"
    names = list(effects["effect"].unique())
    if not names:
        return style.words(title, NOTHING, params)
    places = {name: place + 0.4 * (name == AVERAGE) for place, name in enumerate(effects["architecture"].unique())}
    figure, axes = style.grid(len(names), style.COLUMNS, 1.0 + 0.33 * len(places), extra=1.2, sharey=True)
    for axis, name in zip(axes, names, strict=True):
        axis.axvline(0, color=style.INK, linewidth=1)
        if AVERAGE in places:
            axis.axhline(places[AVERAGE] - 0.7, color="0.8", linewidth=0.8)
        for row in effects[effects["effect"] == name].to_dict("records"):
            look, _, below = LOOKS[row["recipe"]]
            mean, low, high = (100 * row[column] for column in ("mean_difference", "ci_low", "ci_high"))
            arms = {"xerr": [[mean - low], [high - mean]], "capsize": 2, "elinewidth": 1.2, "linestyle": ""}
            axis.errorbar([mean], [places[row["architecture"]] + below], ms=4, **arms, **look)
        axis.set_title(textwrap.fill(wording.label(name), 34))
        axis.set_xlabel(textwrap.fill(wording.compared(name), 44), fontsize=7.5)
    axes[0].set_yticks(list(places.values()), list(places))
    axes[0].set_ylim(max(places.values()) + 0.6, -0.6)
    marks = [Line2D([], [], linestyle="", label=label, ms=4, **look) for look, label, _ in LOOKS.values()]
    text = (
        "Means of the differences within a seed, with 95% Student t intervals over seeds. Recipes were chosen on other "
        "training pairs, for each technique alone. An average is taken over architectures within a seed. Each panel "
        "has a scale of its own."
    )
    runs = wording.counted(int(effects["runs"].max()), "seed")
    style.heading(figure, title, text, params, marks, columns=3, runs=runs)
    return figure

"""What a technique adds: differences between runs of one seed, their mean and its interval, a panel per effect."""

import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline import wording
from pipeline.analysis import tables
from pipeline.figures import style
from pipeline.params import AVERAGE, Params


def draw(params: Params) -> Figure:
    """The figure, from the tables `effects` and `effect_runs`; words alone where no effect can be computed."""
    title = "Effects on test accuracy, in percentage points"
    effects, runs = tables.read("effects"), tables.read("effect_runs")
    names = list(effects["effect"].unique())
    if not names:
        return style.words(title, "params.yaml lists no techniques that an effect compares.", params)
    places = {name: place for place, name in enumerate(params.architectures)}
    if len(places) > 1:
        places[AVERAGE] = len(places) + 0.5  # set apart
    figure, axes = style.grid(len(names), 4, 1.25 + 0.22 * len(places), sharex=True, sharey=True)
    for axis, name in zip(axes, names, strict=True):
        axis.axvline(0, color=style.INK, linewidth=1)
        dots = runs[(runs["effect"] == name) & runs["architecture"].isin(places)]
        axis.scatter(100 * dots["difference"], dots["architecture"].map(places) - 0.18, s=7, color="0.6", linewidths=0)
        for row in effects[effects["effect"] == name].to_dict("records"):
            if row["architecture"] in places:
                _diamond(axis, row, places[row["architecture"]] + 0.12)
        axis.set_title(textwrap.fill(wording.label(name), 22))
        axis.set_xlabel(textwrap.fill(wording.compared(name), 36), fontsize=7.5)
    axes[0].set_yticks(list(places.values()), list(places))
    axes[0].set_ylim(max(places.values()) + 0.6, -0.6)
    style.heading(
        figure,
        title,
        "A dot is the difference within one seed, where all techniques see the same pairs; a diamond is the mean over "
        "seeds with its 95% Student t interval. Average: over architectures within a seed first, so that its interval "
        "speaks of other seeds, not of other architectures.",
        params,
    )
    return figure


def _diamond(axis: Axes, row: dict, y: float) -> None:
    """The mean of an effect and its interval, if it is defined; the average over architectures in ink."""
    mean, low, high = (100 * row[name] for name in ("mean_difference", "ci_low", "ci_high"))
    look = {"color": style.INK if row["architecture"] == AVERAGE else style.ACCENT, "zorder": 3}
    axis.errorbar([mean], [y], xerr=[[mean - low], [high - mean]], fmt="D", ms=4.5, capsize=3, elinewidth=1.4, **look)

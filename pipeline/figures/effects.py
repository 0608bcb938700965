"""What a technique adds: differences between runs of one seed, their mean and its interval, a panel per effect."""

import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline import wording
from pipeline.analysis.effects import AVERAGES
from pipeline.figures import style
from pipeline.params import Params


def figure(params: Params, effect_runs: pd.DataFrame, effects: pd.DataFrame) -> Figure:
    """The figure, from the tables of these names; words alone where no effect can be computed."""
    title = "Effects on test accuracy, in percentage points"
    names = list(effects["effect"].unique())
    if not names:
        return style.words(title, "params.yaml lists no techniques that an effect compares.", params)
    places = {name: float(place) for place, name in enumerate(params.architectures)}
    if len(places) > 1:
        shown = [name for name in AVERAGES if name in set(effects["architecture"])]
        places |= {name: len(places) + 0.5 + place for place, name in enumerate(shown)}  # set apart
    figure, axes = style.grid(len(names), 4, 1.05 + 0.2 * len(places), extra=1.2, sharex="row", sharey=True)
    for axis, name in zip(axes, names, strict=True):
        axis.axvline(0, color=style.INK, linewidth=1)
        dots = effect_runs[(effect_runs["effect"] == name) & effect_runs["architecture"].isin(places)]
        axis.scatter(100 * dots["difference"], dots["architecture"].map(places) - 0.18, s=6, color="0.6", linewidths=0)
        for row in effects[effects["effect"] == name].to_dict("records"):
            if row["architecture"] in places:
                _diamond(axis, row, places[row["architecture"]] + 0.12)
        axis.set_title(textwrap.fill(wording.label(name), 22))
        axis.set_xlabel(textwrap.fill(wording.compared(name), 32), fontsize=7.5)
        axis.tick_params(labelbottom=True)
    axes[0].set_yticks(list(places.values()), list(places))
    axes[0].set_ylim(max(places.values()) + 0.6, -0.6)
    marks = [
        Line2D([], [], linestyle="", marker="D", color=style.ACCENT, label="mean over seeds, 95% interval"),
        Line2D([], [], linestyle="", marker="D", color=style.ACCENT, mfc="white", label="some combo not trained out"),
        Line2D([], [], linestyle="", marker="D", color=style.INK, label="average over architectures"),
        Line2D([], [], color="0.8", linewidth=5, label="95% interval over architectures"),
    ]
    text = (
        "A dot is the difference within one seed, where all techniques see the same pairs; a diamond is the mean over "
        "seeds with its 95% Student t interval. Averages are taken over architectures within a seed first, so that "
        "their arms speak of other seeds alone; the grey band is a t interval over the architectures' means. Each "
        "row of panels has a scale of its own."
    )
    style.heading(figure, title, text, params, marks, columns=2)
    return figure


def _diamond(axis: Axes, row: dict, y: float) -> None:
    """The mean of an effect and its interval, if it is defined; averages in ink, over their band."""
    mean, low, high = (100 * row[name] for name in ("mean_difference", "ci_low", "ci_high"))
    is_average = row["architecture"] in AVERAGES
    if is_average:
        axis.plot([100 * row["spread_low"], 100 * row["spread_high"]], [y, y], color="0.8", linewidth=5, zorder=2)
    colour = style.INK if is_average else style.ACCENT
    look = {"color": colour, "mfc": colour if row["trained_out"] else "white", "zorder": 3}
    axis.errorbar([mean], [y], xerr=[[mean - low], [high - mean]], fmt="D", ms=4.2, capsize=2.5, elinewidth=1.3, **look)

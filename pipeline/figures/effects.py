"""What a technique adds: differences between runs of one seed, their mean and its interval, a panel per effect."""

import textwrap
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline.analysis.effects import AVERAGES
from pipeline.figures import style
from pipeline.pages import formats
from pipeline.params import Params

MAIN = ("weight_sharing", "aux_loss", "both", "interaction", "digit_derived")  # what the study asks first


def main(params: Params, effect_runs: pd.DataFrame, effects: pd.DataFrame) -> Figure:
    """The figure of the effects of MAIN, from the tables of these names."""
    return _figure("Effects on test accuracy, in percentage points", MAIN, params, effect_runs, effects)


def others(params: Params, effect_runs: pd.DataFrame, effects: pd.DataFrame) -> Figure:
    """The figure of all other effects."""
    names = [name for name in effects["effect"].unique() if name not in MAIN]
    return _figure("Further effects on test accuracy, in percentage points", names, params, effect_runs, effects)


def _figure(
    title: str, names: Sequence[str], params: Params, effect_runs: pd.DataFrame, effects: pd.DataFrame
) -> Figure:
    """Those of these effects that can be computed; words alone where there are none."""
    names = [name for name in names if name in set(effects["effect"])]
    if not names:
        return style.words(title, "params.yaml lists no techniques that such an effect compares.", params)
    places = {name: float(place) for place, name in enumerate(params.architectures)}
    if len(places) > 1:
        shown = [name for name in AVERAGES if name in set(effects["architecture"])]
        places |= {name: len(places) + 0.5 + place for place, name in enumerate(shown)}  # set apart
    figure, axes = style.grid(len(names), style.COLUMNS, 1.0 + 0.2 * len(places), extra=1.2, sharex="row", sharey=True)
    for axis, name in zip(axes, names, strict=True):
        axis.axvline(0, color=style.INK, linewidth=1)
        dots = effect_runs[(effect_runs["effect"] == name) & effect_runs["architecture"].isin(places)]
        axis.scatter(100 * dots["difference"], dots["architecture"].map(places) - 0.18, s=6, color="0.6", linewidths=0)
        for row in effects[effects["effect"] == name].to_dict("records"):
            if row["architecture"] in places:
                _diamond(axis, row, places[row["architecture"]] + 0.12)
        axis.set_title(textwrap.fill(formats.label(name), 24))
        axis.set_xlabel(textwrap.fill(formats.compared(name), 42), fontsize=7.5)
        axis.tick_params(labelbottom=True)
    axes[0].set_yticks(list(places.values()), list(places))
    axes[0].set_ylim(max(places.values()) + 0.6, -0.6)
    marks = [
        Line2D([], [], linestyle="", marker="D", color=style.ACCENT, label="mean over seeds, 95% interval"),
        Line2D([], [], linestyle="", marker="D", color=style.ACCENT, mfc="white", label="some combo has not converged"),
        Line2D([], [], linestyle="", marker="D", color=style.INK, label="average over architectures"),
        Line2D([], [], color="0.8", linewidth=5, label="95% interval over architectures"),
    ]
    text = (
        "A dot is the difference within one seed, where all techniques see the same pairs; a diamond is the mean over "
        "seeds with its 95% Student t interval. For an average, the bars cover variation over seeds and the grey band "
        "covers variation over architectures. Each row of panels has a scale of its own."
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
    look = {"color": colour, "mfc": colour if row["converged"] else "white", "zorder": 3}
    axis.errorbar([mean], [y], xerr=[[mean - low], [high - mean]], fmt="D", ms=4.2, capsize=2.5, elinewidth=1.3, **look)

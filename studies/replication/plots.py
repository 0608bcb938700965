"""The annex's figure: the published figures and ours."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline.figures import style
from pipeline.pages import formats
from pipeline.params import Params
from studies.replication.measured import main_figures

ROW = 0.225  # inches, of a published figure with its three marks
SHAPES = {"published": "o", "own": "D", "common": "s"}  # of a mean, by whose it is
SHIFTS = {"published": -0.26, "own": 0, "common": 0.26}  # from the row's middle


def published_and_ours(params: Params, figures: pd.DataFrame) -> Figure:
    """The published test accuracies beside ours by both protocols; and ours minus published, with what is expected."""
    rows = main_figures(figures)
    groups = "report " + rows["report"].astype(str) + ": " + rows["architecture"]
    ticks, heads, places = [], [], []
    for group, techniques in rows["technique"].groupby(groups, sort=False):
        heads.append(len(ticks))
        places += range(len(ticks) + 1, len(ticks) + 1 + len(techniques))
        ticks += [group, *map(formats.label, techniques)]
    figure, (left, right) = style.grid(2, 2, ROW * (len(ticks) + 3), extra=1.2, sharey=True)
    colours = style.colours(params.technique_names())
    right.axvline(0, color=style.INK, linewidth=1)
    for row, place in zip(rows.to_dict("records"), places, strict=True):
        colour = colours[row["technique"]]
        looks = {"published": "0.4", "own": colour, "common": _pale(colour)}
        for whose, shift in SHIFTS.items():
            mean, std = row[f"{whose}_mean"], row[f"{whose}_std"]
            _mark(left, place + shift, mean, mean - std, mean + std, SHAPES[whose], looks[whose], whose != "published")
            if whose != "published":
                low, high = (row[f"{whose}_prediction_{bound}"] - row["published_mean"] for bound in ("low", "high"))
                middle, within = row[f"{whose}_difference"], row[f"{whose}_within"]
                _mark(right, place + shift / 1.3, middle, low, high, SHAPES[whose], looks[whose], within)
    _label_rows((left, right), ticks, heads)
    left.set_xlabel("test accuracy (%)")
    right.set_xlabel(f"ours {formats.MINUS} published (percentage points)")
    marks = [
        Line2D([], [], marker=SHAPES["published"], color="0.4", mfc="white", label="published"),
        Line2D([], [], marker=SHAPES["own"], color=style.INK, label="ours, by the report's protocol"),
        Line2D([], [], marker=SHAPES["common"], color="0.7", label="ours, by the common protocol"),
    ]
    text = (
        "Left, mean ± standard deviation of the runs, in a technique's colour. Right, the difference of the means; its "
        "bar is the 95% prediction interval, in which the mean of another experiment of the report's size is to be "
        "expected, less the published mean. Where the bar contains 0, the published mean is consistent with ours "
        "(filled mark); elsewhere it is not (hollow mark)."
    )
    runs = f"as many runs as each report made (common protocol: {params.seeds})"
    style.heading(figure, "Published test accuracies, and ours by two protocols", text, params, marks, runs=runs)
    return figure


def _mark(
    axis: Axes, place: float, middle: float, low: float, high: float, shape: str, colour: str | tuple, filled: bool
) -> None:
    """A point and its bar, in percent; no bar where it is not defined."""
    axis.plot([100 * low, 100 * high], [place, place], color=colour, linewidth=1.3, zorder=2)
    look = {"marker": shape, "color": colour, "mfc": colour if filled else "white"}
    axis.plot(100 * middle, place, linestyle="", zorder=3, **look)


def _label_rows(axes: Sequence[Axes], ticks: list[str], heads: list[int]) -> None:
    """Label the places of axes that share them, heads in bold with a line above."""
    axes[0].set_ylim(len(ticks) - 0.4, -0.6)
    axes[0].set_yticks(range(len(ticks)), ticks)
    for head in heads:
        axes[0].get_yticklabels()[head].set_weight("bold")
    for axis in axes:
        axis.grid(visible=False, axis="y")
        for head in heads[1:]:
            axis.axhline(head - 0.5, color="0.85", linewidth=0.6)


def _pale(colour: str | tuple[float, float, float]) -> tuple[float, ...]:
    """The colour with as much white."""
    return tuple(0.45 * part + 0.55 for part in to_rgb(colour))

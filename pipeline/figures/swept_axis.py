"""What the figures of the sweeps share: the line at the study's own value, and ticks at swept values."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from pipeline import wording

STUDY = {"color": "0.45", "linestyle": (0, (1, 1.2)), "linewidth": 1.4, "zorder": 1}
LABELS = 8  # at most so many fit along the axis of a small panel


def mark_study(axis: Axes, value: float) -> None:
    """A logarithmic axis with a line at the study's own value."""
    axis.set_xscale("log")
    axis.axvline(value, **STUDY)


def study_mark(label: str = "the study's own value") -> Line2D:
    """That line, for a legend."""
    return Line2D([], [], label=label, **STUDY)


def label_values(axis: Axes, values: Sequence[float], form: str = "{:,.0f}", apart: dict[float, str] | None = None):
    """Ticks at those of the rising values that leave room for a label each, and at places with labels of their own."""
    room, shown = (values[-1] / values[0]) ** (1 / LABELS), list(values[:1])
    for value in values[1:]:
        if value >= shown[-1] * room:
            shown.append(value)
    apart = apart or {}
    axis.set_xticks([*apart, *shown], [*apart.values(), *map(form.format, shown)])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.tick_params(axis="x", labelsize=7)


def seeds(table: pd.DataFrame) -> str:
    """How many seeds a table's rows are of, for the note beneath a figure; `runs` is its number of them."""
    return wording.counted(int(table["runs"].max()), "seed")

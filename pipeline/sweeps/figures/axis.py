"""What the figures of the sweeps share: the line at the study's own value, and ticks at swept values."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from pipeline import wording

STUDY = {"color": "0.45", "linestyle": (0, (1, 1.2)), "linewidth": 1.4, "zorder": 1}
MARGIN = 1.3  # of a logarithmic axis beyond the swept values, as a factor


def lay_out(axis: Axes, values: Sequence[float], own: float) -> None:
    """A logarithmic axis for these rising values with a line at the study's own."""
    axis.set_xscale("log")
    axis.set_xlim(values[0] / MARGIN, values[-1] * MARGIN)
    axis.axvline(own, **STUDY)
    label_values(axis, values)


def study_mark(label: str = "the study's own value") -> Line2D:
    """That line, for a legend."""
    return Line2D([], [], label=label, **STUDY)


def label_values(axis: Axes, values: Sequence[float], labels: int = 8, apart: dict[float, str] | None = None) -> None:
    """Ticks at so many of the rising values, if they are that many, and at places `apart` with labels of their own."""
    room, shown = (values[-1] / values[0]) ** (1 / labels), list(values[:1])
    for value in values[1:]:
        if value >= shown[-1] * room:
            shown.append(value)
    apart = apart or {}
    axis.set_xticks([*apart, *shown], [*apart.values(), *(f"{value:,.6g}" for value in shown)])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.tick_params(axis="x", labelsize=7)


def seeds(table: pd.DataFrame) -> str:
    """How many seeds a table's rows are of, for the note beneath a figure; `runs` is its number of them."""
    return wording.counted(int(table["runs"].max()), "seed")

"""The figures of the sweeps: accuracy and effects, from point to point.

Numbers lie on a logarithmic axis, with value 0 apart and a line at the study's own; named points lie side by side.
"""

import textwrap
from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from pipeline.analysis.effects import AVERAGE_CONVERGED, CONTRASTS, DIGIT_DERIVED
from pipeline.figures import style
from pipeline.pages import formats
from pipeline.params import AVERAGE, Params
from studies.sweeps.swept import Sweep, Sweeps

STUDY = {"color": "0.45", "linestyle": (0, (1, 1.2)), "linewidth": 1.4, "zorder": 1}
MARGIN = 1.3  # of a logarithmic axis beyond the swept values, as a factor
APART = 3.5  # how far value 0 stands left of the smallest other value, as a factor
LABELS = 8  # at most so many numbers on an axis
MARKERS = "os^vDPX<>ph*"


def figures(sweeps: Sweeps) -> dict[str, tuple[Callable[..., Figure], tuple[str, ...]]]:
    """All figures by name: how each is drawn, which takes params and tables; and the names of those tables."""
    found = {}
    for name, sweep in sweeps.sweeps.items():
        found[f"{name}_accuracy"] = partial(accuracy, name, sweep), ("accuracy",)
        if effects_of(sweep):
            found[f"{name}_effects"] = partial(effects, name, sweep), ("effects",)
    return found


def effects_of(sweep: Sweep) -> list[str]:
    """The effects whose techniques it lists."""
    terms = {effect: {term.removeprefix(DIGIT_DERIVED) for term in of} for effect, of in CONTRASTS.items()}
    return [effect for effect, techniques in terms.items() if techniques <= set(sweep.techniques)]


def accuracy(sweep: str, about: Sweep, params: Params, accuracy: pd.DataFrame) -> Figure:
    """A panel per technique, from the table `accuracy`."""
    title = f"{about.title}: test accuracy by technique"
    rows = accuracy[accuracy["sweep"] == sweep].rename(columns={"technique": "panel", "mean_test_accuracy": "mean"})
    colours = style.colours(params.technique_names())
    panels = {name: colours[name] for name in colours if name in set(rows["panel"])}
    return _figure(title, (about.quantity or "", "test accuracy (%)"), params, rows, panels)


def effects(sweep: str, about: Sweep, params: Params, effects: pd.DataFrame) -> Figure:
    """A panel per effect, from the table `effects`."""
    title = f"{about.title}: effects on test accuracy, in percentage points"
    rows = effects[effects["sweep"] == sweep].rename(columns={"effect": "panel", "mean_difference": "mean"})
    rows = rows.dropna(subset="mean")
    points = rows.groupby("panel")["point"].transform("nunique")
    rows = rows[points == points.max()].assign(own=False)  # without what was not measured at every point
    panels = dict.fromkeys(rows["panel"].unique(), style.ACCENT)
    figure = _figure(title, (about.quantity or "", "difference (points)"), params, rows, panels)
    for axis in figure.axes:
        axis.axhline(0, color=style.INK, linewidth=1)
    return figure


def _figure(
    title: str, labels: tuple[str, str], params: Params, rows: pd.DataFrame, panels: dict[str, object]
) -> Figure:
    """`labels`: of the axes; `rows`: the table's, with columns `panel` and `mean`; `panels`: each average's colour."""
    rows = rows[rows["architecture"] != AVERAGE_CONVERGED]
    shown = set(rows["architecture"])
    looks = {name: _look(place) for place, name in enumerate(params.architectures) if name in shown}
    columns = 2 if len(panels) in (2, 4) else style.COLUMNS
    figure, axes = style.grid(len(panels), columns, 2.5, extra=1.3, sharex=True, sharey=True)
    for axis, (panel, colour) in zip(axes, panels.items(), strict=True):
        of_panel = rows[rows["panel"] == panel]
        places = lay_out(axis, of_panel)
        for architecture, group in of_panel.groupby("architecture", sort=False):
            _line(axis, group.assign(x=group["point"].map(places)).sort_values("x"), looks.get(architecture), colour)
        axis.set_title(textwrap.fill(formats.label(panel), 34))
    style.label_outer(axes, *labels)
    marks = [Line2D([], [], label=name, **look) for name, look in looks.items()]
    if AVERAGE in set(rows["architecture"]):
        marks.append(Line2D([], [], color=style.INK, linewidth=2.2, label="average, 95% interval over seeds"))
    if rows["own"].any() and rows["value"].notna().all():
        marks.append(Line2D([], [], label="the study's own value", **STUDY))
    text = (
        "A mark is the mean over an architecture's seeds, hollow where its combo has not converged. The average is "
        "always filled."
    )
    style.heading(figure, title, text, params, marks, columns=5, runs=seeds(rows))
    return figure


def _line(axis: Axes, rows: pd.DataFrame, look: dict | None, colour) -> None:
    """An architecture's line, hollow marks where it has not converged; the average's (without `look`) thick."""
    if look is None:
        bars = 100 * (rows["mean"] - rows["ci_low"]), 100 * (rows["ci_high"] - rows["mean"])
        thick = {"color": colour, "linewidth": 2.2, "capsize": 3, "marker": "o", "ms": 4, "zorder": 4}
        axis.errorbar(rows["x"], 100 * rows["mean"], yerr=bars, **thick)
        return
    axis.plot(rows["x"], 100 * rows["mean"], **look)
    weak = rows[~rows["converged"].astype(bool)]
    axis.plot(weak["x"], 100 * weak["mean"], **look | {"linestyle": "", "mfc": "white"})


def _look(place: int) -> dict:
    """An architecture's line and marks, by its place among the study's: the same in all figures."""
    return {"color": "0.5", "linewidth": 0.9, "marker": MARKERS[place % len(MARKERS)], "ms": 4.5, "zorder": 3}


def lay_out(axis: Axes, points: pd.DataFrame) -> dict[str, float]:
    """Lay out the x axis for these points, and mark the study's own; where each point is on it.

    `points`: columns `point`, `value` (NaN for named points) and `own`.
    """
    points = points.groupby("point", sort=False).agg({"value": "first", "own": "all"})
    if points["value"].isna().any():
        places = {name: float(place) for place, name in enumerate(points.index)}
        names = [formats.label(name) for name in places]
        axis.set_xticks(list(places.values()), names, fontsize=7, rotation=0 if len(names) < 5 else 40)
        axis.set_xlim(-0.4, len(places) - 0.6)
        return places
    values = sorted(points.loc[points["value"] > 0, "value"])
    axis.set_xscale("log")
    axis.set_xlim(values[0] / MARGIN, values[-1] * MARGIN)
    places = points["value"].to_dict()
    if 0 in places.values():
        apart = values[0] / APART
        axis.axvline(values[0] / APART**0.5, color="0.8", linewidth=0.8)
        axis.set_xlim(apart / APART**0.5, values[-1] * MARGIN)
        places = {name: value or apart for name, value in places.items()}
    label_values(axis, values, {place: "0" for place in places.values() if place < values[0]})
    for name in points.index[points["own"]]:
        axis.axvline(places[name], **STUDY)
    return places


def label_values(axis: Axes, values: Sequence[float], apart: dict[float, str]) -> None:
    """Ticks at LABELS of the rising values, if they are that many, and at places `apart` with labels of their own."""
    room, shown = (values[-1] / values[0]) ** (1 / LABELS), list(values[:1])
    for value in values[1:]:
        if value >= shown[-1] * room:
            shown.append(value)
    axis.set_xticks([*apart, *shown], [*apart.values(), *(f"{value:,.6g}" for value in shown)])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.tick_params(axis="x", labelsize=7)


def seeds(table: pd.DataFrame) -> str:
    """How many seeds a table's rows are of, for the note beneath a figure; `runs` is its number of them."""
    fewest, most = table.loc[table["runs"] > 0, "runs"].min(), table["runs"].max()
    return formats.counted(int(most), "seed") if fewest == most else f"{fewest:g} to {most:g} seeds"

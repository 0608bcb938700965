"""The figures of the sweeps: accuracy, effects and equivalents, from point to point.

Numbers lie on a logarithmic axis, with value 0 apart and a line at the study's own; named points lie side by side.
"""

import textwrap
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from pipeline.analysis.effects import AVERAGE_CONVERGED, CONTRASTS, DIGIT_DERIVED
from pipeline.figures import style
from pipeline.pages import formats
from pipeline.params import AVERAGE, Params
from studies.sweeps import swept
from studies.sweeps.swept import Sweep, Sweeps

STUDY = {"color": "0.45", "linestyle": (0, (1, 1.2)), "linewidth": 1.4, "zorder": 1}
MARGIN = 1.3  # of a logarithmic axis beyond the swept values, as a factor
APART = 3.5  # how far value 0 stands left of the smallest other value, as a factor
MEANING = "Thin lines join the runs of one seed, thick ones their means, with 95% intervals over seeds."
MARKERS = "os^vDPX<>ph*"
BEYOND = 1.25  # where arrows stand: this factor outside the swept values


def figures(study: Params, sweeps: Sweeps) -> dict[str, tuple[Callable[..., Figure], tuple[str, ...]]]:
    """All figures by name: how each is drawn, which takes params and tables; and the names of those tables."""
    found = {}
    for name, sweep in sweeps.sweeps.items():
        if sweep.is_numeric:
            found[f"{name}_accuracy"] = partial(accuracy_by_value, name, sweep), ("runs", "accuracy")
        else:
            found[f"{name}_accuracy"] = partial(accuracy_by_point, name, sweep), ("accuracy",)
        if effects_of(sweep):
            found[f"{name}_effects"] = partial(effects_by_point, name, sweep), ("effects",)
        if effects_of(sweep) and sweep.equivalent:
            own = swept.own_value(study, sweeps, name)
            found[f"{name}_equivalents"] = partial(equivalents, name, sweep, own), ("equivalents",)
    return found


def effects_of(sweep: Sweep) -> list[str]:
    """The effects whose techniques it lists."""
    terms = {effect: {term.removeprefix(DIGIT_DERIVED) for term in of} for effect, of in CONTRASTS.items()}
    return [effect for effect, techniques in terms.items() if techniques <= set(sweep.techniques)]


def accuracy_by_value(sweep: str, about: Sweep, params: Params, runs: pd.DataFrame, accuracy: pd.DataFrame) -> Figure:
    """The figure of this sweep over numbers; from the tables `runs` and `accuracy`."""
    runs, accuracy = (table[table["sweep"] == sweep] for table in (runs, accuracy))
    techniques = [name for name in params.technique_names() if name in set(runs["technique"])]
    colours, architectures = style.colours(params.technique_names()), list(runs["architecture"].unique())
    columns = 2 if len(architectures) in (2, 4) else style.COLUMNS
    figure, axes = style.grid(len(architectures), columns, 2.5, extra=1.1, sharex=True, sharey=True)
    for axis, architecture in zip(axes, architectures, strict=True):
        places = lay_out(axis, runs, labels=12)
        for technique in techniques:
            of_combo = (style.of_combo(table, architecture, technique) for table in (runs, accuracy))
            _technique(axis, places, *of_combo, colours[technique])
        axis.set_title(architecture)
    style.label_outer(axes, about.quantity, "test accuracy (%)")
    marks = [Line2D([], [], color=colours[name], linewidth=1.8, label=formats.label(name)) for name in techniques]
    size = f"{seeds(accuracy)}, a run of each for every technique and value"
    text = f"{MEANING} Value 0, if it is there, stands apart."
    style.heading(figure, f"{about.title}: test accuracy", text, params, [*marks, study_mark()], columns=3, runs=size)
    return figure


def _technique(axis: Axes, places: dict[str, float], runs: pd.DataFrame, means: pd.DataFrame, colour) -> None:
    """Runs thin and their means thick; those of value 0 by themselves, runs as dots."""
    runs, means = (table.assign(x=table["point"].map(places)).sort_values("x") for table in (runs, means))
    swept = runs[runs["value"] > 0].dropna(subset="test_accuracy")
    lines = (run[["x", "test_accuracy"]].to_numpy() * (1, 100) for _, run in swept.groupby("seed"))
    style.thin_lines(axis, lines, colors=[colour], alpha=0.4)
    look = {"color": colour, "linewidth": 1.8, "elinewidth": 1.2, "capsize": 2, "marker": "o", "zorder": 3}
    for size, group in ((3, means[means["value"] > 0]), (5, means[means["value"] == 0])):
        axis.errorbar(group["x"], 100 * group["mean_test_accuracy"], yerr=_half_widths(group), ms=size, **look)
    apart = runs[runs["value"] == 0].dropna(subset="test_accuracy")
    axis.scatter(0.8 * apart["x"], 100 * apart["test_accuracy"], s=5, color=colour, linewidths=0)


def _half_widths(rows: pd.DataFrame, mean: str = "mean_test_accuracy") -> Sequence[np.ndarray]:
    """How far the intervals over seeds reach below and above the means, in percent."""
    return [100 * (rows[mean] - rows["ci_low"]), 100 * (rows["ci_high"] - rows[mean])]


def accuracy_by_point(sweep: str, about: Sweep, params: Params, accuracy: pd.DataFrame) -> Figure:
    """Accuracy at the points of this sweep, from the table `accuracy`."""
    title = f"{about.title}: test accuracy by technique"
    colours = style.colours(params.technique_names())
    rows = accuracy[accuracy["sweep"] == sweep].rename(columns={"technique": "panel", "mean_test_accuracy": "mean"})
    panels = [name for name in params.technique_names() if name in set(rows["panel"])]
    return _figure(title, ("", "test accuracy (%)"), params, rows, {name: colours[name] for name in panels})


def effects_by_point(sweep: str, about: Sweep, params: Params, effects: pd.DataFrame) -> Figure:
    """Effects at the points of this sweep, from the table `effects`."""
    title = f"{about.title}: effects on test accuracy, in percentage points"
    rows = effects[effects["sweep"] == sweep].rename(columns={"effect": "panel", "mean_difference": "mean"})
    rows = rows[rows.groupby("panel")["mean"].transform("count") > 0].assign(own=False)
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
    architectures = [name for name in params.architectures if name in set(rows["architecture"])]
    looks = {name: _look(place) for place, name in enumerate(architectures)}
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
    marks += [study_mark()] if rows["own"].any() and rows["value"].notna().all() else []
    text = "A mark is the mean over an architecture's seeds; hollow where a combo has not converged."
    style.heading(figure, title, text, params, marks, columns=5, runs=seeds(rows))
    return figure


def _line(axis: Axes, rows: pd.DataFrame, look: dict | None, colour) -> None:
    """An architecture's line, hollow marks where it has not converged; the average's (without `look`) thick."""
    if look is None:
        thick = {"color": colour, "linewidth": 2.2, "capsize": 3, "marker": "o", "ms": 4, "zorder": 4}
        axis.errorbar(rows["x"], 100 * rows["mean"], yerr=_half_widths(rows, "mean"), **thick)
        return
    axis.plot(rows["x"], 100 * rows["mean"], **look)
    weak = rows[~rows["converged"].astype(bool)]
    axis.plot(weak["x"], 100 * weak["mean"], **look | {"linestyle": "", "mfc": "white"})


def _look(place: int) -> dict:
    """An architecture's line and marks, by its place."""
    return {"color": "0.5", "linewidth": 0.9, "marker": MARKERS[place % len(MARKERS)], "ms": 4.5, "zorder": 3}


def equivalents(sweep: str, about: Sweep, own: float, params: Params, table: pd.DataFrame) -> Figure:
    """The figure of this sweep over numbers; `own`: the study's number; `table`: equivalents."""
    rows = table[table["sweep"] == sweep]
    number = f"{own:,.6g}"
    names = list(rows["effect"].unique())
    places = {name: place + 0.4 * (name == AVERAGE) for place, name in enumerate(rows["architecture"].unique())}
    fewest, most = rows["fewest"].min(), rows["most"].max()
    doublings = [fewest * 2**step for step in range(int(np.log2(most / fewest) + 1e-9) + 1)]
    figure, axes = style.grid(len(names), 2, 1.05 + 0.22 * len(places), extra=1.2, sharex=True, sharey=True)
    for axis, name in zip(axes, names, strict=True):
        axis.set_xscale("log")
        axis.set_xlim(fewest / BEYOND**2 / MARGIN, most * BEYOND**2 * MARGIN)
        axis.axvline(own, **STUDY)
        label_values(axis, doublings)
        for row in rows[rows["effect"] == name].to_dict("records"):
            _equivalent(axis, row, places[row["architecture"]])
        axis.set_title(formats.compared(name).replace(" vs. ", "\nvs. "), fontsize=8)
    axes[0].set_yticks(list(places.values()), list(places))
    axes[0].set_ylim(max(places.values()) + 0.6, -0.6)
    style.label_outer(axes, f"{about.quantity} of the reference", "")
    look = {"linestyle": "", "color": style.ACCENT}
    marks = [
        Line2D([], [], marker="D", label="estimate and 95% interval", **look),
        Line2D([], [], marker=">", label="outside the swept numbers", **look),
        study_mark(f"{number}, as the technique has"),
    ]
    text = (
        "Between swept numbers the reference's accuracy is taken to be linear in its logarithm. Intervals "
        "cover variation over seeds; one that ends in an arrow is not bounded within the sweep. An average is of the "
        "architectures' accuracies, taken within a seed, and no average of the numbers above it."
    )
    title = f"With how many {about.quantity} the second technique is as accurate as the first with {number}"
    style.heading(figure, title, text, params, marks, columns=3, runs=seeds(rows))
    return figure


def _equivalent(axis: Axes, row: dict, y: float) -> None:
    """An estimate and its interval; arrows stand for what lies outside the swept numbers."""
    look = {"color": style.INK if row["architecture"] == AVERAGE else style.ACCENT, "zorder": 3}
    outside = (row["fewest"] / BEYOND, row["most"] * BEYOND)
    place = {name: float(np.clip(row[name], *outside)) for name in ("value", "value_low", "value_high")}
    axis.plot([place["value_low"], place["value_high"]], [y, y], linewidth=1.4, **look)
    for name, is_estimate in (("value_low", False), ("value_high", False), ("value", True)):
        marker = "<" if row[name] == 0 else ">" if np.isinf(row[name]) else "D" if is_estimate else "|"
        axis.plot([place[name]], [y], marker=marker, ms=4.5, linestyle="", **look)


def lay_out(axis: Axes, points: pd.DataFrame, labels: int = 8) -> dict[str, float]:
    """Lay out the x axis for these points, and mark the study's own; where each point is on it.

    `points`: columns `point`, `value` (NaN for named points) and `own`. At most so many numbers are labelled.
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
    label_values(axis, values, labels, {place: "0" for place in places.values() if place < values[0]})
    for name in points.index[points["own"]]:
        axis.axvline(places[name], **STUDY)
    return places


def study_mark(label: str = "the study's own value") -> Line2D:
    """The line at the study's own, for a legend."""
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
    fewest, most = table.loc[table["runs"] > 0, "runs"].min(), table["runs"].max()
    return formats.counted(int(most), "seed") if fewest == most else f"{fewest:g} to {most:g} seeds"

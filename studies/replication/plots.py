"""The annex's figures: published and ours, what each deviation does, and how the runs learn."""

import textwrap
from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from pipeline.figures import learning_curves as curves_of_study
from pipeline.figures import style
from pipeline.pages import formats
from pipeline.params import Params
from studies.replication.deviations import ADDED, ALL, ONLY, REMOVED
from studies.replication.measured import main_figures
from studies.replication.reports import MEASURES

ROW = 0.225  # inches, of a published figure with its three marks
RUNS = "as many runs as each report made"
SHAPES = {"published": "o", "own": "D", "common": "s"}  # of a mean, by whose it is
SHIFTS = {"published": -0.26, "own": 0, "common": 0.26}  # from the row's middle
WAYS = {REMOVED: ("o", -0.17), ADDED: ("s", 0.17), ONLY: ("D", 0), ALL: ("D", 0)}  # mark, and shift
APART = (*MEASURES, "all")  # they stand beneath the deviations, which are of a run's description
BAND = "0.92"
PUBLISHED = {"color": "black", "linewidth": 0.9, "linestyle": (0, (1, 1.2))}  # a published mean beside curves
NAMES = {"all": "all at once", "architecture": "layers of the network", "draw": "draw of pairs"}  # of deviations


def named(deviation: str) -> str:
    """A deviation, or several at once, in words: `aux weight and digit loss reads`."""
    return formats.listed([NAMES.get(field, field.replace("_", " ")) for field in deviation.split("+")])


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
    style.heading(figure, "Published test accuracies, and ours by two protocols", text, params, marks, runs=RUNS)
    return figure


def deviations(params: Params, table: pd.DataFrame, report: int) -> Figure:
    """What each deviation of a report does, removed alone and added alone: a panel per published row."""
    rows = table[table["report"] == report]
    names = [name for name in rows["deviation"].unique() if name not in APART]
    places = {name: float(place) for place, name in enumerate(names)}
    apart = [name for name in APART if name in set(rows["deviation"])]
    places |= {name: len(names) + 0.3 + place for place, name in enumerate(apart)}
    systems = rows[["architecture", "technique"]].drop_duplicates()
    columns = int(systems.groupby("architecture").size().max())
    height = 0.75 + 0.24 * (len(places) + 0.5)
    figure, axes = style.grid(len(systems), columns, height, extra=1.5, sharex="row", sharey=True)
    colours = style.colours(params.technique_names())
    for axis, (architecture, technique) in zip(axes, systems.itertuples(index=False), strict=True):
        axis.set_title(f"{architecture}\n{textwrap.fill(formats.label(technique), 22)}", fontsize=8)
        _effects(axis, style.of_combo(rows, architecture, technique), places, colours[technique])
        axis.set_xlabel("percentage points")
        axis.tick_params(labelbottom=True)
    labels = [textwrap.fill(named(name), 26) for name in places]
    axes[0].set_yticks(list(places.values()), labels)
    axes[0].set_ylim(max(places.values()) + 0.6, -0.6)
    few, many = rows["runs"].min(), rows["runs"].max()
    seeds = formats.counted(many, "seed") if few == many else f"{few} to {many} seeds"
    marks = [
        Line2D([], [], marker=WAYS[REMOVED][0], color=style.INK, mfc="white", label="removed from report's protocol"),
        Line2D([], [], marker=WAYS[ADDED][0], color=style.INK, mfc="white", label="added to common protocol"),
        Line2D([], [], marker=WAYS[ALL][0], color=style.INK, label="all, or only one"),
        Patch(facecolor=BAND, edgecolor="0.7", label="cause (filled)"),
    ]
    text = (
        "Mean over seeds of test accuracy with the deviation minus without it, with its 95% Student t interval: "
        "removed alone from the report's protocol, and added alone to the common protocol. It is a cause where both "
        "intervals lie on the same side of 0. A row's only deviation is one comparison, and so never called a cause. "
        "Epochs: accuracy read then, instead of after the last. Each row of panels has a scale of its own. A place "
        "stays empty where a row does not deviate, or where that can make no difference."
    )
    title = f"Report {report}: what each deviation from the common protocol does to test accuracy"
    style.heading(figure, title, text, params, marks, runs=seeds)
    return figure


def learning_curves(params: Params, table: pd.DataFrame, figures: pd.DataFrame) -> Figure:
    """Accuracies of the published rows' runs after each epoch: a row of panels per architecture, in its report."""
    architectures = main_figures(figures).groupby(["report", "architecture"], sort=False)
    columns = int(architectures.size().max())
    size = (style.WIDTH, 1.3 * len(architectures) + 1.5)
    options = {"figsize": size, "squeeze": False, "layout": "constrained", "sharex": "row", "sharey": True}
    figure, axes = plt.subplots(len(architectures), columns, **options)
    colours = style.colours(params.technique_names())
    for row, ((report, architecture), of_architecture) in zip(axes, architectures, strict=True):
        for axis, system in zip(row, of_architecture.to_dict("records"), strict=False):
            technique = system["technique"]
            curves_of_study.panel(axis, style.of_combo(table, architecture, technique), colours[technique])
            axis.axhline(100 * system["published_mean"], zorder=4, **PUBLISHED)
            axis.set_title(formats.label(technique), fontsize=7.5)
            axis.tick_params(labelbottom=True)
        for axis in row[len(of_architecture) :]:
            axis.remove()
        row[0].set_ylabel(f"report {report}\n{architecture}", weight="bold", fontsize=8)
    for axis in axes[-1]:
        axis.set_xlabel("epoch")
    axes[0, 0].set_ylim(50, 102)
    marks = [
        Line2D([], [], linewidth=1.6, color=style.INK, label="test (a technique's colour)"),
        Line2D([], [], label="training", **curves_of_study.TRAIN),
        Line2D([], [], label="published mean, test", **PUBLISHED),
    ]
    text = (
        "By the reports' own protocols. Thin lines are runs, thick ones their means; a run that diverges ends there. "
        "Training accuracy is taken from the batches as they passed, with dropout on; test accuracy after the epoch, "
        "as the report tests. Where a report publishes a best epoch instead of the last, its mean may lie above the "
        "end of the curve. Below 50 %, curves are cut off."
    )
    style.heading(figure, "Accuracy (%) after each epoch, as the reports trained", text, params, marks, runs=RUNS)
    return figure


def _effects(axis: Axes, rows: pd.DataFrame, places: dict[str, float], colour: str | tuple) -> None:
    """One row's deviations: an interval for each way, filled and on a band where the deviation is a cause."""
    axis.axvline(0, color=style.INK, linewidth=1)
    axis.grid(visible=False, axis="y")
    for row in rows.to_dict("records"):
        place, (shape, shift) = places[row["deviation"]], WAYS[row["way"]]
        if row["shown"]:
            axis.axhspan(place - 0.45, place + 0.45, color=BAND, zorder=0)
        whole = row["way"] in (ONLY, ALL)
        estimate = (row["mean_difference"], row["ci_low"], row["ci_high"])
        _mark(axis, place + shift, *estimate, shape, style.INK if whole else colour, whole or row["shown"])


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

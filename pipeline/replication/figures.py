"""The published figures by their own protocols: ours beside them, what departures do, and how the runs learn."""

import textwrap

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from pipeline import wording
from pipeline.figures import learning_curves as curves_of_study
from pipeline.figures import style
from pipeline.figures.published import group, label_rows, mark, placed
from pipeline.params import Params
from pipeline.protocols import MEASURES
from pipeline.replication import wording as say

ROW = 0.225  # inches, of a published figure with its three marks
RUNS = "as many runs as each report made"
SHAPES = {"published": "o", "our": "D", "study": "s"}  # of a mean, by whose it is
WAYS = {"put right": ("o", -0.17), "made": ("s", 0.17), "both": ("D", 0)}  # mark, and shift from the row's middle
APART = (*MEASURES, "all")  # they stand beneath the departures, which are of a run's description
BAND = "0.92"
PUBLISHED = {"color": "black", "linewidth": 0.9, "linestyle": (0, (1, 1.2))}  # a published mean beside curves


def published_and_ours(params: Params, figures: pd.DataFrame) -> Figure:
    """The published test accuracies, ours and the study's; and ours minus published with the prediction interval."""
    rows = say.main(figures)
    rows = rows.assign(group=group(rows), label=rows["technique"].map(wording.label), within=rows["within"].eq(True))
    for who in SHAPES:
        mean, std = rows[f"{who}_mean"], rows[f"{who}_std"].fillna(0)
        rows[f"{who}_low"], rows[f"{who}_high"] = mean - std, mean + std
    for bound in ("low", "high"):
        rows[f"room_{bound}"] = rows[f"prediction_{bound}"] - rows["published_mean"]
    rows, ticks, heads = placed(rows)

    figure, (left, right) = style.grid(2, 2, ROW * (len(ticks) + 3), extra=1.2, sharey=True)
    colours = style.colours(params.technique_names())
    right.axvline(0, color=style.INK, linewidth=1)
    for row in rows.to_dict("records"):
        colour = colours[row["technique"]]
        looks = {
            "published": {"color": "0.4", "mfc": "white"},
            "our": {"color": colour},
            "study": {"color": _pale(colour), "ms": 3.2},
        }
        for (who, look), shift in zip(looks.items(), (-0.26, 0, 0.26), strict=True):
            mark(left, row, (f"{who}_mean", f"{who}_low", f"{who}_high"), shift, marker=SHAPES[who], **look)
        look = {"marker": SHAPES["our"], "color": colour, "mfc": colour if row["within"] else "white"}
        mark(right, row, ("difference", "room_low", "room_high"), 0, **look)
        if not row["within"]:
            right.annotate("outside", (1.02, row["place"]), xycoords=("axes fraction", "data"), va="center", fontsize=8)
    label_rows((left, right), ticks, heads)
    left.set_xlabel("test accuracy (%)")
    right.set_xlabel(f"ours {wording.MINUS} published (percentage points)")
    names = {
        "published": ("published", {"color": "0.4", "mfc": "white"}),
        "our": ("ours, by the report's protocol", {"color": style.INK}),
        "study": ("controlled study", {"color": "0.7"}),
    }
    style.heading(
        figure,
        "Published test accuracies, and ours by the reports' own protocols",
        "Left, mean ± standard deviation of the runs, in a technique's colour; the controlled study is paler. Right, "
        "the difference of the means; its arms are the 95% prediction interval, in which the mean of another "
        "experiment of the report's size is to be expected, less the published mean. Where they hold nought, the "
        "published mean lies within (filled mark); elsewhere it was not reproduced (hollow mark, outside).",
        params,
        [Line2D([], [], marker=SHAPES[who], label=name, **look) for who, (name, look) in names.items()],
        runs=RUNS,
    )
    return figure


def departures(params: Params, table: pd.DataFrame, report: int) -> Figure:
    """What each departure of a report does, put right alone and made alone: a panel per published row."""
    rows = table[table["report"] == report]
    names = [name for name in rows["departure"].unique() if name not in APART]
    places = {name: float(place) for place, name in enumerate(names)}
    apart = [name for name in APART if name in set(rows["departure"])]
    places |= {name: len(names) + 0.3 + place for place, name in enumerate(apart)}
    systems = rows[["architecture", "technique"]].drop_duplicates()
    columns = int(systems.groupby("architecture").size().max())
    height = 0.75 + 0.24 * (len(places) + 0.5)
    figure, axes = style.grid(len(systems), columns, height, extra=1.5, sharex="row", sharey=True)
    colours = style.colours(params.technique_names())
    for axis, (architecture, technique) in zip(axes, systems.itertuples(index=False), strict=True):
        axis.set_title(f"{architecture}\n{textwrap.fill(wording.label(technique), 22)}", fontsize=8)
        of_system = style.of_combo(rows, architecture, technique)
        _effects(axis, of_system, places, colours[technique])
        axis.set_xlabel("percentage points")
        axis.tick_params(labelbottom=True)
    labels = [textwrap.fill(say.departure(name), 26) for name in places]
    axes[0].set_yticks(list(places.values()), labels)
    axes[0].set_ylim(max(places.values()) + 0.6, -0.6)
    few, many = rows["runs"].min(), rows["runs"].max()
    seeds = wording.counted(many, "seed") if few == many else f"{few} to {many} seeds"
    marks = [
        Line2D([], [], marker=WAYS["put right"][0], color=style.INK, mfc="white", label="put right alone"),
        Line2D([], [], marker=WAYS["made"][0], color=style.INK, mfc="white", label="made alone"),
        Line2D([], [], marker=WAYS["both"][0], color=style.INK, label="all at once"),
        Patch(facecolor=BAND, edgecolor="0.7", label="shown by both (filled marks)"),
    ]
    text = (
        "Mean over seeds of test accuracy with the departure minus without it, with its 95% Student t interval: put "
        "right in the report's protocol, where all else stays as published, and made in the study, where all else "
        "stays sound. An effect is shown where both stand clear of nought on the same side. Each row of panels has a "
        "scale of its own. A place stays empty where a system does not depart, or where that can make no difference."
    )
    title = f"Report {report}: what departures from the sound protocol do to test accuracy"
    style.heading(figure, title, text, params, marks, runs=seeds)
    return figure


def learning_curves(params: Params, table: pd.DataFrame, figures: pd.DataFrame) -> Figure:
    """Accuracies of the published rows' runs after each epoch: a row of panels per architecture, in its report."""
    systems = say.main(figures)
    architectures = systems.groupby(["report", "architecture"], sort=False)
    columns = int(architectures.size().max())
    figure, axes = plt.subplots(
        len(architectures),
        columns,
        figsize=(style.WIDTH, 1.3 * len(architectures) + 1.5),
        squeeze=False,
        layout="constrained",
        sharex="row",
        sharey=True,
    )
    colours = style.colours(params.technique_names())
    for row, ((report, architecture), of_architecture) in zip(axes, architectures, strict=True):
        for axis, system in zip(row, of_architecture.to_dict("records"), strict=False):
            technique = system["technique"]
            curves_of_study.panel(axis, say.of_row(table, system), colours[technique])
            axis.axhline(100 * system["published_mean"], zorder=4, **PUBLISHED)
            axis.set_title(wording.label(technique), fontsize=7.5)
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
    """One system's departures: an interval for each way, filled and on a band where the departure is shown."""
    axis.axvline(0, color=style.INK, linewidth=1)
    axis.grid(visible=False, axis="y")
    for row in rows.assign(shown=rows["shown"].eq(True)).to_dict("records"):
        shown, whole = row["shown"], row["departure"] == "all"
        place, (marker, shift) = places[row["departure"]], WAYS[row["way"]]
        if shown and not whole:
            axis.axhspan(place - 0.45, place + 0.45, color=BAND, zorder=0)
        ink = style.INK if whole else colour
        look = {"marker": marker, "color": ink, "mfc": ink if shown or whole else "white"}
        mark(axis, row | {"place": place}, ("mean_difference", "ci_low", "ci_high"), shift, **look)


def _pale(colour: str | tuple[float, float, float]) -> tuple[float, ...]:
    """The colour with as much white."""
    return tuple(0.45 * part + 0.55 for part in to_rgb(colour))

"""The published figures beside ours, a row per figure: accuracies, and gains of one technique over another."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline import wording
from pipeline.analysis.published import MARGIN
from pipeline.figures import style
from pipeline.params import Params

ROW = 0.185  # inches
MARKERS = {"agrees": "D", "higher": ">", "lower": "<", "unclear": "o"}  # of the difference, by verdict


def accuracies(params: Params, published_vs_ours: pd.DataFrame) -> Figure:
    """Published and our test accuracies, from the table of this name."""
    rows = published_vs_ours[published_vs_ours["measure"] != "train_accuracy"]
    marks = pd.DataFrame({"group": group(rows), "label": rows["technique"].map(wording.label)})
    for who in ("published", "our"):
        mean, std = rows[f"{who}_mean"], rows[f"{who}_std"].fillna(0)
        marks[[who, f"{who}_low", f"{who}_high"]] = pd.DataFrame({0: mean, 1: mean - std, 2: mean + std})
    marks = marks.join(rows[["technique", "difference", "ci_low", "ci_high", "verdict"]])
    title, unit = "Published test accuracies and ours", "test accuracy (%)"
    return _draw(marks, title, unit, "mean ± standard deviation of the runs", params)


def gains(params: Params, published_gains: pd.DataFrame) -> Figure:
    """What the reports conclude, from the table of this name."""
    rows = published_gains
    labels = rows["technique"].map(wording.label) + " vs. " + rows["reference"].map(wording.label)
    names = {"published_gain": "published", "our_gain": "our", "our_ci_low": "our_low", "our_ci_high": "our_high"}
    names |= {"published_ci_low": "published_low", "published_ci_high": "published_high"}
    marks = rows.assign(group=group(rows), label=labels).rename(columns=names)
    title, unit = "Published gains in test accuracy and ours", "gain (percentage points)"
    return _draw(marks, title, unit, "mean gain with its 95% interval", params)


def group(rows: pd.DataFrame) -> pd.Series:
    """The heading under which a row stands: its report and architecture."""
    best = rows["measure"].map({"best_test_accuracy": ", each run's best epoch"}).fillna("")
    return "report " + rows["report"].astype(str) + ": " + rows["architecture"] + best


def _draw(marks: pd.DataFrame, title: str, unit: str, what: str, params: Params) -> Figure:
    """Left the published estimate and ours, right their difference and its verdict; groups have a heading each."""
    if marks.empty:
        return style.words(title, "No report publishes figures for this data set and these combos.", params)
    marks, ticks, heads = placed(marks)
    figure, (left, right) = style.grid(2, 2, ROW * (len(ticks) + 3), extra=1.2, sharey=True)
    colours = style.colours(params.technique_names())
    right.axvspan(-100 * MARGIN, 100 * MARGIN, color="0.92", zorder=0)
    right.axvline(0, color=style.INK, linewidth=1)
    place = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": 8}
    for row in marks.to_dict("records"):
        colour = colours[row["technique"]]
        mark(left, row, ("published", "published_low", "published_high"), -0.16, marker="o", color="0.45", mfc="white")
        mark(left, row, ("our", "our_low", "our_high"), 0.16, marker="o", color=colour)
        fill = colour if row["verdict"] == "agrees" else "white"
        look = {"marker": MARKERS[row["verdict"]], "color": colour, "mfc": fill}
        mark(right, row, ("difference", "ci_low", "ci_high"), 0, **look)
        right.annotate(row["verdict"], (1.02, row["place"]), **place)
    label_rows((left, right), ticks, heads)
    left.set_xlabel(unit)
    right.set_xlabel(f"ours {wording.MINUS} published (percentage points)")
    style.heading(
        figure,
        title,
        f"Left, {what}. Right, the difference with its 95% Welch interval: descriptive, since protocols differ. "
        f"It agrees where the interval lies within ±{100 * MARGIN:g} points (grey band, filled mark), is higher or "
        "lower where it leaves out zero, and unclear otherwise.",
        params,
        [
            Line2D([], [], marker="o", color="0.45", mfc="white", label="published"),
            Line2D([], [], marker="o", color=style.INK, label="ours (a technique's colour)"),
        ],
    )
    return figure


def placed(marks: pd.DataFrame) -> tuple[pd.DataFrame, list[str], list[int]]:
    """The rows with their `place` from the top, the label at each place, and at which places a `group` has its head."""
    ticks = [line for head, rows in marks.groupby("group", sort=False) for line in (head, *rows["label"])]
    heads = [place for place, line in enumerate(ticks) if line in set(marks["group"])]
    return marks.assign(place=[place for place in range(len(ticks)) if place not in heads]), ticks, heads


def label_rows(axes: Sequence[Axes], ticks: list[str], heads: list[int]) -> None:
    """Label the places of axes that share them, heads in bold with a line above."""
    axes[0].set_ylim(len(ticks) - 0.4, -0.6)
    axes[0].set_yticks(range(len(ticks)), ticks)
    for head in heads:
        axes[0].get_yticklabels()[head].set_weight("bold")
    for axis in axes:
        axis.grid(visible=False, axis="y")
        for head in heads[1:]:
            axis.axhline(head - 0.5, color="0.85", linewidth=0.6)


def mark(axis: Axes, row: dict, columns: tuple[str, str, str], shift: float, **look) -> None:
    """A point and its arms, in percent; no arms where they are not defined."""
    middle, low, high = (100 * row[column] for column in columns)
    y = row["place"] + shift
    axis.plot([low, high], [y, y], color=look["color"], linewidth=1.3, zorder=2)
    axis.plot(middle, y, linestyle="", zorder=3, **look)

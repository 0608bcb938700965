"""What all figures share: the look, a technique's colour, panels, headings, and a file that is the same every time."""

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # before pyplot: no figure needs a screen

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from pipeline import wording
from pipeline.params import Params

WIDTH = 9.0  # inches, of every figure: 1,350 pixels, shown at about 900
DPI = 150
LEGEND_COLUMNS = 6
COLUMNS = 3  # panels side by side, where there is one per architecture
INK = "0.2"  # of what belongs to no technique
ACCENT = sns.color_palette("colorblind")[0]  # of estimates that belong to no technique
PALE = "0.75"  # of single runs
# Indices into seaborn's "colorblind" palette: the first six are those that stay apart for colour-blind readers, and no
# two like ones stand side by side.
_ORDER = [7, 0, 9, 1, 4, 3, 2, 5, 6, 8]


def use() -> None:
    """Set seaborn's theme for all figures that are drawn afterwards, with the font that comes with matplotlib."""
    plt.rcdefaults()  # not the user's own matplotlibrc
    sns.set_theme("paper", "whitegrid", "colorblind", font="DejaVu Sans")
    plt.rcParams.update({"axes.titlesize": 9, "axes.titleweight": "bold", "grid.linewidth": 0.6, "lines.markersize": 4})
    plt.rcParams.update({"figure.constrained_layout.h_pad": 0.07})


def colours(techniques: Sequence[str]) -> dict[str, tuple[float, float, float]]:
    """A technique's colour, in every figure: by its place in `Params.technique_names`; hues beyond ten techniques."""
    palette = sns.color_palette("colorblind")
    chosen = [palette[i] for i in _ORDER] if len(techniques) <= len(_ORDER) else sns.husl_palette(len(techniques))
    return dict(zip(techniques, chosen, strict=False))


def grid(panels: int, columns: int, height: float, extra: float = 0.9, **options) -> tuple[Figure, list[Axes]]:
    """A figure of `panels` axes in rows of at most `columns`; unused places stay empty.

    A row is `height` inches tall, and the heading takes `extra`; `options` go to plt.subplots.
    """
    columns = min(columns, panels)
    rows = -(-panels // columns)
    size = (WIDTH, rows * height + extra)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained", **options)
    for axis in axes.flat[panels:]:
        axis.remove()
    return figure, list(axes.flat[:panels])


def label_outer(axes: Sequence[Axes], x: str, y: str) -> None:
    """Label the axes of a grid at its edges alone: x where no panel lies beneath, y in the first column."""
    columns = axes[0].get_gridspec().ncols
    for place, axis in enumerate(axes):
        lowest = place + columns >= len(axes)
        axis.set(xlabel=x if lowest else "", ylabel="" if place % columns else y)
        axis.tick_params(labelbottom=lowest)


def heading(figure: Figure, title: str, text: str, params: Params, legend: Sequence[Artist] = ()) -> None:
    """Title and legend above the figure; beneath it what its marks mean, with the data set and the number of runs."""
    rows = -(-len(legend) // LEGEND_COLUMNS)
    figure.suptitle(title + "\n" * rows, x=0.01, ha="left", weight="bold", fontsize=11)  # room for the legend
    if legend:
        top = 1 - 0.24 / figure.get_figheight()
        look = {"frameon": False, "columnspacing": 1.4, "handletextpad": 0.5, "borderaxespad": 0.2}
        figure.legend(handles=legend, loc="upper left", bbox_to_anchor=(0, top), ncols=LEGEND_COLUMNS, **look)
    note = f"{wording.DATA_SETS[params.data.source]}, {wording.runs(params.runs)} per combo. {text}"
    figure.supxlabel(textwrap.fill(note, 150), x=0.01, ha="left", fontsize=8, color="0.35")


def thin_lines(axis: Axes, lines: Iterable[np.ndarray], **options) -> None:
    """One thin line per run; each of `lines` is points x (x, y)."""
    axis.add_collection(LineCollection(list(lines), **({"linewidths": 0.5, "colors": PALE, "zorder": 1} | options)))


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG and close it; without metadata, so that the same figure is the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    plt.close(figure)


def words(title: str, text: str, params: Params) -> Figure:
    """A figure of words alone, in place of one that has nothing to show."""
    figure = plt.figure(figsize=(WIDTH, 0.7), layout="constrained")
    heading(figure, title, text, params)
    return figure

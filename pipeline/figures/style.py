"""What all figures share: the look, a technique's colour, panels, headings, and a file that is the same every time."""

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from pipeline.analysis.tables import Tables
from pipeline.cli import say
from pipeline.datasets import DATA_SETS
from pipeline.pages import formats
from pipeline.params import Params

WIDTH = 8.5  # inches, of every figure
DPI = 160  # 1,360 pixels, which the page shows at 864
COLUMNS = 3  # panels side by side, where there is one per architecture
INK = "0.2"  # of what belongs to no technique
ACCENT = "#0072b2"  # of estimates that belong to no technique
PALE = "0.75"  # of single runs
# Any two are at least 13 apart in CIELAB, also as the colour-blind see them (Machado's matrices). baseline and
# weight_sharing are two blues, the two with auxiliary loss two oranges, the two of latent digits two purples.
COLOURS = ["#999999", "#0072b2", "#66c2f0", "#e69f00", "#c04000", "#d98bc4", "#7a1a6b", "#1b1b1b", "#3a9e6d", "#f0e442"]


def use() -> None:
    """Set seaborn's theme for all figures that are drawn afterwards, with the font that comes with matplotlib."""
    plt.rcdefaults()  # not the user's own matplotlibrc
    sns.set_theme("paper", "whitegrid", "colorblind", font="DejaVu Sans")
    plt.rcParams.update({"axes.titlesize": 9, "axes.titleweight": "bold", "grid.linewidth": 0.6, "lines.markersize": 4})
    plt.rcParams.update({"figure.constrained_layout.h_pad": 0.07})


def colours(techniques: Sequence[str]) -> dict[str, str | tuple[float, float, float]]:
    """A technique's colour, in every figure: by its place in `Params.technique_names`; hues beyond ten techniques."""
    chosen = COLOURS if len(techniques) <= len(COLOURS) else sns.husl_palette(len(techniques))
    return dict(zip(techniques, chosen, strict=False))


def of_combo(table: pd.DataFrame, architecture: str, technique: str) -> pd.DataFrame:
    """The rows of a table that are of this combo."""
    return table[(table["architecture"] == architecture) & (table["technique"] == technique)]


def not_converged(summary: pd.DataFrame) -> set[tuple[str, str]]:
    """Those combos, as (architecture, technique), from the table `summary`."""
    rows = summary[~summary["converged"]]
    return set(zip(rows["architecture"], rows["technique"], strict=True))


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


def heading(
    figure: Figure,
    title: str,
    text: str,
    params: Params,
    legend: Sequence[Artist] = (),
    columns: int = 4,
    runs: str | None = None,
) -> None:
    """Title and legend above the figure; beneath it what its marks mean, with the data set and the number of seeds.

    `runs` says how many runs there are, where that is not the study's number of seeds.
    """
    rows = -(-len(legend) // columns)
    figure.suptitle(title + "\n" * rows, x=0.01, ha="left", weight="bold", fontsize=11)  # room for the legend
    if legend:
        top = 1 - 0.24 / figure.get_figheight()
        look = {"frameon": False, "columnspacing": 1.4, "handletextpad": 0.5, "borderaxespad": 0.2}
        figure.legend(handles=legend, loc="upper left", bbox_to_anchor=(0, top), ncols=columns, **look)
    runs = f"{formats.counted(params.seeds, 'run')} per combo" if runs is None else runs
    note = f"{DATA_SETS[params.data.source].title}, {runs}. {text}"
    figure.supxlabel(textwrap.fill(note, 142), x=0.01, ha="left", fontsize=8, color="0.35")


def thin_lines(axis: Axes, lines: Iterable[np.ndarray], **options) -> None:
    """One thin line per run; each of `lines` is points x (x, y)."""
    axis.add_collection(LineCollection(list(lines), **({"linewidths": 0.5, "colors": PALE, "zorder": 1} | options)))


def draw(
    figures: Mapping[str, Callable[..., Figure]],
    sources: Mapping[str, Sequence[str]],
    tables: Tables,
    params: Params,
    folder: Path,
) -> None:
    """Draw every figure into the folder, from params and those tables that `sources` names, and print its path."""
    use()
    for name, made_by in figures.items():
        path = folder / f"{name}.png"
        save(made_by(params, *map(tables.read, sources[name])), path)
        say(str(path))


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

"""Learning curves: accuracies after each epoch, every run and their mean, a panel per combo."""

import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from pipeline.figures import style
from pipeline.pages import formats
from pipeline.params import Params

TRAIN = {"color": style.INK, "linestyle": (0, (3, 1.2)), "linewidth": 0.8}
DIGIT_DERIVED = {"color": "#00a050", "linestyle": (0, (1, 1)), "linewidth": 1.8}  # a colour of no technique
SHADE = "0.93"


def figure(params: Params, curves: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """The figure, from the tables of these names: a row per architecture, a column per technique."""
    techniques, colours = params.technique_names(), style.colours(params.technique_names())
    shaded = style.not_converged(summary)
    figure, axes = style.grid(len(params.combos()), len(techniques), 1.05, extra=1.6, sharex="row", sharey=True)
    for axis, combo in zip(axes, params.combos(), strict=True):
        name = (combo.architecture, combo.technique)
        panel(axis, style.of_combo(curves, *name), colours[combo.technique])
        if name in shaded:
            axis.set_facecolor(SHADE)
    axes[0].set_ylim(top=102)
    for axis, technique in zip(axes, techniques, strict=False):
        axis.set_title(textwrap.fill(formats.label(technique), 14), fontsize=8)
    for axis, architecture in zip(axes[:: len(techniques)], params.architectures, strict=True):
        axis.set_ylabel(architecture, weight="bold", fontsize=8)
    for axis in axes[-len(techniques) :]:
        axis.set_xlabel("epoch")
    marks = [
        Line2D([], [], linewidth=1.6, color=colours[techniques[-1]], label="test (a technique's colour)"),
        Line2D([], [], label="training", **TRAIN),
        Line2D([], [], label="test, digit-derived", **DIGIT_DERIVED),
        Patch(facecolor=SHADE, edgecolor="0.7", label="not converged"),
    ]
    text = (
        "Thin lines are runs, thick ones their means; a run that diverges ends there. Training accuracy is taken from "
        "the batches as they passed, with dropout on; test accuracy after the epoch, with dropout off. Digit-derived: "
        "the answer from comparing the two digits that a network reads, where it answers in another way."
    )
    style.heading(figure, "Accuracy (%) after each epoch", text, params, marks)
    return figure


def panel(axis: Axes, curves: pd.DataFrame, colour: str | tuple[float, float, float]) -> None:
    """One combo: each run's curves thin, their means thick, as far as they are there; with a single epoch, dots."""
    epochs = curves["epoch"].max()
    dot = "o" if epochs == 1 else ""
    looks = {
        "train_accuracy": (TRAIN, {}),
        "test_accuracy": ({"color": colour, "linewidth": 1.6}, {"colors": [colour], "alpha": 0.4}),
        "digit_derived_accuracy": (DIGIT_DERIVED, {}),
    }
    for name, (look, thin) in looks.items():
        if name not in curves:
            continue
        known = curves.dropna(subset=name).assign(percent=lambda frame, name=name: 100 * frame[name])
        if known.empty:
            continue
        if name != "digit_derived_accuracy":
            style.thin_lines(axis, (run[["epoch", "percent"]].to_numpy() for _, run in known.groupby("seed")), **thin)
        mean = known.groupby("epoch")["percent"].mean()
        axis.plot(mean.index, mean, marker=dot, **look)
    axis.set_xlim(0.5, epochs + 0.5)
    axis.tick_params(labelsize=7, pad=1)
    axis.xaxis.set_major_locator(MaxNLocator(3, integer=True, min_n_ticks=1))

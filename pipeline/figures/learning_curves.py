"""Learning curves: accuracy after each epoch, training and test, every run and their mean, a panel per combo."""

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from pipeline import wording
from pipeline.analysis import measured
from pipeline.figures import style
from pipeline.params import Params
from pipeline.records import Curves

TRAIN = {"color": style.INK, "linestyle": (0, (2, 1)), "linewidth": 1}


def draw(params: Params) -> Figure:
    """The figure, from the records of all runs: a row per architecture, a column per technique."""
    techniques, colours = params.technique_names(), style.colours(params.technique_names())
    figure, axes = style.grid(len(params.combos()), len(techniques), 1.1, extra=1.6, sharex="row", sharey=True)
    records = measured.read_records(params)
    for axis, combo in zip(axes, params.combos(), strict=True):
        of_combo = [r for r in records if (r.architecture, r.technique) == (combo.architecture, combo.technique)]
        _panel(axis, [run.curves for run in of_combo], colours[combo.technique])
    axes[0].set_ylim(top=102)
    for axis, technique in zip(axes, techniques, strict=False):
        axis.set_title(textwrap.fill(wording.label(technique), 16), fontsize=8)
    for axis, architecture in zip(axes[:: len(techniques)], params.architectures, strict=True):
        axis.set_ylabel(architecture, weight="bold", fontsize=7.5)
    for axis in axes[-len(techniques) :]:
        axis.set_xlabel("epoch")
    marks = [
        Line2D([], [], linewidth=1.6, color=style.INK, label="test (a technique's colour)"),
        Line2D([], [], label="training", **TRAIN),
    ]
    style.heading(
        figure,
        "Accuracy (%) after each epoch",
        "Thin lines are runs. Training accuracy is taken from the batches as they passed, with dropout on; test "
        "accuracy after the epoch, with dropout off.",
        params,
        marks,
    )
    return figure


def _panel(axis: Axes, runs: list[Curves], colour: tuple[float, float, float]) -> None:
    """One combo: each run's two curves thin, their means bold; with a single epoch, dots."""
    epochs = np.arange(1, len(runs[0].test_accuracy) + 1)
    dot = "o" if len(epochs) == 1 else ""
    train = 100 * np.array([curves.train_accuracy for curves in runs], dtype=float)  # (runs, epochs)
    test = 100 * np.array([curves.test_accuracy for curves in runs], dtype=float)
    style.thin_lines(axis, (np.column_stack([epochs, run]) for run in train))
    style.thin_lines(axis, (np.column_stack([epochs, run]) for run in test), colors=[colour], alpha=0.4)
    axis.plot(epochs, train.mean(axis=0), marker=dot, **TRAIN)
    axis.plot(epochs, test.mean(axis=0), color=colour, linewidth=1.6, marker=dot)
    axis.set_xlim(0.5, len(epochs) + 0.5)
    axis.tick_params(labelsize=7, pad=1)
    axis.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))

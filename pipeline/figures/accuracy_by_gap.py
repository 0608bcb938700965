"""Test accuracy by how far the two digits are apart, a panel per architecture, a line per technique."""

import pandas as pd
from matplotlib.figure import Figure

from pipeline.figures import style
from pipeline.pages import formats
from pipeline.params import Params

MARKERS = "osD^vPX<>*"


def figure(params: Params, gaps: pd.DataFrame) -> Figure:
    """The figure, from the table of this name."""
    techniques, colours = params.technique_names(), style.colours(params.technique_names())
    figure, axes = style.grid(len(params.architectures), style.COLUMNS, 2.1, sharex=True, sharey=True)
    for axis, architecture in zip(axes, params.architectures, strict=True):
        for technique, marker in zip(techniques, MARKERS * len(techniques), strict=False):
            line = style.of_combo(gaps, architecture, technique).dropna()
            axis.plot(
                line["gap"],
                100 * line["test_accuracy"],
                color=colours[technique],
                marker=marker,
                markersize=3,
                linewidth=1,
                label=formats.label(technique),
            )
        axis.set_title(architecture)
    style.label_outer(axes, f"first digit {formats.MINUS} second digit", "test accuracy (%)")
    axes[0].set_xticks(range(-9, 10, 3))
    pairs = gaps.groupby("gap")["pairs"].max()
    style.heading(
        figure,
        "Test accuracy by the gap between the digits",
        f"After the last epoch, pooled over the runs of a combo: from {pairs.min():,} pairs at the rarest gap to "
        f"{pairs.max():,} at the commonest. Left of 0, the first digit is smaller; at 0, the digits are equal.",
        params,
        axes[0].get_legend_handles_labels()[0],
    )
    return figure

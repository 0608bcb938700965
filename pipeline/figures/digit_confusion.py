"""Which digits the encoders mistake for which, a panel per technique that reads digits, all architectures together."""

import textwrap

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from pipeline.figures import style
from pipeline.pages import formats
from pipeline.params import Params


def figure(params: Params, confusion: pd.DataFrame) -> Figure:
    """The figure, from the table of this name; words alone where no technique reads digits."""
    title = "Digits as the encoders read them"
    techniques = [name for name in params.technique_names() if name in set(confusion["technique"])]
    if not techniques:
        return style.words(title, "No technique of params.yaml trains its encoders to read digits.", params)
    shares = {}
    for technique in techniques:
        table = (
            confusion[confusion["technique"] == technique].pivot_table("count", "digit", "predicted", "sum").to_numpy()
        )
        shares[technique] = 100 * table / table.sum(axis=1, keepdims=True).clip(min=1)  # of each digit's images
    errors = {technique: np.where(np.eye(10), np.nan, share) for technique, share in shares.items()}
    worst = max(np.nanmax(table) for table in errors.values())
    shade = PowerNorm(0.5, vmin=0, vmax=worst or 1)  # the square root: small shares stay apart beside large ones
    figure, axes = style.grid(len(techniques), style.COLUMNS, 3.1, extra=1.1, sharex=True, sharey=True)
    for axis, technique in zip(axes, techniques, strict=True):
        sns.heatmap(errors[technique], norm=shade, cmap="Blues", square=True, cbar=False, ax=axis)
        for (digit, predicted), share in np.ndenumerate(shares[technique]):
            if share >= 0.1:
                look = {"ha": "center", "va": "center", "fontsize": 6}
                colour = "white" if share > 0.36 * worst and digit != predicted else style.INK
                axis.text(
                    predicted + 0.5,
                    digit + 0.5,
                    f"{share:.0f}" if share >= 9.95 else f"{share:.1f}",
                    color=colour,
                    **look,
                )
        axis.tick_params(rotation=0)
        axis.grid(visible=False)
        axis.set_title(textwrap.fill(formats.label(technique), 34))
    style.label_outer(axes, "digit read", "digit shown")
    text = (
        "Percent of a digit's test images, both images of a pair and all architectures together, after the last "
        "epoch; shares below 0.1 are left out. The darker, the more are mistaken; the diagonal is what is read right."
    )
    style.heading(figure, title, text, params)
    return figure

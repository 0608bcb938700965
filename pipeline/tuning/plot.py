"""Stage `plot` of the tuning: draw the tuning's figures.

Reads params.yaml, studies/tuning/params.yaml and reports/tuning/*.csv; writes reports/tuning/figures/*.png.
"""

from collections.abc import Callable

from matplotlib.figure import Figure

from pipeline.figures import style
from pipeline.script import run_script
from pipeline.tuning import tuned
from pipeline.tuning.figures import candidates, effects
from pipeline.tuning.figures.sources import TABLES

FIGURES: dict[str, Callable[..., Figure]] = {  # each takes params, then its TABLES
    "effects": effects.figure,
    "candidates": candidates.figure,
}


def main() -> None:
    """Draw every figure of FIGURES."""
    study, _ = tuned.load()
    style.draw(FIGURES, TABLES, study, tuned.FIGURES)


if __name__ == "__main__":
    run_script(main)

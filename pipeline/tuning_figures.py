"""Stage `tuning_figures`: draw the tuning's figures.

Reads params.yaml, studies/tuning/params.yaml and reports/tuning/*.csv; writes reports/tuning/figures/*.png.
"""

from collections.abc import Callable

from matplotlib.figure import Figure

from pipeline import tuned
from pipeline.figures import style, tuned_candidates, tuned_effects
from pipeline.figures.tuned_sources import TABLES
from pipeline.script import run_script

FIGURES: dict[str, Callable[..., Figure]] = {  # each takes params, then its TABLES
    "effects": tuned_effects.figure,
    "candidates": tuned_candidates.figure,
}


def main() -> None:
    """Draw every figure of FIGURES."""
    study, _ = tuned.load()
    style.draw(FIGURES, TABLES, study, tuned.FIGURES)


if __name__ == "__main__":
    run_script(main)

"""Stage `plot` of the sweeps: draw the sweeps' figures.

Reads params.yaml, studies/sweeps/params.yaml and reports/sweeps/*.csv; writes reports/sweeps/figures/*.png.
"""

from collections.abc import Callable

from matplotlib.figure import Figure

from pipeline.figures import style
from pipeline.script import run_script
from pipeline.sweeps import swept
from pipeline.sweeps.figures import accuracy, effects
from pipeline.sweeps.figures.sources import TABLES

FIGURES: dict[str, Callable[..., Figure]] = {  # each takes params, then its TABLES
    "worth": effects.worth,
    "train_pairs": accuracy.by_train_pairs,
    "effects": effects.by_train_pairs,
    "aux_weight": accuracy.by_aux_weight,
}


def main() -> None:
    """Draw every figure of FIGURES."""
    study, _ = swept.load()
    style.draw(FIGURES, TABLES, study, swept.FIGURES)


if __name__ == "__main__":
    run_script(main)

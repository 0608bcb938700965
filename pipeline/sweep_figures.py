"""Stage `plot` of the sweeps: draw the sweeps' figures.

Reads params.yaml, studies/sweeps/params.yaml and reports/sweeps/*.csv; writes reports/sweeps/figures/*.png.
"""

from collections.abc import Callable

from matplotlib.figure import Figure

from pipeline import swept
from pipeline.figures import style, swept_accuracy, swept_effects
from pipeline.figures.swept_sources import TABLES
from pipeline.script import run_script

FIGURES: dict[str, Callable[..., Figure]] = {  # each takes params, then its TABLES
    "worth": swept_effects.worth,
    "train_pairs": swept_accuracy.by_train_pairs,
    "effects": swept_effects.by_train_pairs,
    "aux_weight": swept_accuracy.by_aux_weight,
}


def main() -> None:
    """Draw every figure of FIGURES."""
    study, _ = swept.load()
    style.draw(FIGURES, TABLES, study, swept.FIGURES)


if __name__ == "__main__":
    run_script(main)

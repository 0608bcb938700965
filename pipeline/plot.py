"""Stage `plot`: draw every figure. Reads params.yaml and reports/*.csv; writes reports/figures/*.png."""

from collections.abc import Callable

from matplotlib.figure import Figure

from pipeline import params, paths
from pipeline.figures import accuracy_by_gap, digit_confusion, effects, learning_curves, published, style, test_accuracy
from pipeline.figures.sources import TABLES
from pipeline.script import run_script

FIGURES: dict[str, Callable[..., Figure]] = {  # each takes params, then its TABLES
    "test_accuracy": test_accuracy.figure,
    "effects": effects.figure,
    "learning_curves": learning_curves.figure,
    "accuracy_by_gap": accuracy_by_gap.figure,
    "digit_confusion": digit_confusion.figure,
    "published_vs_ours": published.accuracies,
    "published_gains": published.gains,
}


def main() -> None:
    """Draw every figure of FIGURES."""
    style.draw(FIGURES, TABLES, params.load(), paths.FIGURES)


if __name__ == "__main__":
    run_script(main)

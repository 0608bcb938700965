"""Stage `plot`: draw every figure. Reads params.yaml and reports/*.csv; writes reports/figures/*.png."""

from pipeline import params, paths
from pipeline.analysis.tables import STUDY
from pipeline.cli import run_script
from pipeline.figures import accuracy_by_gap, digit_confusion, effects, learning_curves, style, test_accuracy
from pipeline.figures.sources import TABLES

FIGURES = {  # functions of params and their TABLES
    "test_accuracy": test_accuracy.figure,
    "effects": effects.main,
    "further_effects": effects.others,
    "learning_curves": learning_curves.figure,
    "accuracy_by_gap": accuracy_by_gap.figure,
    "digit_confusion": digit_confusion.figure,
}


def main() -> None:
    """Draw every figure of FIGURES."""
    style.draw(FIGURES, TABLES, STUDY, params.load(), paths.FIGURES)


if __name__ == "__main__":
    run_script(main, arguments=False)

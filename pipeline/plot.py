"""Stage `plot`: draw every figure. Reads params.yaml, reports/*.csv and reports/runs; writes reports/figures/*.png."""

from collections.abc import Callable

from matplotlib.figure import Figure

from pipeline import params, paths
from pipeline.figures import accuracy_by_gap, digit_confusion, effects, learning_curves, published, style, test_accuracy
from pipeline.params import Params
from pipeline.script import run_script

FIGURES: dict[str, Callable[[Params], Figure]] = {
    "test_accuracy": test_accuracy.draw,
    "learning_curves": learning_curves.draw,
    "effects": effects.draw,
    "accuracy_by_gap": accuracy_by_gap.draw,
    "digit_confusion": digit_confusion.draw,
    "published_vs_ours": published.draw_accuracies,
    "published_gains": published.draw_gains,
}


def main() -> None:
    """Draw every figure of FIGURES."""
    study = params.load()
    style.use()
    for name, draw in FIGURES.items():
        style.save(draw(study), paths.FIGURES / f"{name}.png")
        print(paths.FIGURES / f"{name}.png")


if __name__ == "__main__":
    run_script(main)

"""Stage `plot` of the tuning: draw its figures.

Reads params.yaml, studies/tuning/params.yaml and studies/tuning/reports/*.csv; writes
studies/tuning/reports/figures/*.png.
"""

from pipeline.cli import run_script
from pipeline.figures import style
from studies.tuning import figures, settings

FIGURES = {"effects": figures.effects, "candidates": figures.candidates}  # functions of params and their SOURCES


def main() -> None:
    """Draw every figure of FIGURES."""
    study, _ = settings.load()
    style.draw(FIGURES, settings.SOURCES, settings.TABLES, study, settings.FIGURES)


if __name__ == "__main__":
    run_script(main)

"""Stage `ablate`: train what was chosen of each group again, each time without one of its ingredients.

Reads params.yaml, studies/best/params.yaml, studies/best/reports/runs/searched.json and data/pairs; writes
studies/best/reports/runs/ablated.json. Nothing is chosen by it.
"""

from pipeline.cli import run_script
from pipeline.train import Wanted, run_stage
from studies.best import choices, settings


def chosen() -> Wanted:
    """What the stage asks for; StudyError if nothing was searched yet."""
    study, best = settings.load()
    runs = [run for group in choices.ablated(study, best).values() for run in group]
    return Wanted("ablate", runs, study.device, settings.results("ablated"))


if __name__ == "__main__":
    run_script(lambda: run_stage(chosen()))

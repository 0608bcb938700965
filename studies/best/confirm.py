"""Stage `confirm`: train what was chosen of each group, and that without each ingredient, and test it, once.

Reads params.yaml, studies/best/params.yaml, studies/best/reports/runs/searched.json and data/pairs; writes
studies/best/reports/runs/confirmed.json.
"""

from pipeline.cli import run_script
from pipeline.train import Wanted, run_stage
from studies.best import choices, settings


def chosen() -> Wanted:
    """What the stage asks for; StudyError if nothing was searched yet."""
    study, best = settings.load()
    runs = [run for group in choices.chosen(study, best).values() for run in group]
    return Wanted("confirm", runs, study.device, settings.results("confirmed"))


if __name__ == "__main__":
    run_script(lambda: run_stage(chosen()), arguments=False)

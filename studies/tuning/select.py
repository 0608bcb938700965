"""Stage `select`: train one architecture's grid of recipes on the study's pairs, as reports that chose on test pairs.

Reads params.yaml, studies/tuning/params.yaml and data/pairs; writes
studies/tuning/reports/runs/selected/ARCHITECTURE.json, the results of all runs. Nothing is taken over from here: it
shows by how much such a choice overstates accuracy.
"""

from collections.abc import Sequence

from pipeline.cli import run_script
from pipeline.train import Wanted, architecture_named, run_stage
from studies.tuning import choices, settings


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """What the stage with this command line (None: this process's) asks for; `pipeline.train_all` trains it ahead."""
    study, tuning = settings.load()
    place = f"{settings.PARAMS}: test_set_selection"
    architecture = architecture_named(arguments, tuning.test_set_selection, place)
    runs = [run for _, group in choices.selected(study, tuning, architecture) for run in group]
    return Wanted(f"select {architecture}", runs, study.device, settings.results("selected", architecture))


if __name__ == "__main__":
    run_script(lambda: run_stage(wanted()))

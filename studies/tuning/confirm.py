"""Stage `confirm`: train the study's seeds with the recipes that were chosen, and test them on their test pairs.

Reads params.yaml, studies/tuning/params.yaml, studies/tuning/reports/runs/searched/ARCHITECTURE.json and data/pairs;
writes studies/tuning/reports/runs/confirmed/ARCHITECTURE.json, the results of all runs.

Which runs these are is not known before the search has ended: there is no `wanted`, and nothing is trained ahead.
"""

from collections.abc import Sequence

from pipeline.cli import run_script
from pipeline.train import Wanted, architecture_named, run_stage
from studies.tuning import choices, settings


def chosen(arguments: Sequence[str] | None = None) -> Wanted:
    """What the stage with this command line (None: this process's) asks for; StudyError if nothing was searched yet."""
    study, tuning = settings.load()
    architecture = architecture_named(arguments, tuning.architectures, settings.PARAMS)
    groups = choices.confirmed(tuning, choices.searched(study, tuning, architecture)).values()
    runs = list(dict.fromkeys(run for group in groups for run in group))
    return Wanted(f"confirm {architecture}", runs, study.device, settings.results("confirmed", architecture))


if __name__ == "__main__":
    run_script(lambda: run_stage(chosen()))

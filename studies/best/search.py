"""Stage `search`: compare the candidates of each group on training pairs of seeds that the study does not use.

Reads params.yaml, studies/best/params.yaml and data/pairs/train.safetensors, and no test pair; writes
studies/best/reports/runs/searched.json. Interrupted, it goes on from the runs that had ended, to the same choice.
"""

from collections.abc import Sequence

from pipeline.cli import run_script
from pipeline.train import Wanted
from studies.best import settings
from studies.best.settings import Best
from studies.tuning import halving
from studies.tuning.halving import Candidate
from studies.tuning.search import train_rungs


def asked() -> tuple[Wanted, dict[str, list[Candidate]], Best]:
    """The first rung, all candidates, and their plan."""
    study, best = settings.load()
    groups = settings.candidates(study, best)
    first, file = halving.rung_runs(groups, best, 0), settings.results("searched")
    return Wanted("search", first, study.device, file), groups, best


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """The first rung; `pipeline.train_all` trains it ahead. The stage has no `arguments`."""
    return asked()[0]


if __name__ == "__main__":
    run_script(lambda: train_rungs(*asked()), arguments=False)

"""Stage `search`: compare the candidates of each group on training pairs of seeds that the study does not use.

Reads params.yaml, studies/best/params.yaml and data/pairs/train.safetensors, and no test pair; writes
studies/best/reports/runs/searched.json. Interrupted, it goes on from the runs that had ended, to the same choice.
"""

from collections.abc import Sequence

from pipeline.cli import run_script
from pipeline.train import Wanted
from studies.best import settings
from studies.tuning import halving
from studies.tuning.search import train_rungs


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """The first rung; `pipeline.train_all` trains it ahead. The stage has no `arguments`."""
    study, best = settings.load()
    first = halving.rung_runs(settings.candidates(study, best), best, 0)
    return Wanted("search", first, study.device, settings.results("searched"))


def main() -> None:
    study, best = settings.load()
    train_rungs(wanted(), settings.candidates(study, best), best)


if __name__ == "__main__":
    run_script(main)

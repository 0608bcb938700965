"""Made-up results of the published rows' runs, of those with a deviation changed, and of the study's own."""

from collections.abc import Callable

from pipeline import params
from pipeline.engine.result import Curves, Result
from pipeline.engine.run import Run
from studies.replication import deviations, reports
from studies.replication.description import Description
from studies.replication.reports import Replication
from tests import ROOT
from tests.made_up import NOWHERE

STUDY = params.load(ROOT / "params.yaml")
REPLICATION = reports.load(ROOT / reports.FILE)
ROWS = {row.key: row for row in REPLICATION.rows}
Level = Callable[[Description, int], float]  # a description and a seed -> its run's last test accuracy


def only(*keys: str) -> Replication:
    """The replication with these rows alone."""
    content = REPLICATION.model_dump()
    for architecture, listed in list(content["architectures"].items()):
        listed["rows"] = {t: figure for t, figure in listed["rows"].items() if f"{architecture}-{t}" in keys}
        if not listed["rows"]:
            del content["architectures"][architecture]
    return Replication.model_validate(content)


def jitter(seed: int) -> float:
    """A spread between runs, the same whatever is trained: standard deviation 0.003028 over ten."""
    return 0.001 * (seed - 4.5)


def result(run: Run, test: float, diverged: int | None = None) -> Result:
    """It ends at this test accuracy; its first epoch is half a point above, the others are a point below."""
    epochs = run.protocol.epochs
    curve = [None] * epochs if diverged else [test + 0.005] + [test - 0.01] * (epochs - 2) + [test]
    curves = Curves(train_accuracy=[None if diverged else 0.99] * epochs, test_accuracy=curve)
    return Result(run=run, **NOWHERE, parameters=1, diverged=diverged, curves=curves)


def results(replication: Replication, level: Level) -> dict[Run, Result]:
    """A result for every run that the tables need."""
    found = {}
    for row in replication.rows:
        described = [(row.description, row.of_report.runs), (row.common(STUDY), STUDY.seeds)]
        described += [(row.by_text, row.of_report.runs)] if row.by_text else []
        for of in deviations.comparisons(row, STUDY):
            described += [(of.with_it, of.seeds), (of.without, of.seeds)]
        for description, seeds in described:
            found |= {run: result(run, level(description, seed)) for seed, run in enumerate(description.runs(seeds))}
    return found

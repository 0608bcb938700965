"""Runs that a further study shares with the study: equal in every field, so that they are not trained again.

Their outcomes are taken from the study's records, reports/runs/COMBO.json.
"""

from collections.abc import Iterable
from pathlib import Path

from pipeline import outcomes, paths, records
from pipeline.outcomes import Outcome
from pipeline.params import Params
from pipeline.run import Run


def of_study(study: Params, architecture: str) -> dict[Run, str]:
    """The study's runs of this architecture, each with the combo whose record has it."""
    combos = (combo for combo in study.combos() if combo.architecture == architecture)
    return {run: combo.key for combo in combos for run in study.runs(combo)}


def to_train(study: Params, architecture: str, runs: Iterable[Run]) -> list[Run]:
    """Those of these runs of an architecture that the study does not have, each once."""
    known = of_study(study, architecture)
    return [run for run in dict.fromkeys(runs) if run not in known]


def outcomes_of(study: Params, architecture: str, runs: Iterable[Run], path: Path) -> dict[Run, Outcome]:
    """The outcomes of these runs of an architecture: the study's where it has them, else from this file.

    Raises StudyError if a file is missing or damaged, or holds other runs than are asked for.
    """
    asked = dict.fromkeys(runs)
    by_combo: dict[str, list[Run]] = {}
    for run, combo in of_study(study, architecture).items():
        if run in asked:
            by_combo.setdefault(combo, []).append(run)
    found = {}
    for combo, shared in by_combo.items():
        record = paths.record(combo)
        known = {outcome.run: outcome for outcome in map(outcomes.of, records.read(record))}
        found |= zip(shared, outcomes.chosen(known, shared, record), strict=True)
    own = [run for run in asked if run not in found]
    return found | dict(zip(own, outcomes.chosen(outcomes.read(path), own, path), strict=True))

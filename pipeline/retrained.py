"""The tuning's runs on the study's pairs: the study's seeds with the recipes chosen, and the leaking grids.

A run that is equal to one of the study's is not trained again: its outcome is taken from reports/runs.
"""

from collections.abc import Iterable
from pathlib import Path

from pipeline import halving, outcomes, paths, records, swept, tuned
from pipeline.candidates import Candidate, adopted, of_grid
from pipeline.halving import Choice, Standing
from pipeline.outcomes import Outcome
from pipeline.params import Params
from pipeline.run import Run
from pipeline.tuned import Tuning

STUDY = "study"  # the recipe of params.yaml, beside those that halving.RULES choose
RECIPES = (STUDY, *halving.RULES)


def searched(study: Params, tuning: Tuning, architecture: str) -> dict[str, list[list[Standing]]]:
    """The search of the stage `tune`, gone through again from its outcomes; StudyError if they are of other runs."""
    path = tuned.outcomes_file("searched", architecture)
    known = outcomes.read(path)
    return halving.search(
        study,
        tuning,
        architecture,
        lambda runs: dict(zip(runs, outcomes.chosen(known, runs, path), strict=True)),
    )


def choices(last: list[Standing]) -> dict[str, Choice]:
    """By each of RECIPES, what a technique is trained with, from the standings of the last rung."""
    return {STUDY: halving.own_choice(last), **halving.choose(last)}


def runs_with(study: Params, tuning: Tuning, combo: tuple[str, str], choice: Choice) -> list[Run]:
    """The study's seeds with a recipe that was chosen; `combo`: an architecture and a technique."""
    chosen = adopted(study, combo[0], choice.candidate, choice.epochs)
    return chosen.runs(chosen.combo(*combo))[: tuning.seeds]


def confirmed(study: Params, tuning: Tuning, architecture: str) -> dict[tuple[str, str], list[Run]]:
    """By technique and recipe, the runs that the choices are confirmed by; StudyError as `searched`."""
    return {
        (technique, recipe): runs_with(study, tuning, (architecture, technique), choice)
        for technique, rungs in searched(study, tuning, architecture).items()
        for recipe, choice in choices(rungs[-1]).items()
    }


def leaked(study: Params, tuning: Tuning, architecture: str) -> list[tuple[Candidate, list[Run]]]:
    """Every candidate of an architecture's leaking grid, with its runs on the study's pairs, seed by seed."""
    leaking = tuning.leaking[architecture]
    found = []
    for candidate in of_grid(study, architecture, leaking):
        chosen = adopted(study, architecture, candidate)
        found.append((candidate, chosen.runs(chosen.combo(architecture, leaking.technique))[: leaking.seeds]))
    return found


def to_train(study: Params, architecture: str, runs: Iterable[Run]) -> list[Run]:
    """Those of these runs that the study does not have, each once."""
    known = swept.of_study(study, architecture)
    return [run for run in dict.fromkeys(runs) if run not in known]


def of_runs(study: Params, architecture: str, runs: Iterable[Run], path: Path) -> dict[Run, Outcome]:
    """The outcomes of these runs: the study's where it has them, else from this file.

    Raises StudyError if a file is missing or damaged, or holds other runs than are asked for.
    """
    runs = list(dict.fromkeys(runs))
    shared = {run: combo for run, combo in swept.of_study(study, architecture).items() if run in set(runs)}
    found = {}
    for combo in dict.fromkeys(shared.values()):
        known = {outcome.run: outcome for outcome in map(outcomes.of, records.read(paths.record(combo)))}
        of_combo = [run for run, name in shared.items() if name == combo]
        found |= dict(zip(of_combo, outcomes.chosen(known, of_combo, paths.record(combo)), strict=True))
    rest = to_train(study, architecture, runs)
    return found | dict(zip(rest, outcomes.chosen(outcomes.read(path), rest, path), strict=True))

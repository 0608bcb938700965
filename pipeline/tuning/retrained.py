"""The tuning's runs on the study's pairs: the study's seeds with the recipes chosen, and the leaking grids.

Those that are equal to one of the study's are not trained again (`shared_runs`).
"""

from pipeline import outcomes
from pipeline.params import Params
from pipeline.run import Run
from pipeline.tuning import halving, tuned
from pipeline.tuning.candidates import Candidate, adopted, of_grid
from pipeline.tuning.halving import Choice, Standing
from pipeline.tuning.tuned import STUDY, Tuning


def searched(study: Params, tuning: Tuning, architecture: str) -> dict[str, list[list[Standing]]]:
    """The search of the stage `tune`, gone through again from its outcomes; techniques in the order of tables.

    Raises StudyError if the outcomes are missing, or of other runs.
    """
    path = tuned.outcomes_file("searched", architecture)
    known = outcomes.read(path)
    found = halving.search(
        study,
        tuning,
        architecture,
        lambda runs: dict(zip(runs, outcomes.chosen(known, runs, path), strict=True)),
    )
    return {technique: found[technique] for technique in study.technique_names() if technique in found}


def choices(last: list[Standing]) -> dict[str, Choice]:
    """By recipe, what a technique is trained with: the study's, and what either rule chooses from the last rung."""
    return {STUDY: halving.own_choice(last), **halving.choose(last)}


def runs_with(study: Params, tuning: Tuning, combo: tuple[str, str], choice: Choice) -> list[Run]:
    """The study's seeds with a recipe that was chosen; `combo`: an architecture and a technique."""
    chosen = adopted(study, combo[0], choice.candidate, choice.epochs)
    return chosen.runs(chosen.combo(*combo))[: tuning.seeds]


def confirmed(
    study: Params, tuning: Tuning, architecture: str, found: dict[str, list[list[Standing]]]
) -> dict[tuple[str, str], list[Run]]:
    """By technique and recipe, the runs that the choices are confirmed by; `found`: what `searched` gives."""
    return {
        (technique, recipe): runs_with(study, tuning, (architecture, technique), choice)
        for technique, rungs in found.items()
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

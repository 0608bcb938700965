"""What the tuning asks of the study's pairs: its seeds with the recipes chosen, and the grids of test-set selection."""

from collections.abc import Mapping

from pipeline.engine.run import Run
from pipeline.params import Params
from studies.tuning import candidates, halving, settings
from studies.tuning.halving import Candidate, Choice, Standing, Standings
from studies.tuning.settings import STUDY, Tuning


def searched(study: Params, tuning: Tuning, architecture: str) -> dict[str, Standings]:
    """By technique, in the order of tables, the search of the stage `search`, gone through again from its results.

    Raises StudyError if the results are missing, or of other runs.
    """
    known = halving.looked_up(settings.results("searched", architecture))
    found = halving.search(candidates.propose(study, tuning, architecture), tuning, known)
    return {technique: found[technique] for technique in study.technique_names() if technique in found}


def by_recipe(last: list[Standing]) -> dict[str, Choice]:
    """What a technique is trained with: the study's own recipe, and what either rule chooses from the last rung."""
    return {STUDY: halving.own_choice(last), **halving.choose(last)}


def confirmed(tuning: Tuning, found: Mapping[str, Standings]) -> dict[tuple[str, str], list[Run]]:
    """By technique and recipe, the runs that confirm the choices; `found`: what `searched` gives."""
    return {
        (technique, recipe): choice.runs(range(tuning.seeds))
        for technique, rungs in found.items()
        for recipe, choice in by_recipe(rungs[-1]).items()
    }


def selected(study: Params, tuning: Tuning, architecture: str) -> list[tuple[Candidate, list[Run]]]:
    """Every candidate of an architecture's grid, with its runs on the study's pairs, seed by seed."""
    asked = tuning.test_set_selection[architecture]
    found = settings.from_grid(study, architecture, asked)
    return [(candidate, halving.of_seeds(candidate.run, range(asked.seeds))) for candidate in found]

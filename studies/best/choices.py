"""What follows from the search: the run that is chosen of each group, as it is tested, and its ablations."""

from pipeline.engine.run import Run
from pipeline.params import Params
from studies.best import settings
from studies.best.settings import Best
from studies.tuning import halving
from studies.tuning.halving import Candidate, Standing, Standings

WHOLE = "nothing"  # in place of an ingredient that is taken out


def searched(study: Params, best: Best) -> dict[str, Standings]:
    """By group, the search, gone through again; StudyError if its results are missing, or of other runs."""
    return halving.search(settings.candidates(study, best), best, halving.looked_up(settings.results("searched")))


def winner(last: list[Standing]) -> Candidate:
    """The most accurate at the end of its training, since a schedule cannot be cut short; of equals the first."""
    return max(last, key=lambda one: (one.mean[-1], -one.candidate.number)).candidate


def chosen(study: Params, best: Best) -> dict[tuple[str, str], list[Run]]:
    """By group and ingredient taken out (WHOLE: none), the runs with what was chosen, on the study's pairs."""
    found = {}
    for group, rungs in searched(study, best).items():
        candidate = winner(rungs[-1])
        proposal, run = best.groups[group][candidate.number], settings.tested(best, candidate.run)
        found[group, WHOLE] = halving.of_seeds(run, range(best.seeds))
        for ingredient, without in settings.ablations(study, best, proposal, run).items():
            found[group, ingredient] = halving.of_seeds(without, range(best.ablation_seeds))
    return found

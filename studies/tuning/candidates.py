"""Candidates: the recipes among which the tuning chooses.

Candidate 0 is the report's own recipe, as params.yaml has it. The others spread evenly over the space by Sobol's
sequence (Optuna's QMCSampler), all at once: they depend on params alone, not on what was trained, so that an
interrupted search goes on as it began. They are the same recipes for all techniques; aux_weight means nothing to those
without an auxiliary loss.
"""

import warnings

from pipeline.params import Params
from studies.tuning import recipes
from studies.tuning.halving import Candidate
from studies.tuning.settings import Space, Tuning


def propose(study: Params, tuning: Tuning, architecture: str) -> dict[str, list[Candidate]]:
    """By technique, all candidates of the first rung, the report's own first."""
    learning_rate = study.architectures[architecture].learning_rate
    points = _points(tuning.space, learning_rate, tuning.sampler_seed, tuning.rungs[0].candidates - 1)
    others, found = [_rounded(tuning.space, point) for point in points], {}
    for technique in tuning.techniques:
        first = recipes.own(study, architecture, technique)
        found[technique] = [Candidate(number, recipes.changed(first, one)) for number, one in enumerate([{}, *others])]
    return found


def _points(space: Space, learning_rate: float, seed: int, count: int) -> list[dict]:
    """So many points of the sequence in this space, about the report's learning rate."""
    import optuna  # not above: it takes seconds, and most stages do without

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.QMCSampler(qmc_type="sobol", scramble=True, seed=seed)
    factor = 10**space.learning_rate_decades
    real, whole = optuna.distributions.FloatDistribution, optuna.distributions.IntDistribution
    axes = {
        "learning_rate": real(learning_rate / factor, learning_rate * factor, log=True),
        "batch_size": whole(0, len(space.batch_size) - 1),  # its place in the list
        "dropout": real(0.0, space.most_dropout),
        "batch_norm": whole(0, 1),
        "aux_weight": real(space.least_aux_weight, space.most_aux_weight, log=True),
    }
    trials = optuna.create_study(sampler=sampler)
    trials.tell(trials.ask(axes), 0.0)  # from a trial that has ended the sampler learns which axes there are
    return [trials.ask(axes).params for _ in range(count)]


def _rounded(space: Space, point: dict) -> dict[str, object]:
    """A point as a recipe, in numbers that can be written down."""
    return {
        "learning_rate": _three_digits(point["learning_rate"]),
        "batch_size": space.batch_size[point["batch_size"]],
        "dropout": round(point["dropout"], 2),
        "batch_norm": bool(point["batch_norm"]),
        "aux_weight": _three_digits(point["aux_weight"]),
    }


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")

"""Candidates: the recipes among which the tuning chooses.

Candidate 0 is the report's own recipe, as params.yaml has it. The others spread evenly over the space by Sobol's
sequence, all at once: they depend on params alone, not on what was trained, so that an interrupted search goes on as it
began. They are the same recipes for all techniques; aux_weight means nothing to those without an auxiliary loss.
"""

from scipy.stats import qmc

from pipeline.params import Params
from studies.tuning import recipes
from studies.tuning.halving import Candidate
from studies.tuning.settings import Space, Tuning

MOST_POINTS = 10  # as a power of two: a rung has at most 1,000 candidates


def propose(study: Params, tuning: Tuning, architecture: str) -> dict[str, list[Candidate]]:
    """By technique, all candidates of the first rung, the report's own first."""
    learning_rate = study.architectures[architecture].learning_rate
    others, found = _points(tuning.space, learning_rate, tuning.sampler_seed, tuning.rungs[0].candidates - 1), {}
    for technique in tuning.techniques:
        first = recipes.own(study, architecture, technique)
        found[technique] = [Candidate(number, recipes.changed(first, one)) for number, one in enumerate([{}, *others])]
    return found


def _points(space: Space, learning_rate: float, seed: int, count: int) -> list[dict[str, object]]:
    """So many points of the sequence in this space, about this learning rate, in numbers that can be written down."""
    least, most = space.least_aux_weight, space.most_aux_weight
    points = qmc.Sobol(5, seed=seed).random_base2(MOST_POINTS)[:count]  # `rng=` would scramble them otherwise
    return [
        {
            "learning_rate": _three_digits(learning_rate * 10 ** (space.learning_rate_decades * (2 * rate - 1))),
            "batch_size": space.batch_size[int(size * len(space.batch_size))],
            "dropout": round(space.most_dropout * dropout, 2),
            "batch_norm": norm >= 0.5,
            "aux_weight": _three_digits(least * (most / least) ** weight),
        }
        for rate, size, dropout, norm, weight in points.tolist()
    ]


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")

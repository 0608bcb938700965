"""Candidates: the recipes among which the tuning chooses, and their runs on the tuning's own pairs.

Candidate 0 is the report's own recipe, as params.yaml has it. The others spread evenly over the space by Sobol's
sequence (Optuna's QMCSampler), all at once: they depend on params alone, not on what was trained, so that an
interrupted tuning goes on as it began, without a storage beside the kept runs. A candidate is the same recipe for all
techniques; aux_weight means nothing to those without an auxiliary loss.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from pipeline.params import Params, Recipe
from pipeline.run import Draw, Fold, Run
from pipeline.tuning.tuned import Grid, Space, Tuning


@dataclass(frozen=True)
class Candidate:
    """A recipe; its number of epochs is chosen apart, off the curve."""

    number: int  # 0: the report's own
    recipe: Recipe
    aux_weight: float


def own(study: Params, architecture: str) -> Candidate:
    """The recipe that params.yaml has."""
    return Candidate(0, study.architectures[architecture], study.aux_weight)


def propose(study: Params, tuning: Tuning, architecture: str) -> list[Candidate]:
    """All candidates of the first rung, the report's own first."""
    first = own(study, architecture)
    points = _points(tuning.space, first.recipe.learning_rate, tuning.sampler_seed, tuning.rungs[0].candidates - 1)
    return [first, *(_candidate(first, tuning.space, number, point) for number, point in enumerate(points, start=1))]


def _points(space: Space, learning_rate: float, seed: int, count: int) -> list[dict]:
    """So many points of the sequence in this space, about the report's learning rate."""
    import optuna  # not above: it takes seconds, and a stage whose runs are known does without

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


def _candidate(first: Candidate, space: Space, number: int, point: dict) -> Candidate:
    """A point as a recipe, in numbers that can be written down."""
    chosen = {
        "learning_rate": _three_digits(point["learning_rate"]),
        "batch_size": space.batch_size[point["batch_size"]],
        "dropout": round(point["dropout"], 2),
        "batch_norm": bool(point["batch_norm"]),
    }
    return Candidate(number, first.recipe.model_copy(update=chosen), _three_digits(point["aux_weight"]))


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")


def of_grid(study: Params, architecture: str, leaking: Grid) -> list[Candidate]:
    """Every candidate of a grid, in its order."""
    first, found = own(study, architecture), []
    for number, values in enumerate(product(*leaking.grid.values())):
        chosen = dict(zip(leaking.grid, values, strict=True))
        aux_weight = float(chosen.pop("aux_weight", first.aux_weight))
        found.append(Candidate(number, Recipe.model_validate(first.recipe.model_dump() | chosen), aux_weight))
    return found


def adopted(study: Params, architecture: str, candidate: Candidate, epochs: int | None = None) -> Params:
    """The study's params with this recipe for this architecture; `epochs` in place of the recipe's own."""
    recipe = candidate.recipe.model_copy(update={} if epochs is None else {"epochs": epochs})
    recipes = study.architectures | {architecture: recipe}
    return study.model_copy(update={"architectures": recipes, "aux_weight": candidate.aux_weight})


def runs_on(
    study: Params,
    tuning: Tuning,
    combo: tuple[str, str],
    candidate: Candidate,
    epochs: int,
    splits: Iterable[tuple[int, int]],
) -> list[Run]:
    """A candidate's runs on these splits, for so many times its epochs; `combo`: an architecture and a technique.

    Nothing in them depends on the study's pairs: `test_pairs` is the size of a fold, on which they are tested.
    """
    chosen = adopted(study, combo[0], candidate, epochs * candidate.recipe.epochs)
    run, found = chosen.runs(chosen.combo(*combo))[0], []
    for seed, fold in splits:
        held_out = {"draw": Draw(seed=seed), "fold": Fold(index=fold, count=tuning.folds)}
        held_out |= {"train_pairs": tuning.pairs, "test_pairs": tuning.pairs // tuning.folds}
        found.append(run.model_copy(update={"seed": seed, "data": run.data.model_copy(update=held_out)}))
    return found

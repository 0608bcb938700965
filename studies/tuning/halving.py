"""Successive halving: candidates are judged rung by rung, then one is chosen.

A candidate is a run, of which each split gives the pairs and the seed, and each rung the number of epochs. `search`
asks for the runs of a rung at once, of whoever has their results: a stage that trains them, and everyone after it, who
looks them up, so that all of them come to the same choice.

An accuracy after so many epochs is the mean over splits, and over the last few epochs (`smoothing`). A candidate counts
for the best of its epochs. All of this is on the plan's own pairs: accuracies of what is chosen are optimistic.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.engine import result
from pipeline.engine.result import Result
from pipeline.engine.run import Run
from pipeline.params import trainable
from studies.tuning.plan import Plan

BEST, ONE_STANDARD_ERROR = "best", "one_standard_error"  # by which rule a recipe is chosen
Evaluate = Callable[[list[Run]], Mapping[Run, Result]]


@dataclass(frozen=True)
class Candidate:
    """A recipe that may be chosen; its number of epochs is chosen apart, off the curve."""

    number: int  # 0: the one that every rung keeps, to compare with
    run: Run


@dataclass(frozen=True)
class Standing:
    """How a candidate did in a rung."""

    candidate: Candidate
    curves: np.ndarray  # (splits, epochs): smoothed accuracies on the folds held out
    diverged: int  # how many of its runs did; their accuracy is 0

    @property
    def mean(self) -> np.ndarray:
        """Over splits, after every epoch; without rounding noise, so that ties are ties."""
        return self.curves.mean(axis=0).round(12)

    @property
    def accuracy(self) -> float:
        return float(self.mean.max())

    @property
    def epochs(self) -> int:
        """After which the accuracy is highest; the fewest of equals."""
        return int(self.mean.argmax()) + 1

    def standard_error(self, epochs: int) -> float:
        """Of the mean after so many epochs, over splits; NaN for one split."""
        at = self.curves[:, epochs - 1]
        return float(at.std(ddof=1) / math.sqrt(len(at))) if len(at) > 1 else math.nan


Standings = list[list[Standing]]  # by rung, in the order of the candidates' numbers


@dataclass(frozen=True)
class Choice:
    """A recipe that was chosen, and its accuracy on the plan's pairs."""

    candidate: Candidate
    epochs: int
    accuracy: float
    standard_error: float

    def runs(self, seeds: Iterable[int]) -> list[Run]:
        """The runs of these seeds with this recipe, on their own training and test pairs."""
        run = self.candidate.run.with_fields({"protocol.epochs": self.epochs})
        return of_seeds(run, seeds)


def of_seeds(run: Run, seeds: Iterable[int]) -> list[Run]:
    """This run for other seeds, each with the pairs of that seed."""
    return [run.with_fields({"seed": seed, "data.draw": {"seed": seed}}) for seed in seeds]


def search(groups: Mapping[str, Sequence[Candidate]], plan: Plan, evaluate: Evaluate) -> dict[str, Standings]:
    """The standings of each group of candidates, from each of which one will be chosen."""
    left, found = dict(groups), {group: [] for group in groups}
    for number, rung in enumerate(plan.rungs):
        if number:
            left = {group: survivors(found[group][-1], rung.candidates) for group in groups}
        results = evaluate(rung_runs(left, plan, number))
        for group, candidates in left.items():
            of_each = ((one, candidate_runs(one, plan, number)) for one in candidates)
            found[group].append(
                [standing(one, [results[run] for run in runs], plan.smoothing) for one, runs in of_each]
            )
    return found


def looked_up(path: Path) -> Evaluate:
    """What finds the results of runs in this file; it raises StudyError if they are missing, or of other runs."""
    return lambda runs: dict(zip(runs, result.of_runs(path, runs), strict=True))


def rung_runs(left: Mapping[str, Sequence[Candidate]], plan: Plan, number: int) -> list[Run]:
    """The runs of rung `number` (from 0), each once, for the candidates that are left."""
    candidates = [candidate for of_group in left.values() for candidate in of_group]
    return list(dict.fromkeys(run for one in candidates for run in candidate_runs(one, plan, number)))


def candidate_runs(candidate: Candidate, plan: Plan, number: int) -> list[Run]:
    """A candidate's runs in rung `number` (from 0), a split each.

    Nothing in them depends on any study's pairs: `test_pairs` is the size of a fold, on which they are tested. Raises
    ValueError if they cannot be trained.
    """
    size = {"data.train_pairs": plan.pairs, "data.test_pairs": plan.pairs // plan.folds}
    epochs = {"protocol.epochs": candidate.run.protocol.epochs * plan.rungs[number].epochs}
    sized = candidate.run.with_fields(size | epochs)
    return [
        trainable(one.with_fields({"data.fold": {"index": fold, "count": plan.folds}}))
        for seed, fold in plan.splits_of(number)
        for one in of_seeds(sized, [seed])
    ]


def standing(candidate: Candidate, results: Sequence[Result], smoothing: int) -> Standing:
    """How a candidate did, from the results of its runs."""
    tested = [(one.curves.test_accuracy, one.diverged is not None) for one in results]
    curves = [np.zeros(len(curve)) if diverged else smoothed(curve, smoothing) for curve, diverged in tested]
    return Standing(candidate, np.array(curves), sum(diverged for _, diverged in tested))


def smoothed(curve: Sequence[float], epochs: int) -> np.ndarray:
    """Each value's mean with those before it, so many in all; of fewer where there are no more."""
    sums = np.concatenate([[0.0], np.cumsum(curve)])
    ends = np.arange(1, len(curve) + 1)
    starts = np.maximum(ends - epochs, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)


def survivors(standings: Sequence[Standing], places: int) -> list[Candidate]:
    """The candidates that the next rung takes: number 0 and the best of the others, in their order."""
    ranked = sorted(standings, key=lambda one: (one.candidate.number != 0, -one.accuracy, one.candidate.number))
    return sorted((one.candidate for one in ranked[:places]), key=lambda candidate: candidate.number)


def choose(last: Sequence[Standing]) -> dict[str, Choice]:
    """What each rule chooses, from the standings of the last rung.

    best: the highest accuracy after any number of epochs. one_standard_error: the fewest epochs after which an accuracy
    is at most one standard error (of the best's, over splits) below the best's; of several with so few, number 0, else
    the most accurate. Ties go to fewer epochs, then to the lower number.
    """
    ranked = sorted(last, key=lambda one: (-one.accuracy, one.epochs, one.candidate.number))
    best = _choice(ranked[0], ranked[0].epochs)
    margin = 0.0 if math.isnan(best.standard_error) else best.standard_error
    near = []
    for one in last:
        reached = np.flatnonzero(one.mean >= best.accuracy - margin)
        if len(reached):
            near.append(_choice(one, int(reached[0]) + 1))
    near.sort(key=lambda one: (one.epochs, one.candidate.number != 0, -one.accuracy, one.candidate.number))
    return {BEST: best, ONE_STANDARD_ERROR: near[0]}


def own_choice(last: Sequence[Standing]) -> Choice:
    """Candidate 0 with its own epochs, as the last rung has it."""
    own = next(one for one in last if one.candidate.number == 0)
    return _choice(own, own.candidate.run.protocol.epochs)


def _choice(one: Standing, epochs: int) -> Choice:
    return Choice(one.candidate, epochs, float(one.mean[epochs - 1]), one.standard_error(epochs))

"""Successive halving, rung by rung, and what is chosen: a function of candidates and of whoever evaluates their runs.

`search` asks for a rung's runs of all techniques at once, of whoever has their outcomes: the stage `tune`, which trains
them, and everyone after it, who looks them up, so that all of them come to the same choice.

An accuracy after so many epochs is the mean over splits, and over the last few epochs (`smoothing`). A candidate counts
for the best of its epochs. All of this is on the tuning's own pairs: accuracies of what is chosen are optimistic.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.outcomes import Outcome
from pipeline.params import Params
from pipeline.run import Run
from pipeline.tuning.candidates import Candidate, propose, runs_on
from pipeline.tuning.tuned import BEST, ONE_STANDARD_ERROR, Tuning

Evaluate = Callable[[list[Run]], Mapping[Run, Outcome]]


@dataclass(frozen=True)
class Standing:
    """How a candidate did in a rung."""

    candidate: Candidate
    curves: np.ndarray  # (splits, epochs): smoothed accuracies on the folds held out
    diverged: int  # how many of its runs did; their accuracy is nought

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


@dataclass(frozen=True)
class Choice:
    """A recipe that was chosen, and its accuracy on the tuning's own pairs."""

    candidate: Candidate
    epochs: int
    accuracy: float
    standard_error: float


def search(study: Params, tuning: Tuning, architecture: str, evaluate: Evaluate) -> dict[str, list[list[Standing]]]:
    """By technique, the standings of every rung, in the order of their candidates' numbers."""
    left = dict.fromkeys(tuning.techniques, propose(study, tuning, architecture))
    found: dict[str, list[list[Standing]]] = {technique: [] for technique in tuning.techniques}
    for number in range(len(tuning.rungs)):
        if number:
            left = {technique: survivors(found[technique][-1], tuning.rungs[number].candidates) for technique in found}
        asked = rung_runs(study, tuning, architecture, number, left)
        outcomes = evaluate(list(dict.fromkeys(run for runs in asked.values() for run in runs)))
        for technique in found:
            found[technique].append([])
        for (technique, candidate), runs in asked.items():
            found[technique][-1].append(standing(candidate, [outcomes[run] for run in runs], tuning.smoothing))
    return found


def rung_runs(
    study: Params, tuning: Tuning, architecture: str, number: int, left: Mapping[str, Sequence[Candidate]]
) -> dict[tuple[str, Candidate], list[Run]]:
    """The runs of rung `number` (from 0), by technique and by candidate of those that are left."""
    rung, splits = tuning.rungs[number], tuning.splits_of(number)
    return {
        (technique, candidate): runs_on(study, tuning, (architecture, technique), candidate, rung.epochs, splits)
        for technique, candidates in left.items()
        for candidate in candidates
    }


def standing(candidate: Candidate, outcomes: Sequence[Outcome], smoothing: int) -> Standing:
    """How a candidate did, from the outcomes of its runs."""
    curves = [
        np.zeros(len(outcome.test_accuracy)) if outcome.diverged else smoothed(outcome.test_accuracy, smoothing)
        for outcome in outcomes
    ]
    return Standing(candidate, np.array(curves), sum(outcome.diverged is not None for outcome in outcomes))


def smoothed(curve: Sequence[float], epochs: int) -> np.ndarray:
    """Each value's mean with those before it, so many in all; of fewer where there are no more."""
    sums = np.concatenate([[0.0], np.cumsum(curve)])
    ends = np.arange(1, len(curve) + 1)
    starts = np.maximum(ends - epochs, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)


def survivors(standings: Sequence[Standing], places: int) -> list[Candidate]:
    """The candidates that the next rung takes: the report's own and the best of the others, in their order."""
    ranked = sorted(standings, key=lambda one: (one.candidate.number != 0, -one.accuracy, one.candidate.number))
    return sorted((one.candidate for one in ranked[:places]), key=lambda candidate: candidate.number)


def choose(last: Sequence[Standing]) -> dict[str, Choice]:
    """What each rule chooses, from the standings of the last rung.

    best: the highest accuracy after any number of epochs. one_standard_error: the fewest epochs after which an accuracy
    is at most one standard error (of the best's, over splits) below the best's; of several with so few, the report's
    own, else the most accurate. Ties go to fewer epochs, then to the lower number.
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
    """The report's own recipe with its own epochs, as the last rung has it."""
    own = next(one for one in last if one.candidate.number == 0)
    return _choice(own, own.candidate.recipe.epochs)


def _choice(one: Standing, epochs: int) -> Choice:
    return Choice(one.candidate, epochs, float(one.mean[epochs - 1]), one.standard_error(epochs))

"""With which value of a swept number a reference is as accurate as a target: its data equivalent, for instance.

The reference's accuracy is known at the swept values. Between two of them it is taken to be linear in the logarithm of
the value, and not to fall with larger ones: where the mean over seeds does fall, neighbours are pooled (isotonic
regression), and every seed's curve is moved by as much as the mean was.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import optimize, stats

from pipeline.analysis.statistics import LEVEL

STEPS = 200  # between two swept values, at which the interval's bounds are looked for: closer than 0.4 % at a doubling


class Equivalent(NamedTuple):
    """A value and its 95% interval: 0 for less than the smallest swept, infinity for more than the largest."""

    value: float
    value_low: float
    value_high: float


UNKNOWN = Equivalent(math.nan, math.nan, math.nan)


def equivalent(values: np.ndarray, reference: np.ndarray, target: np.ndarray) -> Equivalent:
    """At which value the reference reaches the target on average.

    `values` (V): swept, above 0, rising; `reference` (S, V): its accuracy by seed; `target` (S): of the same seeds.

    The interval holds every value at which the seedwise difference between target and reference is not significantly
    different from 0 by its 95% t interval (an inverted paired t test, as Fieller's interval of a ratio is). At the true
    value that difference is 0, so that the coverage is the t interval's, which ten seeds keep; a bootstrap of ten seeds
    would cover less, and the delta method fails where the curve is flat. There the interval is long or open, as it must
    be: a bound outside the sweep is 0 or infinity. With one seed it is not defined.
    """
    logs, mean = np.log(values), reference.mean(axis=0)
    rising = optimize.isotonic_regression(mean).x
    estimate = _reached(logs, rising, float(target.mean()))
    if len(target) < 2:
        return UNKNOWN._replace(value=estimate)
    places = np.interp(np.arange((len(values) - 1) * STEPS + 1) / STEPS, np.arange(len(values)), logs)
    curves = np.array([np.interp(places, logs, curve) for curve in reference - mean + rising])
    possible = _may_be_0(target[:, None] - curves)
    if not possible.any():  # outside the sweep, or hit without any noise
        return Equivalent(estimate, estimate, estimate)
    first, last = np.flatnonzero(possible)[[0, -1]]
    low = 0.0 if first == 0 else float(np.exp(places[first]))
    high = math.inf if last == len(places) - 1 else float(np.exp(places[last]))
    return Equivalent(estimate, low, high)


def _reached(logs: np.ndarray, rising: np.ndarray, target: float) -> float:
    """The smallest value at which this curve, which does not fall, is at the target."""
    target = round(target, 12)  # accuracies are counts: equal ones compare equal
    rising = rising.round(12)
    if target < rising[0]:
        return 0.0
    if target > rising[-1]:
        return math.inf
    after = int(np.searchsorted(rising, target))  # the first that is no lower
    if rising[after] == target:
        return float(np.exp(logs[after]))
    return float(np.exp(np.interp(target, rising[after - 1 : after + 1], logs[after - 1 : after + 1])))


def _may_be_0(differences: np.ndarray) -> np.ndarray:
    """Of each column of (S, G) seedwise differences, whether its 95% t interval contains 0."""
    seeds = len(differences)
    half = stats.t.ppf((1 + LEVEL) / 2, seeds - 1) * differences.std(axis=0, ddof=1) / math.sqrt(seeds)
    return np.abs(differences.mean(axis=0)) <= half

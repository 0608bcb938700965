"""Intervals and tests for a handful of runs. Pure functions over 1-D arrays (one value a run), or over their summaries.

Every interval is at 95%. With fewer than two runs an interval or p-value is not defined: NaN, never an error.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

LEVEL = 0.95
EXACT_RUNS = 16  # up to so many runs the sign-flip test enumerates all 2^n flips; beyond, it draws 2^16 of them
NOT_DEFINED = (math.nan, math.nan)
TRAINED = 0.95  # training accuracy at the end: see converged
STILL_GAINING = 0.01  # late gain: likewise


def mean(values: np.ndarray) -> float:
    """NaN for no values, without a warning."""
    return float(np.mean(values)) if len(values) else math.nan


def std(values: np.ndarray) -> float:
    """Standard deviation with n-1; NaN for fewer than two values, or if one is not finite."""
    return float(np.std(values, ddof=1)) if len(values) > 1 and np.isfinite(values).all() else math.nan


def late_gain(curve: np.ndarray) -> float:
    """Mean over the last fifth of a curve minus mean over the fifth before it; NaN for a single epoch.

    A fifth is len(curve) // 5 epochs, at least one.
    """
    fifth = max(1, len(curve) // 5)
    return float(curve[-fifth:].mean() - curve[-2 * fifth : -fifth].mean()) if len(curve) > 1 else math.nan


def converged(train_accuracy: float, late_gain: float, late_gain_low: float) -> bool:
    """Whether more epochs of the same recipe would hardly help a combo: the study's rule, simple and arbitrary.

    Not converged is a combo whose mean training accuracy ends below TRAINED, or whose test accuracy still rises: by
    more than STILL_GAINING from the second but last fifth of the epochs to the last, with the 95% interval of that
    gain above 0. (A line through five epochs of a thousand test pairs would be too noisy to tell.)
    """
    return bool(train_accuracy >= TRAINED and not (late_gain > STILL_GAINING and late_gain_low > 0))


def t_interval(values: np.ndarray) -> tuple[float, float]:
    """Student's interval of the mean of independent runs, for instance of seedwise differences.

    At n = 10 it covers 93 to 96% where bootstraps of ten values cover less. Equal values give an interval of no width.
    """
    if len(values) < 2:
        return NOT_DEFINED
    return welch_interval(float(np.mean(values)), [(std(values), len(values))])


def welch_interval(estimate: float, spreads: Sequence[tuple[float, int]]) -> tuple[float, float]:
    """Interval of a sum or difference of independent means, whatever their variances (Welch and Satterthwaite).

    `estimate` is that sum or difference; `spreads` holds for each mean its standard deviation (n-1) and n. One mean
    gives Student's interval, two give Welch's.
    """
    if any(n < 2 for _, n in spreads):
        return NOT_DEFINED
    variances = [s**2 / n for s, n in spreads]
    total = sum(variances)
    if total == 0:
        return estimate, estimate
    freedom = total**2 / sum(v**2 / (n - 1) for v, (_, n) in zip(variances, spreads, strict=True))
    half = float(stats.t.ppf((1 + LEVEL) / 2, freedom)) * math.sqrt(total)
    return estimate - half, estimate + half


def prediction_interval(values: np.ndarray, runs: int) -> tuple[float, float]:
    """Where the mean of another experiment with so many runs is to be expected, given these runs of ours (Student)."""
    n = len(values)
    if n < 2 or runs < 1:
        return NOT_DEFINED
    half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) * std(values) * math.sqrt(1 / n + 1 / runs)
    return float(np.mean(values)) - half, float(np.mean(values)) + half


def spread_interval(runs: int, other_runs: int) -> tuple[float, float]:
    """Where the ratio of two experiments' standard deviations is to be expected if both have the same (F)."""
    if min(runs, other_runs) < 2:
        return NOT_DEFINED
    tails = (1 - LEVEL) / 2, (1 + LEVEL) / 2
    low, high = (math.sqrt(stats.f.ppf(tail, runs - 1, other_runs - 1)) for tail in tails)
    return low, high


def sign_flip_p(differences: np.ndarray) -> float:
    """Two-sided p-value of the exact sign-flip test.

    Were there no effect, each difference could as well be its negative. The p-value is the share of all 2^n sign flips
    whose mean is at least as far from 0 as the one seen: with ten runs, 2/1024 or more. Beyond EXACT_RUNS runs
    the flips are drawn, from a fixed seed.
    """
    if len(differences) < 2 or np.isnan(differences).any():
        return math.nan
    result = stats.permutation_test(
        (differences,),
        lambda values, axis: np.mean(values, axis=axis).round(12),  # so that equal means compare equal
        permutation_type="samples",
        n_resamples=2**EXACT_RUNS,
        batch=2**10,
        rng=np.random.default_rng(0),
    )
    return float(result.pvalue)


def smallest_p(runs: int) -> float:
    """The smallest p-value that the sign-flip test can give: all differences of one sign."""
    return 2 / 2 ** min(runs, EXACT_RUNS)


def shared_images(drawn: int, pool: int) -> float:
    """How many images two independent draws of `drawn` out of `pool` images have in common, on average."""
    return drawn**2 / pool


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's correction of a family of p-values, in their order; NaN stays NaN and is not of the family.

    The smallest of m is multiplied by m, the next by m-1 and so on; none falls below one before it, none exceeds 1.
    """
    p_values = np.asarray(p_values, dtype=float)
    corrected = np.full(len(p_values), math.nan)
    order = [i for i in np.argsort(p_values, kind="stable") if not math.isnan(p_values[i])]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1)
    return corrected

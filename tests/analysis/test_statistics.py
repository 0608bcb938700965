"""Intervals and tests against values worked out by hand, or by scipy where it has the same thing."""

import math

import numpy as np
import pytest
from scipy import stats

from pipeline.analysis import statistics

NAN = math.nan


def test_t_interval_by_hand():
    # mean 2, standard deviation 1, n = 3: 2 -+ 4.302653 / sqrt(3), the table's t for two degrees of freedom
    assert statistics.t_interval(np.array([1.0, 2.0, 3.0])) == pytest.approx((-0.484138, 4.484138), abs=1e-6)


def test_welch_interval_is_scipys():
    numbers = np.random.default_rng(0)
    first, second = numbers.normal(0, 1, 7), numbers.normal(1, 3, 15)
    ours = statistics.welch_interval(
        first.mean() - second.mean(), [(statistics.std(first), 7), (statistics.std(second), 15)]
    )
    assert ours == pytest.approx(stats.ttest_ind(first, second, equal_var=False).confidence_interval())


def test_one_run_has_no_interval_and_no_p_value():
    assert all(map(math.isnan, statistics.t_interval(np.array([0.9]))))
    assert all(map(math.isnan, statistics.welch_interval(0.1, [(NAN, 1), (0.1, 10)])))
    assert math.isnan(statistics.sign_flip_p(np.array([0.1])))


def test_late_gain_compares_the_last_two_fifths():
    assert statistics.late_gain(np.array([0.0, 0, 0, 0, 0, 0, 0.2, 0.4, 0.5, 0.9])) == pytest.approx(0.4)
    assert statistics.late_gain(np.array([9.0, 0.1, 0.4])) == pytest.approx(0.3)  # a fifth is one epoch at least
    assert math.isnan(statistics.late_gain(np.array([0.5])))


@pytest.mark.parametrize(
    ("train_accuracy", "late_gain", "late_gain_low", "verdict"),
    [
        (0.95, 0.01, 0.005, True),
        (0.949, 0.0, -0.01, False),  # the training pairs are not learned
        (1.0, 0.02, 0.001, False),  # test accuracy still rises
        (1.0, 0.02, -0.001, True),  # or does so by chance
        (1.0, NAN, NAN, True),  # one epoch, or one run
    ],
)
def test_converged(train_accuracy, late_gain, late_gain_low, verdict):
    assert statistics.converged(train_accuracy, late_gain, late_gain_low) is verdict


@pytest.mark.parametrize(
    ("differences", "p_value"),
    [
        ([0.01] * 10, 2 / 1024),  # the smallest of ten runs
        ([0.03, 0.01, -0.01], 6 / 8),  # sums of the flips: -+5, -+3 twice, -+1; six are at least as far out as 3
        ([0.03, 0.02, 0.04, -0.07, -0.02], 1),  # again, though floats add up to 1e-17
        ([0.1, 0.2, -0.3, 0.4], 10 / 16),  # those whose minority of signs is of {}, {1}, {2}, {3}, {1, 2}, either way
    ],
)
def test_sign_flip_by_hand(differences, p_value):
    assert statistics.sign_flip_p(np.array(differences)) == pytest.approx(p_value)


def test_holm_by_hand():
    # sorted: 0.01 * 4, then 0.02 * 3, then 0.03 * 2 raised to the one before, then 0.5 * 1
    np.testing.assert_allclose(statistics.holm([0.03, 0.01, 0.5, 0.02]), [0.06, 0.04, 0.5, 0.06])
    np.testing.assert_allclose(statistics.holm([0.6, NAN, 0.7]), [1, NAN, 1])


def test_prediction_interval_by_hand():
    """Three runs of ours, t 4.302653 for two degrees of freedom; the mean of another experiment of six."""
    values = np.array([0.80, 0.82, 0.84])
    half = 4.302653 * 0.02 * math.sqrt(1 / 3 + 1 / 6)
    assert statistics.prediction_interval(values, 6) == pytest.approx((0.82 - half, 0.82 + half), abs=1e-7)
    assert all(map(math.isnan, statistics.prediction_interval(values[:1], 6)))


def test_prediction_and_spread_intervals_hold_as_often_as_they_say():
    numbers = np.random.default_rng(0)
    ours, theirs = numbers.normal(0.9, 0.01, (4_000, 10)), numbers.normal(0.9, 0.01, (4_000, 15))
    low, high = np.array([statistics.prediction_interval(runs, 15) for runs in ours]).T
    assert 0.94 < ((low <= theirs.mean(1)) & (theirs.mean(1) <= high)).mean() < 0.96
    least, most = statistics.spread_interval(15, 10)
    ratio = theirs.std(1, ddof=1) / ours.std(1, ddof=1)
    assert 0.94 < ((least <= ratio) & (ratio <= most)).mean() < 0.96
    assert all(map(math.isnan, statistics.spread_interval(1, 10)))

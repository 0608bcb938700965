"""Equivalent numbers on made-up curves: the number that was put in comes out, and the interval covers it."""

import math

import numpy as np
import pytest

from studies.sweeps.equivalent import equivalent

PAIRS = np.array([125, 250, 500, 1000, 2000, 4000, 8000])
LINE = 0.5 + 0.05 * np.log2(PAIRS / 125)  # 0.5, 0.55, ... 0.8


def seeds(curve, *shifts):
    """The curve of several seeds, each shifted."""
    return np.asarray(curve) + np.array(shifts)[:, None]


@pytest.mark.parametrize(
    ("target", "pairs"),
    [(0.5, 125), (0.6, 500), (0.625, 500 * math.sqrt(2)), (0.7125, 2000 * 2**0.25), (0.8, 8000), (0.81, math.inf)],
)
def test_interpolates_in_the_logarithm(target, pairs):
    assert equivalent(PAIRS, seeds(LINE, 0), np.array([target])).value == pytest.approx(pairs)


def test_with_one_seed_there_is_no_interval():
    found = equivalent(PAIRS, seeds(LINE, 0), np.array([0.6]))
    assert math.isnan(found.value_low)
    assert math.isnan(found.value_high)


def test_the_interval_is_that_of_the_difference_over_the_slope():
    """On a line, where seeds differ by a shift alone, the bounds are the t interval's, read off the line."""
    shifts = np.array([-0.03, -0.01, 0.0, 0.01, 0.03])
    found = equivalent(PAIRS, seeds(LINE, 0, 0, 0, 0, 0), 0.65 + shifts)
    half = 2.7764 * shifts.std(ddof=1) / math.sqrt(5)  # Student's t with 4 degrees of freedom
    assert found.value == pytest.approx(1000)
    assert found.value_low == pytest.approx(1000 * 2 ** (-half / 0.05), rel=0.005)
    assert found.value_high == pytest.approx(1000 * 2 ** (half / 0.05), rel=0.005)


def test_a_bound_outside_the_sweep_is_open():
    noise = np.array([-0.04, 0.04, 0.0, 0.01])
    high = equivalent(PAIRS, seeds(LINE, 0, 0, 0, 0), 0.79 + noise)
    assert 2000 < high.value_low < high.value < 8000
    assert high.value_high == math.inf
    low = equivalent(PAIRS, seeds(LINE, 0, 0, 0, 0), 0.51 + noise)
    assert low.value_low == 0
    assert 125 < low.value < low.value_high < 1000
    beyond = equivalent(PAIRS, seeds(LINE, 0, 0, 0, 0), 0.81 + noise)
    assert beyond.value == beyond.value_high == math.inf
    assert 4000 < beyond.value_low < 8000


def test_where_the_mean_falls_neighbours_are_pooled():
    bent = [0.5, 0.55, 0.64, 0.60, 0.70, 0.75, 0.80]  # pooled: 0.62 at 500 and at 1000
    found = equivalent(PAIRS, seeds(bent, -0.01, 0.01), np.array([0.64, 0.68]))
    assert found.value == pytest.approx(1000 * 2**0.5)  # half way from 0.62 to 0.70
    assert found.value_low < found.value < found.value_high
    flat = equivalent(PAIRS, seeds(bent, 0), np.array([0.62]))
    assert flat.value == pytest.approx(500)  # the fewest that suffice


def test_the_interval_covers_the_truth_in_95_of_100_studies_of_ten_seeds():
    """Seeds differ in level, and every run by noise of its own, as the study's do."""
    numbers, covered, studies = np.random.default_rng(0), 0, 400
    truth = 0.9 - 0.25 * (125 / PAIRS) ** 0.5
    wanted = 1400.0  # between two swept numbers
    reached = np.interp(np.log(wanted), np.log(PAIRS), truth)
    for _ in range(studies):
        level = numbers.normal(0, 0.008, (10, 1))
        reference = truth + level + numbers.normal(0, 0.01, (10, len(PAIRS)))
        found = equivalent(PAIRS, reference, reached + level[:, 0] + numbers.normal(0, 0.01, 10))
        covered += found.value_low <= wanted <= found.value_high
    assert 0.93 <= covered / studies <= 0.975

"""Tables of the sweeps, against values worked out by hand."""

import math

import numpy as np
import pytest

from pipeline.analysis import statistics
from pipeline.analysis.effects import AVERAGE_CONVERGED
from pipeline.params import AVERAGE
from studies.sweeps import analysis
from studies.sweeps.analysis import TABLES, summed_up
from tests.studies.sweeps.swept_study import make_sweeps
from tests.synthetic import row_of

NAN = math.nan


def runs(*of_points, sweep="swept", own=1.0):
    """The table `runs` from (architecture, technique, point, accuracies by seed); NaN: it diverged.

    The study's own is the number `own`, or the name "own". Training accuracies are 1, or 0.9 of an architecture slow.
    """
    rows = []
    for architecture, technique, point, accuracies in of_points:
        named = isinstance(point, str)
        where = {"data_set": "mnist", "sweep": sweep, "architecture": architecture, "technique": technique}
        where |= {"point": point if named else f"{point:g}", "value": NAN if named else float(point)}
        where |= {"own": point == ("own" if named else own), "hardware": "made up", "torch": "0", "late_gain": 0.0}
        for seed, accuracy in enumerate(accuracies):
            diverged = 1 if math.isnan(accuracy) else None
            train = NAN if diverged else 0.9 if architecture == "slow" else 1.0
            scores = {"test_accuracy": accuracy, "digit_derived_accuracy": accuracy + 0.02, "digit_accuracy": accuracy}
            rows.append(where | {"seed": seed, "diverged": diverged, "train_accuracy": train} | scores)
    return TABLES.frame("runs", rows)


def test_one_architecture_has_student_s_interval():
    values = np.array([0.8, 0.9, 0.85, 0.87])
    found = summed_up(values[:, None])
    assert (found["runs"], found["mean"]) == (4, pytest.approx(0.855))
    assert (found["low"], found["high"]) == pytest.approx(statistics.t_interval(values))
    assert math.isnan(found["spread_low"])


def test_with_fewer_seeds_an_architecture_counts_as_much_and_its_uncertainty_too():
    values = np.array([[0.80, 0.70], [0.82, 0.74], [0.84, NAN], [0.86, NAN]])
    found = summed_up(values)
    assert found["mean"] == pytest.approx((0.83 + 0.72) / 2)
    # seed by seed, the deviations from the architectures' means over what makes them standard errors, added and halved
    first = np.array([-0.03, -0.01, 0.01, 0.03]) / math.sqrt(4 * 3) / 2
    second = np.array([-0.02, 0.02, 0, 0]) / math.sqrt(2 * 1) / 2
    parts = (first**2).sum(), (second**2).sum()
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 3 + parts[1] ** 2 / 1)
    half = statistics.stats.t.ppf(0.975, freedom) * math.sqrt(((first + second) ** 2).sum())
    assert (found["low"], found["high"]) == pytest.approx((found["mean"] - half, found["mean"] + half))


def test_its_interval_covers_the_truth_in_95_of_100_studies():
    """Nine architectures, two of them with three seeds of ten; a seed moves all of them."""
    numbers, covered, studies = np.random.default_rng(0), 0, 1_000
    for _ in range(studies):
        values = 0.8 + numbers.normal(0, 0.005, (10, 1)) + numbers.normal(0, 0.01, (10, 9))
        values[3:, 7:] = NAN
        found = summed_up(values)
        covered += found["low"] <= 0.8 <= found["high"]
    assert 0.93 <= covered / studies <= 0.98


def test_accuracy_change_and_gap():
    made = runs(
        ("fast", "aux_loss", "other", [0.85, 0.87]),
        ("fast", "aux_loss", "own", [0.80, 0.84]),
        ("slow", "aux_loss", "other", [0.71, NAN]),
        ("slow", "aux_loss", "own", [0.70, 0.74]),
    )
    table = analysis.accuracy(made)
    fast = row_of(table, architecture="fast", point="other")
    assert fast["mean_test_accuracy"] == pytest.approx(0.86)
    assert fast["change"] == pytest.approx(0.04)  # 0.05 and 0.03, to the study's own point, although another is first
    assert fast["gap"] == pytest.approx(0.02)
    assert (fast["own"], fast["converged"], fast["runs"]) == (False, True, 2)
    assert row_of(table, architecture="fast", point="own")["own"]
    slow = row_of(table, architecture="slow", point="other")
    assert (slow["runs"], slow["change"], slow["converged"]) == (1, pytest.approx(0.01), False)
    average = row_of(table, architecture=AVERAGE, point="other")
    assert average["mean_test_accuracy"] == pytest.approx((0.86 + 0.71) / 2)
    assert average["change"] == pytest.approx((0.04 + 0.01) / 2)
    assert row_of(table, architecture=AVERAGE_CONVERGED, point="other")["mean_test_accuracy"] == pytest.approx(0.86)


def test_effects_their_change_and_their_log_odds():
    made = runs(
        ("fast", "baseline", "own", [0.80, 0.82]),
        ("fast", "baseline", "other", [0.90, 0.90]),
        ("fast", "aux_loss", "own", [0.88, 0.88]),
        ("fast", "aux_loss", "other", [0.91, 0.95]),
    )
    table = analysis.effects(made, test_pairs=1000)
    assert set(table["effect"]) == {"aux_loss"}
    own, other = (row_of(table, point=point) for point in ("own", "other"))
    assert (own["mean_difference"], own["change"]) == (pytest.approx(0.07), 0)
    assert other["mean_difference"] == pytest.approx(0.03)
    assert other["change"] == pytest.approx(-0.04)  # 0.01 - 0.08 and 0.05 - 0.06
    assert (other["change_low"], other["change_high"]) == pytest.approx(statistics.t_interval(np.array([-0.07, -0.01])))
    odds = [math.log(910.5 / 90.5) - math.log(900.5 / 100.5), math.log(950.5 / 50.5) - math.log(900.5 / 100.5)]
    assert other["log_odds"] == pytest.approx(np.mean(odds))


def curves(architecture, shift=0.0):
    """The baseline rises by 0.1 at each doubling; weight sharing is 0.15 above it at 2."""
    noise = np.array([-0.01, 0.01])
    for value, level in ((1, 0.5), (2, 0.6), (4, 0.7)):
        yield architecture, "baseline", value, level + shift + noise
        yield architecture, "weight_sharing", value, level + shift + 0.15 + noise


def test_equivalents_by_architecture_and_of_the_averaged_accuracies():
    made = runs(*curves("a"), *curves("b", 0.02), sweep="train_pairs", own=2.0)
    table = analysis.equivalents(made, make_sweeps("train_pairs"))
    row = row_of(table, architecture="a")
    assert (row["effect"], row["technique"], row["reference"]) == ("weight_sharing", "weight_sharing", "baseline")
    assert (row["target"], row["value"], row["fewest"], row["most"]) == (pytest.approx(0.75), math.inf, 1, 4)
    nearer = made.assign(test_accuracy=made["test_accuracy"] - 0.1 * (made["technique"] == "weight_sharing"))
    table = analysis.equivalents(nearer, make_sweeps("train_pairs"))
    assert list(table["architecture"]) == ["a", "b", AVERAGE]
    assert list(table["value"]) == pytest.approx([2 * 2**0.5] * 3)


def test_half_of_a_gain_is_where_the_curve_is_half_way_up():
    levels = {0: 0.5, 10: 0.52, 100: 0.6, 1000: 0.7}
    made = runs(*(("a", "aux_loss", n, [level] * 2) for n, level in levels.items()), sweep="labels", own=1000)
    row = row_of(analysis.half_gains(made, make_sweeps("labels")), architecture="a")
    assert (row["gain"], row["target"]) == (pytest.approx(0.2), pytest.approx(0.6))
    assert (row["value"], row["fewest"], row["most"]) == (pytest.approx(100), 10, 1000)


def test_the_best_value_is_none_of_which_a_run_diverged_and_not_0():
    levels = {0: [0.9, 0.9], 1: [0.7, 0.7], 2: [0.8, 0.82], 3: [0.95, NAN]}
    table = analysis.best(runs(*(("a", "aux_loss", n, of) for n, of in levels.items())))
    assert list(table.loc[table["best"], "value"]) == [2]
    row = row_of(table, value=1)
    assert row["behind"] == pytest.approx(-0.11)
    assert (row["behind_low"], row["behind_high"]) == pytest.approx(statistics.t_interval(np.array([-0.1, -0.12])))

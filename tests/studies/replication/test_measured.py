"""The published figures beside ours, by hand."""

import math

import numpy as np
import pytest

from studies.replication import measured
from tests.studies.replication.made_up_results import STUDY, jitter, only, result, results


def figures(rows, level):
    return measured.figures(rows, STUDY, results(rows, level))


def flat(description, seed):
    return 0.83 + jitter(seed)


def test_a_figure_by_hand():
    """deep_fc-baseline, 81.18 ± 1.69 of 10 runs: ours 0.83 with a spread of 0.003028 after the last epoch."""
    code, text = figures(only("deep_fc-baseline"), flat).to_dict("records")
    assert [(row["measure"], row["main"]) for row in (code, text)] == [
        ("epoch_49", True),
        ("best_epoch_of_mean", False),
    ]
    spread = np.std([jitter(seed) for seed in range(10)], ddof=1)
    assert (code["own_mean"], text["own_mean"], code["common_mean"]) == pytest.approx((0.82, 0.835, 0.83))
    assert (code["own_std"], code["own_runs"], code["own_diverged"]) == (pytest.approx(spread), 10, 0)
    half = 2.262157 * spread * math.sqrt(1 / 10 + 1 / 10)
    assert code["own_prediction_low"] == pytest.approx(0.82 - half - 0.00005, abs=1e-7)  # printed to 0.01 %
    assert code["own_prediction_high"] == pytest.approx(0.82 + half + 0.00005, abs=1e-7)
    assert (code["own_within"], code["common_within"]) == (False, False)
    assert code["own_difference"] == pytest.approx(0.82 - 0.8118)
    freedom = (0.0169**2 + spread**2) ** 2 / ((0.0169**4 + spread**4) / 9)
    assert freedom == pytest.approx(9.577, abs=0.001)
    half = 2.24155 * math.sqrt((0.0169**2 + spread**2) / 10)  # t for 9.577 degrees of freedom
    assert code["own_ci_high"] == pytest.approx(0.0082 + half, abs=1e-6)
    assert code["spread_ratio"] == pytest.approx(0.0169 / spread)
    assert code["spread_high"] == pytest.approx(math.sqrt(4.025994) + 0.00005 / spread, rel=1e-5)  # F(9, 9)
    assert not code["spread_within"]


def test_runs_that_diverged_are_counted_and_left_out():
    rows = only("deep_fc-baseline")
    found = results(rows, flat)
    lost = rows.rows[0].runs()[3]
    found[lost] = result(lost, 0, diverged=50)  # after epoch 49, which is read
    row = measured.figures(rows, STUDY, found).iloc[0]
    assert (row["own_runs"], row["own_diverged"], row["common_runs"]) == (9, 1, 10)


def test_a_gain_by_hand():
    """Report 1: 85.9 ± 1.5 over 83.0 ± 1.2, 10 runs each; their difference has 17.17 degrees of freedom."""
    rows = only("basenet-two_channel", "basenet-weight_sharing")
    shares = {"two_channel": 0.8, "shared": 0.85}
    found = results(rows, lambda description, seed: shares[description.encoder] + jitter(seed))
    (row,) = measured.gains(rows, STUDY, found).to_dict("records")
    half = 2.1083 * math.sqrt(0.015**2 / 10 + 0.012**2 / 10)
    assert row["published_gain"] == pytest.approx(0.029)
    assert row["published_ci_high"] == pytest.approx(0.029 + half, abs=1e-5)
    for whose in ("own", "common"):  # what a seed does to both techniques is in neither
        assert [row[f"{whose}_{of}"] for of in ("gain", "ci_low", "ci_high")] == pytest.approx([0.05] * 3)
        assert row[f"{whose}_runs"] == 10

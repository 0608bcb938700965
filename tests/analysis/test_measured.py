"""The tables that retell the results, on made-up results small enough to work out by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from pipeline.analysis import measured
from pipeline.engine.result import Curves, Errors, Result
from tests.made_up import NOWHERE
from tests.synthetic import make_params

PARAMS = make_params(["lenet5", "convnet"], ["baseline", "aux_loss"], seeds=3)
COMBO = PARAMS.combo("lenet5", "aux_loss")


def make_result(combo=COMBO, seed=0, **changes) -> Result:
    """A result with 4 test pairs and two epochs; `changes` replace fields, those of its parts by their name."""
    curves = {
        "loss": [1.0, 0.5],
        "comparison_loss": [0.6, 0.3],
        "aux_loss": [0.4, 0.2],
        "train_accuracy": [0.6, 0.8],
        "test_accuracy": [0.75, 0.5],
        "digit_accuracy": [0.25, 0.5],
        "digit_derived_accuracy": [0.5, 0.75],
    }
    curves |= {name: changes.pop(name) for name in list(changes) if name in curves}
    fields = {
        "run": PARAMS.runs(combo)[seed],
        "parameters": 1_852_235,
        "diverged": None,
    }
    errors = {
        "gap_pairs": [1, 2] + [0] * 16 + [1],
        "gap_correct": [1, 1] + [0] * 17,
        "digit_confusion": [np.eye(10, dtype=int).tolist(), np.ones((10, 10), dtype=int).tolist()],
    }
    errors |= {name: changes.pop(name) for name in list(changes) if name in errors}
    return Result(curves=Curves(**curves), errors=Errors(**errors), **(NOWHERE | fields | changes))


def diverged(seed: int, epoch: int = 2) -> Result:
    lost = {name: [0.5] * (epoch - 1) + [None] * (3 - epoch) for name in Curves.model_fields}
    return make_result(seed=seed, diverged=epoch, **lost)


def summary(*of_combo: Result) -> dict:
    (row,) = measured.summary(measured.runs({COMBO: list(of_combo)})).to_dict("records")
    return row


def test_runs_take_the_last_and_the_best_epoch():
    row = measured.runs({COMBO: [make_result()]}).iloc[0]
    assert (row["data_set"], row["architecture"], row["technique"], row["seed"]) == ("mnist", "lenet5", "aux_loss", 0)
    assert (row["test_accuracy"], row["best_test_accuracy"], row["late_gain"]) == (0.5, 0.75, -0.25)
    assert (row["train_accuracy"], row["digit_accuracy"], row["digit_derived_accuracy"]) == (0.8, 0.5, 0.75)
    assert (row["parameters"], row["device"], row["hardware"]) == (1_852_235, "cpu", "made up")
    # gaps -9 and -8 are to be answered yes (3 pairs, 2 right), gap 9 no (1 pair, wrong)
    assert (row["yes_share"], row["sensitivity"], row["specificity"]) == (0.75, pytest.approx(2 / 3), 0)


def test_summary_by_hand():
    row = summary(*(make_result(seed=k, test_accuracy=[0.95, last]) for k, last in enumerate((0.7, 0.8, 0.9))))
    assert (row["runs"], row["diverged"], row["parameters"]) == (3, 0, 1_852_235)
    assert (row["mean_test_accuracy"], row["std_test_accuracy"]) == pytest.approx((0.8, 0.1))
    half = 4.302653 * 0.1 / math.sqrt(3)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((0.8 - half, 0.8 + half), abs=1e-6)
    assert (row["mean_late_gain"], row["late_gain_low"]) == pytest.approx((-0.15, -0.15 - half), abs=1e-6)
    assert row["mean_best_test_accuracy"] == pytest.approx(0.95)
    assert (row["mean_train_accuracy"], row["mean_digit_derived_accuracy"]) == pytest.approx((0.8, 0.75))


def test_a_run_that_diverged_is_counted_and_left_out():
    of_combo = {COMBO: [make_result(), diverged(1)]}
    runs = measured.runs(of_combo)
    assert runs["diverged"].tolist() == [pytest.approx(math.nan, nan_ok=True), 2]
    assert runs.loc[1, ["test_accuracy", "best_test_accuracy", "late_gain", "sensitivity"]].isna().all()
    row = measured.summary(runs).iloc[0]
    assert (row["runs"], row["diverged"], row["mean_test_accuracy"]) == (1, 1, 0.5)
    assert measured.gaps(of_combo)["pairs"].sum() == 4
    assert measured.confusion(of_combo)["count"].sum() == 110
    curves = measured.learning_curves(measured.curves(of_combo))
    assert curves["runs"].tolist() == [2, 1]
    assert curves["mean_test_accuracy"].tolist() == [0.625, 0.5]


def test_learning_curves_by_hand():
    curves = measured.curves({COMBO: [make_result(), make_result(seed=1, loss=[3.0, 0.5])]})
    assert curves[["seed", "epoch", "loss"]].to_numpy().tolist() == [[0, 1, 1], [0, 2, 0.5], [1, 1, 3], [1, 2, 0.5]]
    means = measured.learning_curves(curves)
    assert list(means["epoch"]) == [1, 2]
    assert list(means["mean_loss"]) == [2.0, 0.5]
    np.testing.assert_allclose(means["std_loss"], [math.sqrt(2), 0])
    assert list(means["mean_test_accuracy"]) == [0.75, 0.5]


def test_gaps_are_pooled_over_runs():
    other = make_result(seed=1, gap_pairs=[0, 1] + [0] * 16 + [3], gap_correct=[0, 1] + [0] * 16 + [2])
    gaps = measured.gaps({COMBO: [make_result(), other]}).set_index("gap")
    assert list(gaps.index) == list(range(-9, 10))
    assert list(gaps.loc[[-9, -8, 9], "pairs"]) == [1, 3, 4]
    assert list(gaps.loc[[-9, -8, 9], "test_accuracy"]) == [1, pytest.approx(2 / 3), 0.5]
    assert math.isnan(gaps.loc[0, "test_accuracy"])


def test_an_average_of_runs_is_of_the_seeds_that_every_architecture_has():
    rows = [
        ("lenet5", 0, 0.8, 1.0),
        ("convnet", 0, 0.6, 0.5),
        ("lenet5", 1, 0.7, 1.0),
        ("convnet", 1, math.nan, math.nan),
    ]
    columns = ["architecture", "seed", "test_accuracy", "train_accuracy"]
    runs = pd.DataFrame(rows, columns=columns).assign(value=3)
    averages = measured.with_average(runs, ["value"]).query("architecture == 'average'")
    assert averages["seed"].tolist() == [0, 1]
    assert averages["test_accuracy"].tolist() == [pytest.approx(0.7), pytest.approx(math.nan, nan_ok=True)]
    assert averages["train_accuracy"].tolist() == [0.75, pytest.approx(math.nan, nan_ok=True)]
    alone = runs[:1]
    assert measured.with_average(alone, ["value"]) is alone


def test_metrics_average_over_architectures():
    results = {
        combo: [make_result(combo, test_accuracy=[0, accuracy], device=device)]
        for combo, accuracy, device in (
            (PARAMS.combo("lenet5", "baseline"), 0.8, "cpu"),
            (PARAMS.combo("convnet", "baseline"), 0.6, "cuda"),
        )
    }
    assert measured.metrics(measured.runs(results)) == {
        "data_set": "mnist",
        "device": "mixed",
        "average": {"baseline": 0.7},
        "lenet5": {"baseline": 0.8},
        "convnet": {"baseline": 0.6},
    }

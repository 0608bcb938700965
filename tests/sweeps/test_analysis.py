"""Tables of the sweeps, against values worked out by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from pipeline import tables
from pipeline.params import AVERAGE
from pipeline.sweeps import analysis as sweeps


def runs(*of_points, sweep="train_pairs"):
    """The table `sweeps/runs` from (architecture, technique, value, accuracies by seed); None: it diverged."""
    rows = []
    for architecture, technique, value, accuracies in of_points:
        for seed, accuracy in enumerate(accuracies):
            row = {"data_set": "mnist", "sweep": sweep, "architecture": architecture, "technique": technique}
            row |= {"value": float(value), "seed": seed, "diverged": 1 if accuracy is None else None}
            score = math.nan if accuracy is None else accuracy
            row |= {"test_accuracy": score, "train_accuracy": score, "hardware": "made up", "torch": "0"}
            rows.append(row)
    return tables.frame("sweeps/runs", rows)


def row_of(table, **keys):
    for name, value in keys.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_accuracy_is_averaged_over_architectures_within_a_seed():
    made = runs(("a", "baseline", 100, [0.5, 0.7]), ("b", "baseline", 100, [0.9, 0.7]))
    table = sweeps.accuracy(made)
    assert list(table["architecture"]) == ["a", "b", AVERAGE]
    average = row_of(table, architecture=AVERAGE)
    assert average["mean_test_accuracy"] == pytest.approx(0.7)
    assert average["std_test_accuracy"] == pytest.approx(0)  # what one gains the other loses, seed by seed
    assert row_of(table, architecture="a")["std_test_accuracy"] == pytest.approx(0.2 / math.sqrt(2))


def test_one_architecture_has_no_average():
    assert list(sweeps.accuracy(runs(("a", "baseline", 100, [0.5, 0.7])))["architecture"]) == ["a"]


def test_a_run_that_diverged_is_left_out_of_its_mean_and_its_seed_of_the_average():
    made = runs(("a", "baseline", 100, [None, 0.7, 0.8]), ("b", "baseline", 100, [0.9, 0.5, 0.6]))
    table = sweeps.accuracy(made)
    assert list(table["runs"]) == [2, 3, 2]
    assert row_of(table, architecture="a")["mean_test_accuracy"] == pytest.approx(0.75)
    assert row_of(table, architecture=AVERAGE)["mean_test_accuracy"] == pytest.approx(0.65)


def test_effects_compare_runs_of_one_seed_at_each_number_of_pairs():
    made = runs(
        ("a", "baseline", 100, [0.5, 0.7]),
        ("a", "baseline", 200, [0.6, 0.8]),
        ("a", "weight_sharing", 100, [0.6, 0.8]),
        ("a", "weight_sharing", 200, [0.6, None]),
    )
    table = sweeps.effects_by_pairs(made)
    assert list(table["effect"].unique()) == ["weight_sharing"]
    few, many = table.to_dict("records")
    assert (few["train_pairs"], few["runs"]) == (100, 2)
    assert few["mean_difference"] == few["ci_low"] == few["ci_high"] == pytest.approx(0.1)
    assert (many["train_pairs"], many["runs"], many["mean_difference"]) == (200, 1, 0)
    assert math.isnan(many["ci_low"])


CURVES = {100: 0.5, 200: 0.6, 400: 0.7}


def both_curves(architecture, gain, shifts):
    """A baseline on CURVES, and weight sharing that gains so much over it, with seeds that differ by shifts."""
    return [
        (architecture, technique, count, [level + extra + shift for shift in shifts])
        for technique, extra in (("baseline", 0), ("weight_sharing", gain))
        for count, level in CURVES.items()
    ]


def test_worth_is_what_the_reference_needs_for_the_technique_s_accuracy():
    made = runs(*both_curves("a", 0.05, [-0.01, 0.01]), *both_curves("b", 0.15, [0.0, 0.02]))
    table = sweeps.worths(made, train_pairs=100)
    assert list(table["effect"].unique()) == ["weight_sharing"]
    assert row_of(table, architecture="a")["pairs"] == pytest.approx(100 * math.sqrt(2))
    assert row_of(table, architecture="b")["pairs"] == pytest.approx(200 * math.sqrt(2))
    assert row_of(table, architecture=AVERAGE)["pairs"] == pytest.approx(200)
    first = row_of(table, architecture="a")
    assert (first["technique"], first["reference"], first["target"]) == ("weight_sharing", "baseline", 0.55)
    assert (first["fewest"], first["most"]) == (100, 400)
    assert math.isinf(row_of(sweeps.worths(made, train_pairs=400), architecture="a")["pairs"])


def test_worth_leaves_out_a_seed_of_which_any_run_diverged():
    points = both_curves("a", 0.05, [0.0, 0.0, 0.3])
    points[0] = (*points[0][:3], [0.5, 0.5, None])
    row = row_of(sweeps.worths(runs(*points), train_pairs=100), architecture="a")
    assert row["runs"] == 2
    assert row["pairs"] == pytest.approx(100 * math.sqrt(2))
    points[0] = (*points[0][:3], [None, None, None])
    row = row_of(sweeps.worths(runs(*points), train_pairs=100), architecture="a")
    assert row["runs"] == 0
    assert math.isnan(row["pairs"])


def test_the_best_aux_weight_is_never_none_and_others_are_compared_with_it_by_seed():
    made = runs(
        ("a", "aux_loss", 0, [0.9, 0.9, 0.9]),
        ("a", "aux_loss", 0.1, [0.80, 0.70, 0.60]),
        ("a", "aux_loss", 1, [0.81, 0.71, 0.62]),
        sweep="aux_weight",
    )
    table = sweeps.aux_weights(made)
    assert list(table.loc[table["best"], "aux_weight"]) == [1]
    low = row_of(table, aux_weight=0.1)
    differences = np.array([-0.01, -0.01, -0.02])
    half = 4.30265 * differences.std(ddof=1) / math.sqrt(3)  # Student's t with 2 degrees of freedom
    assert low["behind"] == pytest.approx(differences.mean())
    assert low["behind_low"] == pytest.approx(low["behind"] - half, abs=1e-6)
    assert low["behind_high"] == pytest.approx(low["behind"] + half, abs=1e-6)
    assert row_of(table, aux_weight=0)["behind"] == pytest.approx(0.9 - 0.71333333)
    assert row_of(table, aux_weight=1)["behind"] == 0


def test_an_aux_weight_of_which_a_run_diverged_is_not_the_best():
    points = [("a", "aux_loss", 0.1, [0.8, 0.7]), ("a", "aux_loss", 1, [None, 0.9]), ("a", "aux_loss", 5, [None, None])]
    table = sweeps.aux_weights(runs(*points, sweep="aux_weight"))
    assert list(table["best"]) == [True, False, False]
    assert list(table["runs"]) == [2, 1, 0]
    assert row_of(table, aux_weight=1)["behind"] == pytest.approx(0.2)
    assert math.isnan(row_of(table, aux_weight=5)["behind"])
    none_left = sweeps.aux_weights(runs(*points[1:], sweep="aux_weight"))
    assert not none_left["best"].any()
    assert none_left["behind"].isna().all()


def test_each_sweep_keeps_to_itself():
    both = pd.concat(
        [
            runs(("a", "aux_loss", 1, [0.9, 0.9]), sweep="aux_weight"),
            runs(("a", "aux_loss", 100, [0.5, 0.5])),
        ]
    )
    assert list(sweeps.aux_weights(both)["aux_weight"]) == [1]
    assert len(sweeps.accuracy(both)) == 2
    assert sweeps.effects_by_pairs(both).empty
    assert sweeps.worths(both, 100).empty

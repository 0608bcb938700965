"""Tables of the tuning, against values worked out by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from pipeline.analysis.effects import AVERAGE_CONVERGED
from pipeline.params import AVERAGE
from studies.tuning import analysis
from studies.tuning.analysis import AVERAGE_OTHERS
from studies.tuning.settings import TABLES
from tests.synthetic import row_of


def runs(*of_combos):
    """The table `runs` from (architecture, technique, recipe, accuracies by seed); None: it diverged.

    Architectures that are written in capitals have not converged.
    """
    rows = []
    for architecture, technique, recipe, accuracies in of_combos:
        for seed, accuracy in enumerate(accuracies):
            score = math.nan if accuracy is None else accuracy
            row = {"data_set": "mnist", "architecture": architecture, "technique": technique, "recipe": recipe}
            row |= {"seed": seed, "diverged": 1 if accuracy is None else None, "test_accuracy": score}
            train = score if architecture.isupper() else 0.99 + 0 * score
            row |= {"train_accuracy": train, "late_gain": 0 * score}
            rows.append(row | {"hardware": "made up", "torch": "0"})
    return TABLES.frame("runs", rows)


MADE = runs(
    ("a", "baseline", "study", [0.70, 0.72]),
    ("a", "baseline", "best", [0.74, 0.78]),
    ("a", "weight_sharing", "study", [0.75, 0.79]),
    ("a", "weight_sharing", "best", [0.80, 0.82]),
    ("B", "baseline", "study", [0.60, 0.60]),
    ("B", "baseline", "best", [0.60, None]),
    ("B", "weight_sharing", "study", [0.70, 0.70]),
    ("B", "weight_sharing", "best", [0.72, 0.74]),
)


def test_accuracy_and_what_a_recipe_changes_seed_by_seed():
    table = analysis.accuracy(MADE)
    row = row_of(table, architecture="a", technique="baseline", recipe="best")
    assert row["mean_test_accuracy"] == pytest.approx(0.76)
    assert row["change"] == pytest.approx(0.05)  # 0.04 and 0.06
    half = 12.7062047 * math.sqrt(2) * 0.01 / math.sqrt(2)
    assert (row["change_low"], row["change_high"]) == pytest.approx((0.05 - half, 0.05 + half))
    assert math.isnan(row_of(table, architecture="a", technique="baseline", recipe="study")["change"])
    diverged = row_of(table, architecture="B", technique="baseline", recipe="best")
    assert (diverged["runs"], diverged["change"]) == (1, 0)
    assert math.isnan(diverged["change_low"])


def test_effects_under_both_recipes_and_the_difference_that_tuning_makes():
    table = analysis.effects(MADE, analysis.accuracy(MADE))
    assert set(table["effect"]) == {"weight_sharing"}  # of the other contrasts, a technique is missing
    own = row_of(table, architecture="a", recipe="study")
    best = row_of(table, architecture="a", recipe="best")
    assert own["mean_difference"] == pytest.approx(0.06)  # 0.05 and 0.07
    assert best["mean_difference"] == pytest.approx(0.05)  # 0.06 and 0.04
    assert best["change"] == pytest.approx(-0.01)  # 0.01 and -0.03
    assert math.isnan(own["change"])
    gap = row_of(table, architecture="B", recipe="best")
    assert (gap["runs"], gap["mean_difference"], gap["change"]) == (1, pytest.approx(0.12), pytest.approx(0.02))
    whole = row_of(table, architecture=AVERAGE, recipe="best")
    assert (whole["runs"], whole["mean_difference"]) == (1, pytest.approx((0.06 + 0.12) / 2))


def test_converged_architectures_are_averaged_apart_from_the_others():
    made = pd.concat([MADE, MADE[MADE["architecture"] == "a"].assign(architecture="c")], ignore_index=True)
    table = analysis.effects(made, analysis.accuracy(made))
    apart = row_of(table, architecture=AVERAGE_CONVERGED, recipe="best")
    assert (apart["architectures"], apart["change"]) == (2, pytest.approx(-0.01))
    others = row_of(table, architecture=AVERAGE_OTHERS, recipe="best")
    assert (others["architectures"], others["change"]) == (1, pytest.approx(0.02))
    alike = analysis.effects(MADE[MADE["architecture"] == "a"], analysis.accuracy(MADE))
    assert set(alike["architecture"]) == {"a"}  # where all have, no group is apart


NAMES = {"data_set": "mnist", "architecture": "a", "technique": "aux_loss"}
FIELDS = {"learning_rate": 0.1, "batch_size": 100, "dropout": 0.0, "batch_norm": True, "aux_weight": 1.0}


def chosen_from(accuracies):
    recipes = [FIELDS | {"candidate": number} for number in range(len(accuracies))]
    return TABLES.frame("selection", analysis.selection(NAMES, recipes, np.array(accuracies)))


def test_a_seed_chooses_on_its_own_pairs_and_others_are_fresh():
    table = chosen_from([[0.90, 0.80, 0.82], [0.85, 0.86, 0.84], [0.85, 0.86, math.nan]])
    assert list(table["candidate"]) == [0, 1, 1]  # of equals the first; a run that diverged is not chosen
    assert list(table["fresh_accuracy"]) == pytest.approx([0.81, 0.845, 0.855])
    assert list(table["optimism"]) == pytest.approx([0.09, 0.015, -0.015])
    row = analysis.optimism(table, {"a": 3}).iloc[0]
    assert (row["candidates"], row["seeds"], row["choices"]) == (3, 3, 2)
    assert row["optimism"] == pytest.approx(0.03)
    assert row["mean_choosing_accuracy"] - row["mean_fresh_accuracy"] == pytest.approx(row["optimism"])
    assert row["optimism_low"] < 0.03 < row["optimism_high"]

"""Names and numbers in words."""

import math

import pandas as pd
import pytest

from pipeline import wording
from pipeline.analysis.effects import CONTRASTS

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("two_channel", "two channel"),
        ("aux_loss", "auxiliary loss"),
        ("weight_sharing_aux_loss", "weight sharing + auxiliary loss"),
        ("aux_loss_given_weight_sharing", "auxiliary loss given weight sharing"),
        ("weight_sharing_given_aux_loss", "weight sharing given auxiliary loss"),
    ],
)
def test_labels(name, words):
    assert wording.label(name) == words


def test_compared_names_both_sides():
    assert wording.compared("both") == "weight sharing + auxiliary loss vs. baseline"
    assert wording.compared("interaction") == (
        "(weight sharing + auxiliary loss) and baseline vs. weight sharing and auxiliary loss"
    )
    assert len({wording.compared(effect) for effect in CONTRASTS}) == len(CONTRASTS)


def test_numbers():
    assert wording.runs(1) == "1 run"
    assert wording.runs(10) == "10 runs"
    assert wording.percent(0.9124) == "91.2"
    assert wording.percent(math.nan) == wording.NONE
    assert wording.mean_std(0.9124, 0.0081) == "91.2 ± 0.8"
    assert wording.mean_std(0.9124, math.nan) == "91.2"
    assert wording.printed(0.8205, 0.0149) == "82.05 ± 1.49"
    assert wording.printed(0.86, 0.02) == "86 ± 2"
    assert wording.points(0.0314) == "+3.1"
    assert wording.points(-0.0314) == f"{MINUS}3.1"
    assert wording.points(-0.0001) == wording.points(0.0) == "0.0"
    assert wording.points(math.nan) == wording.NONE
    assert wording.interval(-0.01, 0.02) == f"{MINUS}1.0 to +2.0"
    assert wording.interval(math.nan, math.nan) == wording.NONE


def effects(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["effect", "architecture", "mean_difference", "ci_low", "ci_high"])


def test_headline_says_what_changes_against_the_baseline():
    table = effects(
        ("weight_sharing", "convnet", 0.02, 0.01, 0.03),
        ("weight_sharing", "lenet5", 0.04, 0.03, 0.05),
        ("weight_sharing", "average", 0.03, 0.021, 0.039),
        ("both", "convnet", -0.02, -0.03, -0.01),
        ("both", "lenet5", -0.02, -0.03, -0.01),
        ("both", "average", -0.02, -0.03, -0.01),
        ("digits_only", "average", 0.5, 0.4, 0.6),  # not against the baseline
        ("interaction", "average", 0.5, 0.4, 0.6),
    )
    assert wording.headline(table) == (
        "Averaged over the 2 architectures, test accuracy changes against the baseline by +3.0 points with weight "
        f"sharing (95% interval +2.1 to +3.9) and {MINUS}2.0 points with both (95% interval {MINUS}3.0 to {MINUS}1.0)."
    )


def test_headline_of_one_architecture_and_one_run():
    none = (math.nan, math.nan)
    table = effects(("aux_loss", "convnet", 0.02, *none), ("aux_loss", "average", 0.02, *none))
    assert wording.headline(table) == (
        "With convnet, test accuracy changes against the baseline by +2.0 points with auxiliary loss "
        "(no interval from one run)."
    )
    assert wording.headline(effects()) == "No technique of params.yaml can be compared with the baseline."


def test_finding_counts_intervals_and_names_the_extremes():
    table = effects(
        ("both", "convnet", 0.01, -0.01, 0.03),
        ("both", "lenet5", 0.04, 0.03, 0.05),
        ("both", "basenet", -0.02, -0.03, -0.01),
        ("both", "average", 0.01, -0.01, 0.03),
    )
    assert wording.finding(table) == (
        f"+1.0 points on average, from {MINUS}2.0 (basenet) to +4.0 (lenet5); 1 of 3 intervals lie above zero, 1 below"
    )
    undefined = table.assign(ci_low=math.nan, ci_high=math.nan)
    assert wording.finding(undefined) == f"+1.0 points on average, from {MINUS}2.0 (basenet) to +4.0 (lenet5)"
    one = table[table["architecture"].isin(["lenet5", "average"])]
    assert wording.finding(one) == "+1.0 points"

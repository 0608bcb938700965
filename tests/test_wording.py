"""Names and numbers in words."""

import math

import pandas as pd
import pytest

from pipeline import wording
from pipeline.analysis.effects import AVERAGE_TRAINED_OUT, CONTRASTS
from tests.synthetic import make_params

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("two_channel", "two channel"),
        ("weight_sharing_aux_loss", "weight sharing + auxiliary loss"),
        ("latent_digits_aux_loss", "latent digits + auxiliary loss"),
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
    assert wording.compared("readout") == (
        "readout of weight sharing + auxiliary loss vs. weight sharing + auxiliary loss"
    )
    assert len({wording.compared(effect) for effect in CONTRASTS}) == len(CONTRASTS)


def test_numbers():
    assert wording.counted(1, "run") == "1 run"
    assert wording.counted(1000, "run") == "1,000 runs"
    assert [wording.listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
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
    assert wording.half_width(-0.01, 0.02) == " ± 1.5"
    assert wording.half_width(math.nan, math.nan) == ""


def effects(*rows, spread=(math.nan, math.nan)) -> pd.DataFrame:
    """The columns that words are made of, from effect, architecture, mean and interval."""
    frame = pd.DataFrame(rows, columns=["effect", "architecture", "mean_difference", "ci_low", "ci_high"])
    return frame.assign(spread_low=spread[0], spread_high=spread[1], architectures=2)


def summary(**changes) -> pd.DataFrame:
    """Two architectures with both techniques and latent digits, the second column by column as `changes` say."""
    techniques = ["weight_sharing_aux_loss", "latent_digits"]
    rows = [(a, t, 0.9, 0.96, 10, 0, True) for a in ("convnet", "lenet5") for t in techniques]
    columns = ["architecture", "technique", "mean_test_accuracy", "mean_readout_accuracy", "runs", "diverged"]
    frame = pd.DataFrame(rows, columns=[*columns, "trained_out"])
    for name, value in changes.items():
        frame.loc[1, name] = value
    return frame


def test_headline_says_what_changes_against_the_baseline():
    table = effects(
        ("weight_sharing", "convnet", 0.02, 0.01, 0.03),
        ("weight_sharing", "lenet5", 0.04, 0.03, 0.05),
        ("weight_sharing", "average", 0.03, 0.021, 0.039),
        ("both", "average", -0.02, -0.03, -0.01),
        ("interaction", "average", 0.005, -0.002, 0.012),
        ("weight_sharing_given_aux_loss", "average", 0.01, 0.002, 0.018),
        ("readout", "average", 0.06, 0.05, 0.07),
        ("latent_digits", "average", 0.02, 0.01, 0.03),
    )
    assert wording.headline(table, summary()) == [
        "Averaged over the 2 architectures, test accuracy changes against the baseline by +3.0 points (95% interval "
        f"+2.1 to +3.9) with weight sharing and {MINUS}2.0 points ({MINUS}3.0 to {MINUS}1.0) with both; beside an "
        "auxiliary loss, weight sharing still changes it by +1.0 points (+0.2 to +1.8), and the gain of both differs "
        f"from the sum of the single gains by +0.5 points ({MINUS}0.2 to +1.2).",
        "Networks with both answer 90.0 % of the test pairs right by their comparator; comparing the two digits that "
        "the same networks read would answer 96.0 % right, a difference of +6.0 points (+5.0 to +7.0).",
        "With latent digits, where the answer is computed from the digits' probabilities without a comparator, test "
        "accuracy is 90.0 % trained on answers alone, +2.0 points (+1.0 to +3.0) against weight sharing.",
    ]


def test_headline_of_one_architecture_and_one_run():
    table = effects(("aux_loss", "average", 0.02, math.nan, math.nan))
    assert wording.headline(table, summary().iloc[:2]) == [
        "With convnet, test accuracy changes against the baseline by +2.0 points (no interval) with auxiliary loss."
    ]
    assert wording.headline(effects(), summary()) == ["params.yaml lists no techniques that an effect compares."]


def test_reservations_name_architectures_training_and_divergence():
    table = effects(
        ("aux_loss", "convnet", 0.01, 0.0, 0.02),
        ("aux_loss", "lenet5", 0.18, 0.17, 0.19),
        ("aux_loss", "average", 0.09, 0.08, 0.1),
        ("aux_loss", AVERAGE_TRAINED_OUT, 0.01, 0.0, 0.02),
        spread=(0.04, 0.13),
    )
    said = wording.reservations(table, summary(trained_out=False, diverged=2, runs=8))
    assert said == [
        "By architecture, the change with auxiliary loss goes from +1.0 (convnet) to +18.0 (lenet5); an interval over "
        "the 2 architectures instead of the seeds is +4.0 to +13.0.",
        "1 of 4 combos are not trained out: convnet with latent digits. Without the architectures concerned, the "
        "changes against the baseline are +1.0 points (0.0 to +2.0) with auxiliary loss.",
        "2 of 40 runs diverged: they are left out of all means, and their seeds out of the comparisons concerned. They "
        "are of convnet-latent_digits (2).",
    ]
    assert wording.reservations(effects(), summary()) == ["All combos are trained out.", "No run diverged."]


def test_verdicts_are_counted():
    verdicts = ["agrees", "agrees", "unclear", "agrees"]
    measures = ["test_accuracy", "best_test_accuracy", "test_accuracy", "train_accuracy"]
    table = pd.DataFrame({"verdict": verdicts, "measure": measures})
    assert wording.verdicts(table) == "Of 3 published test accuracies, ours agree with 2 and are unclear for 1."
    assert wording.verdicts(table[:0]) == ""


def test_limits_follow_params_and_tables():
    rows = [("basenet", "baseline", 150), ("basenet", "weight_sharing", 100), ("lenet5", "baseline", 200)]
    rows.append(("lenet5", "weight_sharing", 100))
    table = pd.DataFrame(rows, columns=["architecture", "technique", "parameters"])
    text = " ".join(wording.limits(make_params(["basenet", "lenet5"]), table))
    assert "Separate encoders have 1.5 to 2.0 times as many weights" in text
    assert "basenet normalizes each digit apart" in text
    assert "wide_convnet" not in text
    assert "Under SGD (basenet)" in text
    assert "2,000 test images out of the same 10,000, so that any two seeds have about 400 in common" in text
    assert "a standard error of 0.95 points" in text

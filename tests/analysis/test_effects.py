"""Effects on made-up test accuracies small enough to work out by hand."""

import math

import pandas as pd
import pytest

from pipeline.analysis import effects
from pipeline.analysis.effects import AVERAGE_CONVERGED
from pipeline.params import AVERAGE

COMPARATORS = {"baseline", "weight_sharing", "aux_loss", "weight_sharing_aux_loss"}
CONVERGED = {"convnet": COMPARATORS, "basenet": COMPARATORS}
ACCURACIES = {  # architecture, technique: test accuracies of seeds 0 and 1
    ("convnet", "baseline"): [0.80, 0.82],
    ("convnet", "weight_sharing"): [0.83, 0.85],
    ("convnet", "aux_loss"): [0.88, 0.88],
    ("convnet", "weight_sharing_aux_loss"): [0.90, 0.91],
    ("basenet", "baseline"): [0.81, 0.85],
    ("basenet", "weight_sharing"): [0.86, 0.84],
    ("basenet", "aux_loss"): [0.91, 0.85],
    ("basenet", "weight_sharing_aux_loss"): [0.92, 0.94],
}


@pytest.fixture
def runs():
    """The columns of the table `runs` that effects read, later seeds first: they are matched by their number."""
    rows = [
        ("mnist", architecture, technique, seed, accuracy, accuracy + 0.05)
        for (architecture, technique), accuracies in ACCURACIES.items()
        for seed, accuracy in reversed(list(enumerate(accuracies)))
    ]
    columns = ["data_set", "architecture", "technique", "seed", "test_accuracy", "digit_derived_accuracy"]
    return pd.DataFrame(rows, columns=columns)


def table_of(runs, converged=CONVERGED):
    """The table `effects`, by effect and architecture."""
    table = effects.effects(effects.effect_runs(runs, converged), converged)
    return table.set_index(["effect", "architecture"])


def differences(table, effect, architecture):
    of_effect = table[(table["effect"] == effect) & (table["architecture"] == architecture)]
    assert list(of_effect["seed"]) == [0, 1]
    return list(of_effect["difference"])


@pytest.mark.parametrize(
    ("effect", "convnet", "basenet", "average"),
    [
        ("weight_sharing", [0.03, 0.03], [0.05, -0.01], [0.04, 0.01]),
        ("aux_loss", [0.08, 0.06], [0.10, 0.0], [0.09, 0.03]),
        ("both", [0.10, 0.09], [0.11, 0.09], [0.105, 0.09]),
        ("weight_sharing_given_aux_loss", [0.02, 0.03], [0.01, 0.09], [0.015, 0.06]),
        ("aux_loss_given_weight_sharing", [0.07, 0.06], [0.06, 0.10], [0.065, 0.08]),
        ("interaction", [-0.01, 0.0], [-0.04, 0.10], [-0.025, 0.05]),
        ("digit_derived", [0.05, 0.05], [0.05, 0.05], [0.05, 0.05]),
    ],
)
def test_differences_are_between_runs_of_one_seed(runs, effect, convnet, basenet, average):
    table = effects.effect_runs(runs, CONVERGED)
    assert differences(table, effect, "convnet") == convnet  # exactly: 0.0, not 1e-17
    assert differences(table, effect, "basenet") == basenet
    assert differences(table, effect, AVERAGE) == average


def test_effects_by_hand(runs):
    table = table_of(runs)
    aux = table.loc[("aux_loss", "basenet")]
    assert (aux["runs"], aux["wins"], aux["ties"]) == (2, 1, 1)
    assert aux["mean_difference"] == pytest.approx(0.05)
    # standard deviation 0.0707107, so the mean's error is 0.05; t for one degree of freedom is 12.7062
    assert (aux["ci_low"], aux["ci_high"]) == pytest.approx((0.05 - 0.63531, 0.05 + 0.63531), abs=1e-5)
    assert aux["p_value"] == 1  # +0.1 and -0.1, each with either sign of 0, are all four flips
    sharing = table.loc["weight_sharing"]
    assert sharing.loc["convnet", "p_value"] == 0.5
    assert (sharing.loc["convnet", "ci_low"], sharing.loc["convnet", "ci_high"]) == pytest.approx((0.03, 0.03))
    assert (sharing.loc["basenet", "wins"], sharing.loc["basenet", "ties"]) == (1, 0)
    assert list(sharing.loc[["convnet", "basenet"], "p_holm"]) == [1, 1]  # 0.5 * 2, and 1
    assert table.loc["both", "p_holm"][["convnet", "basenet"]].to_list() == [1, 1]


def test_holm_corrects_over_architectures_and_not_over_the_average():
    rows = [
        ("mnist", "both", architecture, seed, 0.01 if seed else second)
        for architecture, second in (("convnet", 0.01), ("basenet", 0.02), (AVERAGE, 0.01))
        for seed in range(6)
    ]
    frame = pd.DataFrame(rows, columns=["data_set", "effect", "architecture", "seed", "difference"])
    table = effects.effects(frame, CONVERGED)
    assert list(table["p_value"]) == [2 / 64] * 3
    assert list(table["p_holm"][:2]) == [4 / 64] * 2
    assert math.isnan(table["p_holm"][2])


def test_architectures_that_are_not_converged_have_an_average_without_them(runs):
    table = table_of(runs, {"convnet": COMPARATORS, "basenet": COMPARATORS - {"aux_loss"}})
    aux = table.loc["aux_loss"]
    assert list(aux["converged"]) == [True, False, False, True]
    assert aux.loc[AVERAGE_CONVERGED, ["architectures", "mean_difference"]].to_list() == [1, pytest.approx(0.07)]
    assert AVERAGE_CONVERGED not in table.loc["weight_sharing"].index  # both are
    none = table_of(runs, {"convnet": set(), "basenet": set()})
    assert AVERAGE_CONVERGED not in none.index.get_level_values("architecture")


def test_a_run_that_diverged_drops_its_seed(runs):
    lost = (runs["architecture"] == "basenet") & (runs["technique"] == "aux_loss") & (runs["seed"] == 0)
    runs.loc[lost, ["test_accuracy", "digit_derived_accuracy"]] = math.nan
    aux = table_of(runs).loc["aux_loss"]
    assert aux["runs"].to_dict() == {"convnet": 2, "basenet": 1, AVERAGE: 1}
    assert aux.loc[AVERAGE, "mean_difference"] == pytest.approx((0.06 + 0.0) / 2)  # seed 1 alone
    assert table_of(runs).loc[("weight_sharing", AVERAGE), "runs"] == 2
    runs.loc[(runs["architecture"] == "basenet") & (runs["technique"] == "aux_loss"), "test_accuracy"] = math.nan
    aux = table_of(runs).loc["aux_loss"]
    assert aux.loc[AVERAGE, ["architectures", "runs"]].to_list() == [1, 2]


def test_checks_by_hand(runs):
    """Medians, and the same contrasts of log-odds; an average's median is the mean of its architectures' medians."""
    table = effects.effect_checks(runs, 1000, CONVERGED).set_index(["effect", "architecture"])
    assert table.loc[("aux_loss", "basenet"), "median_difference"] == pytest.approx(0.05)  # of 0.1 and 0.0
    assert table.loc[("aux_loss", AVERAGE), "median_difference"] == pytest.approx((0.07 + 0.05) / 2)
    both, baseline = math.log(900.5 / 100.5), math.log(800.5 / 200.5)  # 900 and 800 of 1,000, half a pair more
    second = math.log(910.5 / 90.5) - math.log(820.5 / 180.5)
    assert table.loc[("both", "convnet"), "log_odds"] == pytest.approx((both - baseline + second) / 2)
    perfect = effects.log_odds(runs.assign(test_accuracy=1.0), 1000)["test_accuracy"]
    assert list(perfect.unique()) == [pytest.approx(math.log(1000.5 / 0.5))]


def test_groups_of_comparators_by_hand(runs):
    runs.loc[runs["architecture"] == "basenet", "digit_derived_accuracy"] -= 0.05
    reads = {"convnet": "logits or features", "basenet": "probabilities"}
    table = effects.digit_derived(runs, reads).set_index("comparator_reads")
    assert list(table.index) == ["probabilities", "logits or features"]
    assert list(table["mean_difference"]) == pytest.approx([0, 0.05])
    assert list(table["mean_test_accuracy"]) == pytest.approx([0.93, 0.905])
    assert list(table["architectures"]) == ["basenet", "convnet"]
    (together,) = effects.digit_derived(runs, dict.fromkeys(reads, "probabilities")).to_dict("records")
    assert together["mean_difference"] == pytest.approx(0.025)
    # means 0 and 0.05: standard error 0.025, t for one degree of freedom 12.7062
    assert together["spread_high"] == pytest.approx(0.025 + 12.7062 * 0.025, abs=1e-5)

"""What the replication concludes, on outcomes whose numbers are made up."""

import math

import numpy as np
import pytest

from pipeline import params, protocols
from pipeline.analysis import statistics
from pipeline.description import of_study
from pipeline.outcomes import Outcome
from pipeline.protocols import changed
from pipeline.replication import analysis
from tests.synthetic import ROOT

STUDY = params.load(ROOT / "params.yaml")


def only(*keys: str) -> protocols.Replication:
    """The replication with these rows alone."""
    whole = protocols.load(ROOT / protocols.FILE)
    content = whole.model_dump()
    for name, report in list(content["reports"].items()):
        for architecture, listed in list(report["architectures"].items()):
            listed["rows"] = {t: figure for t, figure in listed["rows"].items() if f"{architecture}-{t}" in keys}
            if not listed["rows"]:
                del report["architectures"][architecture]
        if not report["architectures"]:
            del content["reports"][name]
    return protocols.Replication.model_validate(content)


def outcome(run, test, train=0.99, epochs=50, diverged=None) -> Outcome:
    """A run that ends at this test accuracy; its first epoch is half a point above, the others a point below."""
    curve = [test + 0.005] + [test - 0.01] * (epochs - 2) + [test]
    if diverged:
        curve = [None] * epochs
    return Outcome(
        run=run.digest(),
        engine="0",
        pairs="0",
        hardware="made up",
        torch="0",
        parameters=1,
        diverged=diverged,
        train_accuracy=[train] * epochs,
        test_accuracy=curve,
    )


def made_up(rows, level) -> dict[str, Outcome]:
    """An outcome for every run that the tables need; `level(description, seed)` is its test accuracy."""
    found = {}
    for row in rows.rows:
        own = of_study(STUDY, row.architecture, row.technique)
        descriptions = [row.description, own, *(change.description for change in changed(row, own))]
        for description in [*descriptions, *([row.by_text] if row.by_text else [])]:
            for seed in range(15):
                run = description.run(seed)
                found[run.digest()] = outcome(run, level(description, seed))
    return found


def jitter(seed: int) -> float:
    """A spread between runs, the same whatever is trained: standard deviation 0.003028 over ten."""
    return 0.001 * (seed - 4.5)


def test_a_figure_by_hand():
    """deep_fc-baseline, 81.18 -+ 1.69 of 10 runs: ours 0.83 with a spread of 0.003028 after the last epoch."""
    rows = only("deep_fc-baseline")
    table = analysis.figures(rows, STUDY, made_up(rows, lambda description, seed: 0.83 + jitter(seed)))
    code, text = table.to_dict("records")
    assert (code["measure"], code["main"], text["measure"], text["main"]) == (
        "epoch_49",
        True,
        "best_epoch_of_mean",
        False,
    )
    spread = np.std([jitter(seed) for seed in range(10)], ddof=1)
    assert (code["our_mean"], text["our_mean"]) == pytest.approx((0.82, 0.835))
    assert (code["our_std"], code["our_runs"], code["diverged"]) == (pytest.approx(spread), 10, 0)
    half = 2.262157 * spread * math.sqrt(1 / 10 + 1 / 10)
    assert code["prediction_low"] == pytest.approx(0.82 - half - 0.00005, abs=1e-7)  # printed to 0.01 %
    assert code["prediction_high"] == pytest.approx(0.82 + half + 0.00005, abs=1e-7)
    assert not code["within"]
    assert code["difference"] == pytest.approx(0.82 - 0.8118)
    assert code["spread_ratio"] == pytest.approx(0.0169 / spread)
    assert code["spread_high"] == pytest.approx(math.sqrt(4.025994) + 0.00005 / spread, rel=1e-5)  # F(9, 9)
    assert not code["spread_within"]
    assert (code["study_mean"], code["study_runs"]) == (pytest.approx(0.83), 10)


@pytest.mark.parametrize(("mean", "within"), [(0.8215, True), (0.8318, False), (0.8020, False)])
def test_the_published_mean_is_within_or_not(mean, within):
    rows = only("siamese_cnn-two_channel")  # 82 -+ 1, in whole percents
    found = made_up(rows, lambda description, seed: mean + 0.001 * (seed - 7))
    row = analysis.figures(rows, STUDY, found).iloc[0]
    half = 2.144787 * np.std(0.001 * np.arange(15), ddof=1) * math.sqrt(2 / 15)
    assert row["prediction_high"] - row["our_mean"] == pytest.approx(half + 0.005, abs=1e-6)
    assert row["within"] == within
    assert row["published_std"] == 0.01
    assert row["spread_ratio"] == pytest.approx(0.01 * math.sqrt(15 / 14) / np.std(0.001 * np.arange(15), ddof=1))


def test_runs_that_diverged_are_counted_and_left_out():
    rows = only("deep_fc-baseline")
    found = made_up(rows, lambda description, seed: 0.83 + jitter(seed))
    lost = rows.rows[0].runs()[3]
    found[lost.digest()] = outcome(lost, 0, diverged=2)
    row = analysis.figures(rows, STUDY, found).iloc[0]
    assert (row["our_runs"], row["diverged"]) == (9, 1)
    table = analysis.departures(rows, STUDY, found)
    assert set(table.query("departure == 'all'")["runs"]) == {9}
    curves = analysis.curves(rows, STUDY, found)
    assert curves.query("seed == 3")["test_accuracy"].isna().all()
    assert len(curves) == 10 * 50


def test_text_and_code_stand_side_by_side():
    rows = only("mlpnet-aux_loss")
    levels = {round(0.05 / 0.3, 6): 0.92, round(0.5 / 0.3, 6): 0.94}
    found = made_up(rows, lambda d, seed: levels.get(round(d.aux_weight, 6), 0.9) + jitter(seed))
    tested = analysis.figures(rows, STUDY, found).query("quantity == 'test_accuracy'")
    assert tested[["known_from", "main", "our_mean"]].values.tolist() == [
        ["code", True, pytest.approx(0.92)],
        ["text", False, pytest.approx(0.94)],
    ]
    assert "aux weight 1.667 (study: 1)" in tested["protocol_differences"].iloc[1]


def effect(names, there=0.0, here=0.0):
    """Levels by which a departure does `there` in the row, and `here` in the study; batch order is what tells them."""

    def level(description, seed):
        has = all(getattr(description, name) == value for name, value in names.items())
        published = description.batch_order == "fixed"
        return 0.85 + jitter(seed) + (0.0003 * (seed % 3)) * has + has * (there if published else here)

    return level


@pytest.mark.parametrize(
    ("there", "here", "shown"),
    [(0.02, 0.03, True), (-0.02, -0.03, True), (0.02, 0.0, False), (0.0, 0.03, False), (0.02, -0.03, False)],
)
def test_a_cause_is_shown_only_where_both_ways_show_it(there, here, shown):
    rows = only("deep_fc-aux_loss")  # departs in batch order and aux weight
    shift = -0.0003  # the mean of what `effect` adds to seeds
    found = made_up(rows, effect({"aux_weight": 0.5}, there + shift, here + shift))
    table = analysis.departures(rows, STUDY, found).query("departure == 'aux_weight'").set_index("way")
    assert table["mean_difference"].to_dict() == {
        "put right": pytest.approx(there, abs=1e-4),
        "made": pytest.approx(here, abs=1e-4),
    }
    assert list(table["shown"]) == [shown, shown]
    assert (table["published"].iloc[0], table["study"].iloc[0]) == ("aux weight 0.5", "aux weight 1")


def test_intervals_are_over_paired_seeds():
    rows = only("deep_fc-aux_loss")
    found = made_up(rows, effect({"aux_weight": 0.5}, 0.02, 0.02))
    row = analysis.departures(rows, STUDY, found).query("departure == 'aux_weight' and way == 'made'").iloc[0]
    differences = np.array([0.02 + 0.0003 * (seed % 3) for seed in range(10)])
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(statistics.t_interval(differences))
    assert row["runs"] == 10


def test_the_only_departure_of_a_row_is_what_its_protocol_changes():
    """Putting it right gives the study's runs, and making it the row's: one comparison, which stands there once."""
    rows = only("deep_fc-baseline")
    table = analysis.departures(rows, STUDY, made_up(rows, effect({"batch_order": "fixed"}, 0.02)))
    assert set(table["departure"]) == {"epoch_49", "best_epoch_of_mean", "all"}
    (every,) = table.query("departure == 'all'").to_dict("records")
    assert (every["published"], every["study"]) == ("batches always in the same order", "batches shuffled")
    assert every["mean_difference"] == pytest.approx(0.02 + 0.00027)


def test_as_many_seeds_are_paired_as_were_trained():
    rows = only("convnet-aux_loss")  # five seeds with a departure, ten of the row and of the study
    found = made_up(rows, lambda description, seed: 0.88 + jitter(seed))
    for change in changed(rows.rows[0], of_study(STUDY, "convnet", "aux_loss")):
        for seed in range(5, 15):
            found.pop(change.description.run(seed).digest(), None)
    table = analysis.departures(rows, STUDY, found).set_index("departure")
    assert set(table.loc["aux_weight", "runs"]) == {5}
    assert table.loc["all", "runs"] == 10


def test_what_can_make_no_difference_has_one_way_and_is_never_shown():
    rows = only("siamese_cnn-two_channel")  # the study's has neither batch norm nor dropout
    table = analysis.departures(rows, STUDY, made_up(rows, effect({"training_mode": "frozen_after_first_test"}, 0.05)))
    mode = table.query("departure == 'training_mode'")
    assert list(mode["way"]) == ["put right"]
    assert not mode["shown"].any()


def test_measures_are_read_off_the_same_runs_and_all_is_the_sum():
    rows = only("wide_convnet-baseline")
    table = analysis.departures(rows, STUDY, made_up(rows, effect({"learning_rate": 0.007}, 0.02, 0.02)))
    measure = table.query("departure == 'best_epoch'")
    assert measure["mean_difference"].tolist() == pytest.approx([0.005, 0.005])
    assert measure["runs"].tolist() == [15, 10]
    assert measure["shown"].all()
    (every,) = table.query("departure == 'all'").to_dict("records")
    assert every["mean_difference"] == pytest.approx(0.02 + 0.00027)
    assert (every["way"], every["shown"], every["runs"]) == ("both", False, 10)

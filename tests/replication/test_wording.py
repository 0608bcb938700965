"""Sentences of the replication: what they count and name, and that a cause is named only where one is shown."""

import math

import pandas as pd

from pipeline.replication import wording as said
from pipeline.wording import MINUS


def figures(*rows, **columns) -> pd.DataFrame:
    """Published rows of report 4's lenet5, from technique and within; then columns as given."""
    frame = pd.DataFrame(rows, columns=["technique", "within"])
    frame = frame.assign(report=4, architecture="lenet5", quantity="test_accuracy", measure="last_epoch", main=True)
    frame = frame.assign(published_mean=0.8503, prediction_low=0.811, prediction_high=0.839)
    frame = frame.assign(spread_ratio=1.0, spread_low=0.5, spread_high=2.0, spread_within=True)
    return frame.assign(**columns)


def departures(*rows) -> pd.DataFrame:
    """Those of report 4's lenet5 with auxiliary loss, from departure, way, mean and shown; arms of a point."""
    frame = pd.DataFrame(rows, columns=["departure", "way", "mean_difference", "shown"])
    frame = frame.assign(report=4, architecture="lenet5", technique="aux_loss", study="thus", runs=10)
    frame["published"] = frame["departure"].map({"all": "as published"}).fillna("so")
    return frame.assign(ci_low=frame["mean_difference"] - 0.01, ci_high=frame["mean_difference"] + 0.01)


def test_means_are_counted_and_those_outside_named():
    table = figures(("two_channel", True), ("weight_sharing", False), ("aux_loss", True))
    assert said.means(table) == (
        "2 of the 3 published test accuracies lie within the 95% prediction interval of our replication. "
        "Not reproduced: report 4's lenet5 with weight sharing (published 85.03, expected 81.1 to 83.9)."
    )
    assert "Not reproduced: lenet5 with weight sharing (" in said.means(table, known_report=True)
    assert said.means(table[table["within"]]).endswith("replication. All are reproduced.")


def test_a_mean_without_an_interval_is_not_within_it():
    table = figures(("two_channel", math.nan), ("aux_loss", True), prediction_low=math.nan, prediction_high=math.nan)
    assert said.means(table).startswith("1 of the 2 published")
    assert "two channel (published 85.03, expected \N{EN DASH})" in said.means(table)


def test_spreads_say_which_are_too_small_and_which_too_large():
    table = figures(
        ("two_channel", True),
        ("aux_loss", True),
        ("weight_sharing", True),
        spread_ratio=[0.3, 1.0, 2.5],
        spread_within=[False, True, False],
    )
    assert said.spreads(table, known_report=True) == (
        "1 of the 3 published standard deviations are such as ours let expect; lenet5 with two channel has a smaller "
        "one than expected and lenet5 with weight sharing has a larger one than expected."
    )


def test_figures_by_another_measure_or_of_training_are_counted_apart():
    main = figures(("two_channel", True), ("aux_loss", False))
    second = main.assign(main=False, measure="best_epoch_of_mean", within=True)
    train = main.assign(quantity="train_accuracy", within=False)
    table = pd.concat([main, second, train], ignore_index=True)
    assert said.means(table) == said.means(main)
    assert said.further(table) == (
        "Of further published figures, 2 of the 2 test accuracies of report 4 (as its text has it, at the best epoch "
        "of the runs' mean) and 0 of the 2 training accuracies of report 4 lie within theirs."
    )
    assert said.further(main) == ""


def test_headline_says_what_chance_does():
    table = figures(*[("aux_loss", True)] * 35)
    first, *_ = said.headline(table, departures(("all", "both", 0.0, False)))
    assert "about 2 would miss by chance alone" in first


def test_claims_are_gains_over_the_basic_network_of_each_architecture():
    rows = [("baseline", True), ("aux_loss", True)]
    small = figures(*rows, published_mean=[0.80, 0.85])
    large = figures(*rows, published_mean=[0.82, 0.81], architecture="mlpnet")
    both = pd.concat([small, large], ignore_index=True)
    assert said.claims(both, "published_mean") == (
        f"80.0 to 85.0 %; against baseline, in points: {MINUS}1.0 (mlpnet) to +5.0 (lenet5) with auxiliary loss."
    )
    basic = small.replace({"technique": {"baseline": "two_channel"}})
    assert said.claims(basic, "published_mean").endswith("against two channel, in points: +5.0 with auxiliary loss.")


def test_the_one_departure_of_a_system_is_all_that_its_protocol_changes():
    table = departures(("all", "both", 0.05, False)).assign(published="so")
    (sentence,) = said.explanations(table)
    assert sentence.endswith("against the sound one. Its one departure is the cause: so (study: thus).")
    (alike,) = said.explanations(table.assign(ci_low=-0.01))
    assert "does not stand clear of nought" in alike


def test_when_accuracy_is_read_is_no_cause_of_what_is_read_after_the_last_epoch():
    read = [("best_epoch", way, 0.02, True) for way in ("put right", "made")]
    table = departures(("all", "both", 0.05, False), *read)
    (sentence,) = said.explanations(table)
    assert sentence.endswith(
        "; none of the departures tried alone explains it. Read so instead of thus, accuracy is higher by +2.0 points "
        "(+1.0 to +3.0) in the report's protocol and +2.0 points (+1.0 to +3.0) in the study."
    )
    assert said.causes(table).startswith("In none of the 1 systems")


def test_a_cause_is_named_only_where_it_is_shown():
    all_at_once = ("all", "both", 0.05, False)
    along = [("batch_order", way, 0.04, True) for way in ("put right", "made")]
    against = [("pairs", way, -0.03, True) for way in ("put right", "made")]
    silent = [("dropout", way, 0.05, False) for way in ("put right", "made")]
    begin = (
        "lenet5 with auxiliary loss: the report's protocol changes test accuracy by +5.0 points (+4.0 to +6.0) "
        "against the sound one"
    )
    assert said.explanations(departures(all_at_once, *along, *silent)) == [
        f"{begin}. A cause is batch order: so (study: thus), +4.0 points (+3.0 to +5.0) seen by putting it right and "
        "+4.0 points (+3.0 to +5.0) seen by making it."
    ]
    assert said.explanations(departures(all_at_once, *silent)) == [
        f"{begin}; none of the departures tried alone explains it."
    ]
    (text,) = said.explanations(departures(all_at_once, *against))
    assert text.startswith(f"{begin}; none of the departures tried alone explains it. Against it works pairs of the")


def test_no_difference_is_no_cause():
    nought = ("all", "both", 0.005, False)
    (text,) = said.explanations(departures(nought, ("pairs", "made", 0.04, False)))
    assert text == (
        "For lenet5 with auxiliary loss, the difference between the report's protocol and the sound one does not "
        "stand clear of nought, and no departure is shown to make one."
    )
    shown = [("pairs", way, 0.04, True) for way in ("put right", "made")]
    (text,) = said.explanations(departures(nought, *shown))
    assert "which is not clear of nought, though alone there is an effect of pairs of the runs: so" in text
    (text,) = said.explanations(departures(*shown))
    assert "was not measured. Shown to change it alone: pairs of the runs" in text


def test_causes_count_each_system_once():
    shown = [(name, way, 0.04, True) for name in ("batch_order", "pairs") for way in ("put right", "made")]
    other = departures(*shown[:2]).assign(technique="two_channel")
    table = pd.concat([departures(*shown), other, other.assign(technique="weight_sharing", shown=False)])
    assert said.causes(table) == (
        "In 2 of the 3 systems, a departure from the sound protocol is shown to change test accuracy, both where it "
        "alone is put right and where it alone is made: batch order in 2 and pairs of the runs in 1."
    )
    assert said.causes(table.assign(shown=False)).startswith("In none of the 3 systems")

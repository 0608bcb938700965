"""Which deviations are tried, and that one is called a cause only where both ways show it."""

from collections import Counter

import pytest

from studies.replication import deviations
from studies.replication.deviations import comparisons
from tests.studies.replication.made_up_results import ROWS, STUDY, jitter, only, results


def table(replication, found):
    return deviations.deviations(replication, STUDY, found)


def effect(names, there=0.0, here=0.0):
    """Levels by which a deviation does `there` in the report's protocol, and `here` in the common one.

    Batch order tells the two apart. Effects differ by seed, and are 0.00027 larger on average over ten.
    """

    def level(description, seed):
        has = all(getattr(description, name) == value for name, value in names.items())
        published = description.batch_order == "fixed"
        return 0.85 + jitter(seed) + (0.0003 * (seed % 3)) * has + has * (there if published else here)

    return level


@pytest.mark.parametrize("key", ROWS)
def test_a_comparison_differs_in_its_deviation_and_in_nothing_else(key):
    row = ROWS[key]
    published, common = row.description, row.common(STUDY)
    for of in comparisons(row, STUDY):
        if of.deviation != ("all",):
            assert set(of.with_it.differing(of.without)) == set(of.deviation)
        for name in of.with_it.differing(of.without):
            assert getattr(of.with_it, name) == getattr(published, name)
            assert getattr(of.without, name) == getattr(common, name)
        assert published in (of.with_it, of.without) or of.way == "added"
        assert common in (of.with_it, of.without) or of.way == "removed"


def test_every_difference_is_tried_where_none_are_chosen():
    tried = Counter((*of.deviation, of.way) for of in comparisons(ROWS["siamese_cnn-weight_sharing"], STUDY))
    fields = ("batch_norm", "batch_size", "batch_order", "training_mode")
    expected = {(field, way): 1 for field in fields for way in ("removed", "added")} | {("all", "all"): 1}
    del expected["training_mode", "added"]  # without batch norm, the mode in training makes no difference
    assert tried == expected
    chosen = {of.deviation for of in comparisons(ROWS["wide_convnet-aux_loss"], STUDY)}
    assert chosen == {("aux_weight", "digit_loss_reads"), ("draw",), ("all",)}


def test_runs_are_those_of_rows_of_comparisons_and_of_the_study():
    """Ten each: as published, with one of two deviations removed or added (each of these is another), and the study's;
    of a row with one deviation, nothing beside its own and the study's."""
    asked = deviations.runs(only("deep_fc-aux_loss"), "deep_fc", STUDY)
    assert len(asked) == len(set(asked)) == 40
    assert set(STUDY.runs(STUDY.combo("deep_fc", "aux_loss"))) < set(asked)
    assert len(deviations.runs(only("deep_fc-baseline"), "deep_fc", STUDY)) == 20
    other = STUDY.model_copy(update={"aux_weight": 0.5, "seeds": 3})  # as the report: one deviation is left
    assert len(deviations.runs(only("deep_fc-aux_loss"), "deep_fc", other)) == 13


@pytest.mark.parametrize(
    ("there", "here", "shown"),
    [(-0.02, -0.03, True), (0.02, 0.0, False), (0.0, 0.03, False), (0.02, -0.03, False)],
)
def test_a_cause_is_shown_only_where_both_ways_show_it(there, here, shown):
    rows, shift = only("deep_fc-aux_loss"), -0.0003  # deviates in batch order and aux weight
    found = results(rows, effect({"aux_weight": 0.5}, there + shift, here + shift))
    made = table(rows, found).query("deviation == 'aux_weight'").set_index("way")
    expected = {"removed": pytest.approx(there, abs=1e-4), "added": pytest.approx(here, abs=1e-4)}
    assert made["mean_difference"].to_dict() == expected
    assert list(made["shown"]) == [shown, shown]
    assert (made["published"].iloc[0], made["common"].iloc[0]) == ("aux weight 0.5", "aux weight 1")


def test_the_only_deviation_of_a_row_is_one_comparison_and_never_called_a_cause():
    rows = only("deep_fc-baseline")
    made = table(rows, results(rows, effect({"batch_order": "fixed"}, 0.02))).set_index("deviation")
    assert set(made.index) == {"batch_order", "epoch_49", "best_epoch_of_mean", "all"}
    order = made.loc["batch_order"]
    assert (order["way"], order["shown"]) == ("only", False)
    assert order["published"] == "batches always in the same order"
    assert order["mean_difference"] == made.loc["all", "mean_difference"] == pytest.approx(0.02027)

"""The tables that retell the records, on made-up records small enough to work out by hand; and what is refused."""

import json
import math

import numpy as np
import pytest

from pipeline import paths, records
from pipeline.analysis import measured, tables
from pipeline.params import Params
from pipeline.script import StudyError
from tests.synthetic import make_params, make_records, write_study

LENET = "lenet5-aux_loss"


@pytest.fixture
def study(tmp_path, monkeypatch) -> Params:
    """A study of two architectures, three techniques and two runs, its records in the current folder."""
    monkeypatch.chdir(tmp_path)
    params = make_params(["lenet5", "convnet"], ["baseline", "aux_loss", "digits_only"], runs=2, epochs=3)
    write_study(params)
    return params


def make_run(**changes) -> records.RunRecord:
    """A record with 4 test pairs and two epochs; `changes` replace fields, those of curves by their name."""
    curves = {
        "loss": [1.0, 0.5],
        "comparison_loss": [0.6, 0.3],
        "aux_loss": [0.4, 0.2],
        "train_accuracy": [0.6, 0.8],
        "test_accuracy": [0.75, 0.5],
        "digit_accuracy": [0.25, 0.5],
        "seconds": [1.0, 1.0],
    }
    curves |= {name: changes.pop(name) for name in list(changes) if name in curves}
    fields = {
        "data_set": "mnist",
        "architecture": "lenet5",
        "technique": "aux_loss",
        "seed": 0,
        "parameters": 1_852_235,
        "device": "cpu",
        "hardware": "made up",
        "torch": "0.0",
        "gap_pairs": [1, 3] + [0] * 17,
        "gap_correct": [1, 1] + [0] * 17,
        "digit_confusion": [np.eye(10, dtype=int).tolist(), np.ones((10, 10), dtype=int).tolist()],
    }
    return records.RunRecord(curves=records.Curves(**curves), **(fields | changes))


def damage(**changes) -> None:
    """Change fields of the first run in lenet5's record."""
    entries = json.loads(paths.record(LENET).read_text())
    entries[0] |= changes
    paths.record(LENET).write_text(json.dumps(entries))


def test_reads_the_combos_of_params_in_their_order(study):
    (paths.RECORDS / "convnet-two_channel.json").write_text("not a combo that is listed")
    read = measured.read_records(study)
    combos = [(combo.architecture, combo.technique) for combo in study.combos()]
    assert [(run.architecture, run.technique, run.seed) for run in read] == [(*c, k) for c in combos for k in (0, 1)]


def test_a_missing_record_is_named(study):
    paths.record(LENET).unlink()
    with pytest.raises(StudyError, match=r"lenet5-aux_loss\.json: missing"):
        measured.read_records(study)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data_set": "digits"}, "data sets digits, mnist, not mnist"),
        ({"seed": 4}, "seeds 1, 4, not 0, 1"),
        ({"seed": 1}, "seeds 1, 1, not 0, 1"),
        ({"technique": "baseline"}, "combos lenet5-aux_loss, lenet5-baseline, not lenet5-aux_loss"),
    ],
)
def test_a_record_of_another_study_is_refused(study, changes, message):
    damage(**changes)
    with pytest.raises(StudyError, match=rf"lenet5-aux_loss\.json: {message} as in params\.yaml; run `dvc repro`"):
        measured.read_records(study)


def test_runs_and_epochs_must_be_those_of_params(study):
    with pytest.raises(StudyError, match=r"lenet5-baseline\.json: seeds 0, 1, not 0, 1, 2 as"):
        measured.read_records(study.model_copy(update={"runs": 3}))
    curves = make_records(study)[LENET][0].curves.model_dump()
    damage(curves=curves | {"loss": curves["loss"][:2]})
    with pytest.raises(StudyError, match=r"lenet5-aux_loss\.json: epochs 2, 3, not 3 as"):
        measured.read_records(study)


def test_runs_take_the_last_and_the_best_epoch():
    row = measured.runs([make_run()]).iloc[0]
    assert row["test_accuracy"] == 0.5
    assert row["best_test_accuracy"] == 0.75
    assert (row["train_accuracy"], row["digit_accuracy"]) == (0.8, 0.5)
    assert (row["parameters"], row["device"], row["seed"]) == (1_852_235, "cpu", 0)


def test_where_no_digit_is_trained_its_accuracy_is_not_defined():
    run = make_run(digit_accuracy=[None, None], aux_loss=[None, None], digit_confusion=None)
    assert math.isnan(measured.runs([run])["digit_accuracy"][0])
    assert math.isnan(measured.summary(measured.runs([run]))["mean_digit_accuracy"][0])
    assert measured.learning_curves([run])[["mean_digit_accuracy", "mean_aux_loss"]].isna().all(axis=None)
    assert measured.confusion([run]).empty


def test_summary_by_hand():
    runs = [make_run(seed=k, test_accuracy=[0.95, last]) for k, last in enumerate((0.7, 0.8, 0.9))]
    (row,) = measured.summary(measured.runs(runs)).to_dict("records")
    assert (row["runs"], row["parameters"]) == (3, 1_852_235)
    assert (row["mean_test_accuracy"], row["std_test_accuracy"]) == pytest.approx((0.8, 0.1))
    half = 4.302653 * 0.1 / math.sqrt(3)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((0.8 - half, 0.8 + half), abs=1e-6)
    assert row["mean_best_test_accuracy"] == pytest.approx(0.95)
    assert (row["mean_train_accuracy"], row["mean_digit_accuracy"]) == pytest.approx((0.8, 0.5))


def test_one_run_has_a_mean_and_no_spread():
    (row,) = measured.summary(measured.runs([make_run()])).to_dict("records")
    assert row["mean_test_accuracy"] == 0.5
    assert all(math.isnan(row[name]) for name in ("std_test_accuracy", "ci_low", "ci_high"))
    assert measured.learning_curves([make_run()])["std_loss"].isna().all()


def test_learning_curves_by_hand():
    curves = measured.learning_curves([make_run(), make_run(seed=1, loss=[3.0, 0.5])])
    assert list(curves["epoch"]) == [1, 2]
    assert list(curves["mean_loss"]) == [2.0, 0.5]
    np.testing.assert_allclose(curves["std_loss"], [math.sqrt(2), 0])
    assert list(curves["mean_test_accuracy"]) == [0.75, 0.5]
    assert not [name for name in curves if "seconds" in name]


@pytest.mark.parametrize("overflow", [math.inf, math.nan])
def test_a_loss_that_overflowed_does_not_warn(overflow, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    curves = measured.learning_curves([make_run(), make_run(seed=1, loss=[1.0, overflow])])
    tables.write("learning_curves", curves)
    assert tables.read("learning_curves")["std_loss"].isna().tolist() == [False, True]


def test_gaps_are_pooled_over_runs():
    other = make_run(seed=1, gap_pairs=[0, 1] + [0] * 16 + [3], gap_correct=[0, 1] + [0] * 16 + [0])
    gaps = measured.gaps([make_run(), other]).set_index("gap")
    assert list(gaps.index) == list(range(-9, 10))
    assert list(gaps.loc[[-9, -8, 9], "pairs"]) == [1, 4, 3]
    assert list(gaps.loc[[-9, -8, 9], "test_accuracy"]) == [1, 0.5, 0]
    assert math.isnan(gaps.loc[0, "test_accuracy"])


def test_confusion_is_summed_over_runs():
    table = measured.confusion([make_run(), make_run(seed=1)]).set_index(["image", "digit", "predicted"])["count"]
    assert len(table) == 200
    assert (table.loc[1, 3, 3], table.loc[1, 3, 4], table.loc[2, 3, 4]) == (2, 0, 2)


def test_metrics_by_hand():
    runs = [
        make_run(architecture=architecture, technique=technique, test_accuracy=[0, accuracy], device=device)
        for architecture, technique, accuracy, device in (
            ("lenet5", "baseline", 0.8, "cpu"),
            ("lenet5", "aux_loss", 1 / 3, "cpu"),
            ("convnet", "baseline", 0.6, "cpu"),
            ("convnet", "aux_loss", 1 / 3, "cuda"),
        )
    ]
    metrics = measured.metrics(measured.runs(runs))
    assert metrics == {
        "data_set": "mnist",
        "device": "mixed",
        "average": {"baseline": 0.7, "aux_loss": 0.333333},
        "lenet5": {"baseline": 0.8, "aux_loss": 0.333333},
        "convnet": {"baseline": 0.6, "aux_loss": 0.333333},
    }
    assert measured.metrics(measured.runs(runs[:1]))["device"] == "cpu"

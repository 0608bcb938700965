"""The tuning for real, on noise: from its pairs to its tables; interrupted, it comes to the same choice."""

import sys

import pytest

from pipeline import compute, outcomes, pair, paths, records, tables, train
from pipeline.kept import FOLDER, Kept
from pipeline.script import StudyError
from pipeline.tuning import aggregate, confirm, leak, retrained, tune, tuned
from tests.tuning.tuned_study import CONTENT, make_tuning, write_tuning_params

TUNING = make_tuning(
    architectures=["deep_fc"],
    techniques=["baseline", "aux_loss"],
    pairs=60,
    space=CONTENT["space"] | {"batch_size": [20, 30]},
    rungs=[
        {"candidates": 4, "epochs": 1, "splits": 1},
        {"candidates": 2, "epochs": 2, "splits": 2},
    ],
    seeds=2,
    leaking={"deep_fc": {"technique": "aux_loss", "seeds": 2, "grid": {"aux_weight": [0.5, 1.0]}}},
)
SEARCHED = tuned.outcomes_file("searched", "deep_fc")


def run_script(monkeypatch, script, *arguments):
    monkeypatch.setattr(sys, "argv", [script.__name__, *arguments])
    script.main()


@pytest.fixture
def study(small_study):
    """A study of noise, and the tuning's params and training pairs; returns the study's params."""
    write_tuning_params(TUNING)
    pair.main([str(tuned.PAIRS), "100-101", "--train-only"])
    return small_study


def test_no_test_pair_is_read(study, monkeypatch):
    """Neither the tuning's, of which there is none, nor the study's, which are gone."""
    assert [path.name for path in tuned.PAIRS.iterdir()] == ["train.safetensors"]
    for split in pair.SPLITS:
        paths.pairs(split).unlink()
    run_script(monkeypatch, tune, "deep_fc")
    assert len(outcomes.read(SEARCHED)) == 2 * (4 + 2 * 2)


def test_an_interrupted_tuning_resumes_to_the_same_choice(study, monkeypatch, capsys):
    run_script(monkeypatch, tune, "deep_fc")
    whole = SEARCHED.read_bytes()
    assert not list(FOLDER.glob("*"))  # nothing stays kept

    SEARCHED.unlink()
    keep, count = Kept.put, []

    def put(*arguments):
        keep(*arguments)
        count.append(1)
        if len(count) == 11:  # in the second rung
            raise KeyboardInterrupt

    monkeypatch.setattr(Kept, "put", put)
    with pytest.raises(KeyboardInterrupt):
        run_script(monkeypatch, tune, "deep_fc")
    assert not SEARCHED.exists()
    monkeypatch.setattr(Kept, "put", keep)
    capsys.readouterr()
    run_script(monkeypatch, tune, "deep_fc")
    said = capsys.readouterr().out
    assert "deep_fc: 8 finished runs were kept, 0 are to be trained" in said
    assert "deep_fc: 3 finished runs were kept, 5 are to be trained" in said
    assert SEARCHED.read_bytes() == whole


def test_the_first_rung_and_the_grid_are_computed_ahead_and_taken(study, monkeypatch, capsys):
    stages = compute.asked([f"python -m pipeline.tuning.{name} deep_fc" for name in ("tune", "confirm", "leak")])
    assert [len(stage.runs) for stage in stages] == [2 * 4, 2]  # what confirms a choice is not known yet
    assert [stage.splits for stage in stages] == [("train",), ("train", "test")]
    assert [stage.pairs for stage in stages] == [tuned.PAIRS, paths.PAIRS]
    for stage in compute.together(stages):
        compute.train_missing(stage)
    capsys.readouterr()
    run_script(monkeypatch, tune, "deep_fc")
    assert "deep_fc: 8 finished runs were kept, 0 are to be trained" in capsys.readouterr().out
    run_script(monkeypatch, leak, "deep_fc")
    assert "deep_fc: 2 finished runs were kept, 0 are to be trained" in capsys.readouterr().out


def test_tables_take_the_study_s_runs_from_the_study_and_its_choices_from_the_search(study, monkeypatch):
    for technique in TUNING.techniques:
        run_script(monkeypatch, train, "deep_fc", technique)
    for script in (tune, confirm, leak):
        run_script(monkeypatch, script, "deep_fc")
    run_script(monkeypatch, aggregate)
    runs, chosen = tables.read("tuning/runs"), tables.read("tuning/chosen")
    for technique in TUNING.techniques:
        own = runs[(runs["technique"] == technique) & (runs["recipe"] == "study")]
        known = records.read(paths.record(f"deep_fc-{technique}"))
        assert list(own["test_accuracy"]) == [record.curves.test_accuracy[-1] for record in known]
    confirmed = outcomes.read(tuned.outcomes_file("confirmed", "deep_fc"))
    groups = retrained.confirmed(study, TUNING, "deep_fc", retrained.searched(study, TUNING, "deep_fc")).values()
    for row in chosen.to_dict("records"):
        scores = runs[(runs["technique"] == row["technique"]) & (runs["recipe"] == row["recipe"])]
        with_recipe = {
            run.seed: confirmed[run.digest()].test_accuracy[-1]
            for run in (run for group in groups for run in group)
            if run.digest() in confirmed
            and run.protocol.learning_rate == row["learning_rate"]
            and run.protocol.epochs == row["epochs"]
            and (run.protocol.aux_weight is None) == (row["technique"] == "baseline")
        }
        if with_recipe:
            assert list(scores["test_accuracy"]) == list(with_recipe.values())

    assert len(outcomes.read(tuned.outcomes_file("leaked", "deep_fc"))) == 2  # at 1.0 it is the study's run
    other = TUNING.model_copy(update={"sampler_seed": 1})
    with pytest.raises(StudyError, match=r"reports/tuning/searched/deep_fc\.json: holds other runs"):
        aggregate.make_tables(study, other)


def test_what_is_not_listed_is_refused(study):
    with pytest.raises(StudyError, match=r"studies/tuning/params\.yaml: does not list convnet; known: deep_fc"):
        tune.wanted(["convnet"])
    with pytest.raises(
        StudyError, match=r"studies/tuning/params\.yaml: leaking: does not list convnet; known: deep_fc"
    ):
        leak.wanted(["convnet"])
    with pytest.raises(StudyError, match=r"reports/tuning/searched/deep_fc\.json: missing"):
        confirm.chosen(["deep_fc"])

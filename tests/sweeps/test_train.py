"""From the sweeps' params to their tables, for real, on noise: what the study has trained is not trained again."""

import sys

import pytest

from pipeline import compute, outcomes, paths, records, shared_runs, tables, train
from pipeline.kept import digest_of_pairs
from pipeline.script import StudyError
from pipeline.sweeps import aggregate, swept
from pipeline.sweeps import train as sweep
from tests.sweeps.swept_study import make_sweeps, write_sweep_params

SWEEPS = make_sweeps(
    architectures=["deep_fc"],
    seeds=2,
    aux_weight={"values": [0.5], "techniques": ["aux_loss"]},
    train_pairs={"values": [30], "techniques": ["baseline", "aux_loss"]},
)


def run_script(monkeypatch, script, *arguments):
    monkeypatch.setattr(sys, "argv", [script.__name__, *arguments])
    script.main()


@pytest.fixture
def trained(small_study, monkeypatch):
    """A study of noise whose combos concerned are trained, and its sweeps; returns the study's params."""
    write_sweep_params(SWEEPS)
    for technique in ("baseline", "aux_loss"):
        run_script(monkeypatch, train, "deep_fc", technique)
    run_script(monkeypatch, sweep, "deep_fc")
    return small_study


def test_trains_what_the_study_does_not_have_and_the_tables_take_the_rest_from_it(trained, capsys):
    aggregate.main()
    assert "14 rows of runs: 5 tables in reports/sweeps/" in " ".join(capsys.readouterr().out.split())
    found = outcomes.read(swept.outcomes_file("deep_fc"))
    assert len(found) == 2 * (1 + 2)  # seeds x (another weight, and another number of pairs for two techniques)
    runs = tables.read("sweeps/runs")
    for technique in ("baseline", "aux_loss"):
        known = [record.curves.test_accuracy[-1] for record in records.read(paths.record(f"deep_fc-{technique}"))]
        own = runs[(runs["technique"] == technique) & (runs["value"] == trained.data.train_pairs)]
        assert list(own["test_accuracy"]) == known
    of_weights = runs[runs["sweep"] == "aux_weight"].groupby("value")["test_accuracy"].agg(list)
    for value, combo in ((0, "deep_fc-baseline"), (1, "deep_fc-aux_loss")):
        assert of_weights[value] == [record.curves.test_accuracy[-1] for record in records.read(paths.record(combo))]


def test_trained_by_the_sweep_the_study_s_run_has_the_same_numbers(trained, monkeypatch):
    """As it would be, were it trained again."""
    monkeypatch.setattr(shared_runs, "of_study", lambda study, architecture: {})
    run_script(monkeypatch, sweep, "deep_fc")
    found = outcomes.read(swept.outcomes_file("deep_fc"))
    pairs = digest_of_pairs(("train", "test"))
    for technique in ("baseline", "aux_loss"):
        for record in records.read(paths.record(f"deep_fc-{technique}")):
            assert found[record.run.digest()] == outcomes.of(record, pairs)


def test_is_computed_ahead_with_other_stages(small_study):
    write_sweep_params(SWEEPS)
    (asked,) = compute.asked(["python -m pipeline.sweeps.train deep_fc"])
    assert asked.runs == shared_runs.to_train(small_study, "deep_fc", swept.runs(small_study, SWEEPS, "deep_fc"))
    assert asked.splits == ("train", "test")
    assert asked.pairs == paths.PAIRS


def test_an_architecture_that_is_not_swept_is_refused(small_study):
    write_sweep_params(SWEEPS)
    with pytest.raises(StudyError, match=r"studies/sweeps/params\.yaml: does not list convnet; known: deep_fc"):
        sweep.wanted(["convnet"])


def test_tables_refuse_a_study_s_record_that_is_missing_or_of_other_runs(trained):
    path = paths.record("deep_fc-baseline")
    whole = records.read(path)
    records.write(path, whole[:1])
    with pytest.raises(StudyError, match=r"reports/runs/deep_fc-baseline\.json: holds other runs"):
        aggregate.main()
    path.unlink()
    with pytest.raises(StudyError, match=r"reports/runs/deep_fc-baseline\.json: missing"):
        aggregate.main()


def test_tables_refuse_outcomes_of_other_runs(trained):
    other = SWEEPS.model_copy(update={"aux_weight": SWEEPS.aux_weight.model_copy(update={"values": [0.25]})})
    with pytest.raises(StudyError, match=r"reports/sweeps/runs/deep_fc\.json: holds other runs"):
        aggregate.make_tables(trained, other)

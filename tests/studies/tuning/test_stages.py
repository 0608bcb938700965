"""The tuning for real, on noise: from its pairs to its tables; interrupted, it comes to the same choice."""

import pytest

from pipeline import paths
from pipeline.analysis.tables import write_all
from pipeline.backends.store import Store
from pipeline.cli import StudyError
from pipeline.engine import result
from pipeline.train import run_stage
from studies.tuning import aggregate, confirm, search, select, settings
from studies.tuning.search import train_rungs
from tests.studies.tuning.tuned_study import CONTENT, make_tuning, write_params

TUNING = make_tuning(
    architectures=["deep_fc"],
    techniques=["baseline", "aux_loss"],
    draws={"first": 2, "last": 2},
    pairs=40,
    space=CONTENT["space"] | {"batch_size": [10]},
    rungs=[{"candidates": 4, "epochs": 1, "splits": 1}, {"candidates": 2, "epochs": 2, "splits": 2}],
    seeds=2,
    test_set_selection={"deep_fc": {"technique": "aux_loss", "seeds": 2, "grid": {"aux_weight": [0.5, 1.0]}}},
)
SEARCHED = settings.results("searched", "deep_fc")


@pytest.fixture
def study(small_study, monkeypatch):
    """A study of noise, which has drawn pairs for one seed more than it uses, and the tuning's params."""
    write_params(small_study, TUNING.model_dump())
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    return small_study


def test_a_search_reads_no_test_pair_and_goes_on_after_an_interruption_to_the_same_choice(study, monkeypatch, capsys):
    paths.pairs("test").unlink()
    put, count = Store.put, []

    def interrupted(*arguments):
        put(*arguments)
        count.append(1)
        if len(count) == 11:  # in the second rung
            raise KeyboardInterrupt

    monkeypatch.setattr(Store, "put", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_rungs(*search.asked(["deep_fc"]))
    assert not SEARCHED.exists()
    monkeypatch.setattr(Store, "put", put)
    capsys.readouterr()
    train_rungs(*search.asked(["deep_fc"]))
    said = capsys.readouterr().out
    assert "search deep_fc: 8 runs are known, 0 are to be trained" in said  # wanted ahead, too
    assert "search deep_fc: 3 runs are known, 5 are to be trained" in said
    assert len(search.wanted(["deep_fc"]).runs) == 8
    whole = SEARCHED.read_bytes()
    assert len(result.read(SEARCHED)) == 2 * (4 + 2 * 2)
    for path in paths.REPORTS.parent.glob(".dvc/tmp/runs/*"):
        path.unlink()
    train_rungs(*search.asked(["deep_fc"]))
    assert SEARCHED.read_bytes() == whole


def test_tables_hold_the_study_s_own_runs_and_those_chosen(study):
    train_rungs(*search.asked(["deep_fc"]))
    for asked in (confirm.chosen, select.wanted):
        run_stage(asked(["deep_fc"]))
    write_all(*aggregate.tables_made())
    runs = settings.TABLES.read("runs")
    confirmed = {made.run: made for made in result.read(settings.results("confirmed", "deep_fc"))}
    for technique in TUNING.techniques:
        own = runs[(runs["technique"] == technique) & (runs["recipe"] == "study")]
        of_study = [confirmed[run] for run in study.runs(study.combo("deep_fc", technique))]
        assert list(own["test_accuracy"]) == [made.curves.test_accuracy[-1] for made in of_study]
    assert len(result.read(settings.results("selected", "deep_fc"))) == 4
    write_params(study, TUNING.model_dump() | {"sampler_seed": 1})
    with pytest.raises(StudyError, match=r"runs/searched/deep_fc\.json: holds other runs"):
        aggregate.tables_made()


def test_what_is_not_listed_or_not_searched_is_refused(study):
    with pytest.raises(StudyError, match=r"studies/tuning/params\.yaml: does not list convnet; known: deep_fc"):
        search.wanted(["convnet"])
    with pytest.raises(StudyError, match=r"runs/searched/deep_fc\.json: missing"):
        confirm.chosen(["deep_fc"])

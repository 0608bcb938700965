"""The stage `aggregate`: from results in files to tables in files; and what is refused."""

import json

import pytest

from pipeline import aggregate, paths
from pipeline.analysis.tables import STUDY
from pipeline.cli import StudyError
from tests.synthetic import make_params, write_study

LENET = "lenet5-aux_loss"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def study():
    """A study of two architectures, three techniques and two seeds, its results in the current folder."""
    params = make_params(["lenet5", "convnet"], ["baseline", "aux_loss", "digits_only"], seeds=2, epochs=3)
    write_study(params)
    return params


def written() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in paths.REPORTS.iterdir() if path.is_file()}


@pytest.mark.parametrize("seeds", [1, 3])
def test_writes_every_table_and_the_metrics(seeds, capsys):
    params = make_params(seeds=seeds, epochs=2)
    write_study(params)
    aggregate.main()
    assert set(written()) == {f"{name}.csv" for name in STUDY.names()} | {"metrics.json"}
    assert len(STUDY.read("runs")) == seeds * len(params.combos())
    assert len(STUDY.read("curves")) == 2 * seeds * len(params.combos())
    assert f"{seeds * len(params.combos())} runs of {len(params.combos())} combos" in capsys.readouterr().out


def test_rows_come_in_the_order_of_params(study):
    aggregate.main()
    combos = [(combo.architecture, combo.technique) for combo in study.combos()]
    for name in ("runs", "summary", "curves", "learning_curves", "gaps"):
        table = STUDY.read(name)
        found = table[["architecture", "technique"]].drop_duplicates().itertuples(index=False, name=None)
        assert list(found) == combos, name
    metrics = json.loads(paths.METRICS.read_text())
    assert list(metrics) == ["data_set", "device", "average", "lenet5", "convnet"]
    assert list(metrics["average"]) == study.technique_names()


def test_every_table_says_its_data_set():
    write_study(make_params(["convnet"], seeds=2, source="digits"), device="cuda")
    aggregate.main()
    for name in STUDY.names():
        assert set(STUDY.read(name)["data_set"]) <= {"digits"}, name
    metrics = json.loads(paths.METRICS.read_text())
    assert (metrics["data_set"], metrics["device"]) == ("digits", "cuda")


def test_a_run_that_diverged_is_said(capsys):
    write_study(make_params(["lenet5"], ["baseline", "aux_loss"], seeds=2), diverged={(LENET, 1)})
    aggregate.main()
    assert "diverged, and left out of all means: lenet5-aux_loss, seed 1, in epoch 2" in capsys.readouterr().out
    assert STUDY.read("summary")["diverged"].tolist() == [0, 1]
    assert STUDY.read("effects")["runs"].tolist() == [1, 1]


def test_a_study_without_any_run_that_did_not_diverge_has_tables():
    write_study(make_params(["lenet5"], seeds=1), diverged={("lenet5-baseline", 0)})
    aggregate.main()
    assert "weight_sharing" not in set(STUDY.read("effects")["effect"])
    assert STUDY.read("digit_derived")["mean_difference"].notna().all()


def test_a_study_of_one_technique_has_no_effects():
    write_study(make_params(["convnet"], ["baseline"], seeds=2))
    aggregate.main()
    assert STUDY.read("effects").empty
    assert len(STUDY.read("summary")) == 1


def test_what_a_smaller_study_leaves_behind_is_named(study, capsys):
    left = paths.results("convnet-two_channel")
    left.write_text("not a combo that is listed")
    aggregate.main()
    assert f"remove with: rm -rf {left} models/convnet-two_channel" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("architecture", "asked", "group"),
    [
        ("mlpnet", "own", aggregate.PROBABILITIES),  # report 4's
        ("convnet", "own", aggregate.OTHERS),  # logits
        ("wide_convnet", "own", aggregate.OTHERS),  # features
        ("convnet", "probabilities", aggregate.PROBABILITIES),
    ],
)
def test_what_a_comparator_reads(architecture, asked, group):
    study = make_params([architecture]).model_copy(update={"comparator_reads": asked})
    combo = study.combo(architecture, "weight_sharing_aux_loss")
    assert aggregate.comparator_reads(study, combo) == group


def test_a_missing_result_leaves_no_table(study):
    paths.results(LENET).unlink()
    with pytest.raises(StudyError, match=r"lenet5-aux_loss\.json: missing"):
        aggregate.main()
    assert not written()


def test_results_of_another_study_are_refused(study):
    for changes in ({"aux_weight": 0.75}, {"seeds": 3}):
        with pytest.raises(StudyError, match="holds other runs than the params ask for"):
            aggregate.read_results(study.model_copy(update=changes))

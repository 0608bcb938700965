"""The stage `aggregate`: from results in files to tables in files; and what is refused."""

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


def test_a_run_that_diverged_is_said(capsys):
    write_study(make_params(["lenet5"], ["baseline", "aux_loss"], seeds=2), diverged={(LENET, 1)})
    aggregate.main()
    assert "diverged, and left out of all means: lenet5-aux_loss, seed 1, in epoch 2" in capsys.readouterr().out
    assert STUDY.read("summary")["diverged"].tolist() == [0, 1]
    assert STUDY.read("effects")["runs"].tolist() == [1, 1]


def test_a_missing_result_leaves_no_table(study):
    paths.results(LENET).unlink()
    with pytest.raises(StudyError, match=r"lenet5-aux_loss\.json: missing"):
        aggregate.main()
    assert not written()


def test_results_of_another_study_are_refused(study):
    for changes in ({"aux_weight": 0.75}, {"seeds": 3}):
        with pytest.raises(StudyError, match="holds other runs than the params ask for"):
            aggregate.read_results(study.model_copy(update=changes))

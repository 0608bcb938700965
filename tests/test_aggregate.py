"""The stage `aggregate`: from results in files to tables in files; and what is refused."""

import pytest

from pipeline import aggregate, paths
from pipeline.analysis.tables import STUDY
from pipeline.cli import StudyError
from tests.synthetic import make_params, write_study

pytestmark = pytest.mark.usefixtures("workspace")

LENET = "lenet5-aux_loss"


@pytest.fixture
def study():
    """A study of two architectures, three techniques and two seeds, its results in the current folder."""
    params = make_params(["lenet5", "convnet"], ["baseline", "aux_loss", "digits_only"], seeds=2, epochs=3)
    write_study(params)
    return params


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
    assert not list(paths.REPORTS.glob("*.*"))


def test_results_of_another_study_are_refused(study):
    for changes in ({"aux_weight": 0.75}, {"seeds": 3}):
        with pytest.raises(StudyError, match="holds other runs than the params ask for"):
            aggregate.read_results(study.model_copy(update=changes))

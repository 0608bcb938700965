"""The training stage, for real, on noise."""

import sys

import pytest

from pipeline import paths
from pipeline import train as of_study
from pipeline.cli import StudyError
from pipeline.engine import result
from studies.sweeps import aggregate, swept, train
from tests.studies.sweeps.swept_study import CONTENT, PROBABILITIES, make_sweeps, write_params, write_results

SWEEPS = {
    "train_pairs": CONTENT["sweeps"]["train_pairs"] | {"values": [30], "techniques": ["baseline", "aux_loss"]},
    "interface": {
        "title": "x",
        "points": {"own": {}, "both": PROBABILITIES | {"data.pairing": "renewed"}},
        "techniques": ["aux_loss"],
    },
}


@pytest.fixture
def trained(small_study, monkeypatch):
    """A small study of noise, and its sweeps, trained; returns the study's params."""
    write_params(make_sweeps(architectures=["deep_fc"], seeds=2, sweeps=SWEEPS), small_study)
    monkeypatch.setattr(sys, "argv", ["train", "deep_fc"])
    train.main()
    return small_study


def test_trains_every_run_once_and_the_study_s_own_have_its_numbers(trained):
    made = result.read(swept.results("deep_fc"))
    assert len({of.run for of in made}) == len(made) == 2 * (2 * 2 + 1)
    runs = trained.runs(trained.combo("deep_fc", "baseline"))
    own = of_study.results_of(of_study.Wanted("again", runs, "cpu", paths.results("again")), NoStore())
    assert all(of in made for of in own.values())


class NoStore:
    """Nothing is known."""

    def find(self):
        return {}

    def put(self, made, weights):
        pass


def test_tables_refuse_results_of_other_runs(trained):
    path = swept.results("deep_fc")
    write_results(path, result.read(path)[1:])
    with pytest.raises(StudyError, match=r"studies/sweeps/reports/runs/deep_fc\.json: holds other runs"):
        aggregate.tables_made()


def test_an_architecture_that_is_not_swept_is_refused(workspace):
    write_params(make_sweeps())
    with pytest.raises(StudyError, match=r"studies/sweeps/params\.yaml: does not list convnet; known: deep_fc"):
        train.wanted(["convnet"])

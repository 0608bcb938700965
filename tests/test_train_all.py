"""What is out of date is trained at once, the longest run first, and stored for the stages."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import train, train_all
from pipeline.backends import local
from pipeline.cli import StudyError
from pipeline.train import Wanted
from tests import ROOT
from tests.made_up import changed, short_run

STAGES = [["deep_fc", "baseline"], ["convnet", "two_channel"]]


def test_the_longest_is_first_and_what_is_known_is_not_trained(small_study, monkeypatch):
    asked = train.wanted(STAGES[0])
    list(train.trained(replace(asked, runs=asked.runs[:1])))
    started = []
    monkeypatch.setattr(local, "compute", lambda runs, *_: started.extend(runs) or iter(()))
    monkeypatch.setattr(sys, "argv", ["train_all"])
    monkeypatch.setattr(train_all, "outdated", lambda folder: [train.wanted(stage) for stage in STAGES])
    train_all.main()
    assert [(run.network.architecture, run.seed) for run in started] == [("convnet", 0), ("convnet", 1), ("deep_fc", 1)]


def test_stages_are_told_by_what_dvc_would_run(small_study, monkeypatch):
    """Those whose script says what it wants; an annex's command first goes to the project's root."""
    said = [
        "Running stage 'train@deep_fc-baseline':",
        "> python -m pipeline.train deep_fc baseline",
        "> cd ../.. && python -m pipeline.train convnet two_channel",
        "> python -m pipeline.check",
        "> cp a b",
    ]
    asked = []
    monkeypatch.setattr(train_all, "_dvc", lambda *arguments: asked.append(arguments) or "\n".join(said))
    shutil.copy(ROOT / "dvc.yaml", ".")
    assert [stage.stage for stage in train_all.outdated(Path())] == ["deep_fc-baseline", "convnet-two_channel"]
    assert asked == [(Path(), "repro", "pair"), (Path(), "repro", "--dry", "train", "train_aux")]


def test_stages_of_other_forms_are_left_alone(workspace):
    ours = "train: {cmd: python -m pipeline.train a b}"
    others = "a: {cmd: [x, y]}, b: {foreach: [1], do: {cmd: x}}, c: {cmd: python -m pipeline.nothing}"
    Path("dvc.yaml").write_text(f"stages: {{{ours}, {others}}}")
    assert train_all.training(Path("dvc.yaml")) == ["train"]


@pytest.mark.parametrize("content", [None, "", "[1]", "stages: 3", "stages: {a: {cmd: python -m pipeline.plot}}", "{"])
def test_a_folder_without_a_stage_that_trains_is_refused(workspace, content):
    if content is not None:
        Path("dvc.yaml").write_text(content)
    with pytest.raises(StudyError, match="has no stage that trains"):
        train_all.outdated(Path())


def test_runs_of_one_kind_go_together_and_each_once():
    first, second = short_run(seed=0), short_run(seed=1)
    fold = changed(first, fold={"index": 0, "count": 2})

    def stage(runs, device="cpu", brief=True):
        return Wanted("stage", runs, device, Path("x.json"), None if brief else {}), runs

    grouped = train_all.together([stage([first, second]), stage([second, fold]), stage([])])
    assert [group.runs for group in grouped] == [[first, second, fold]]
    apart = [stage([first]), stage([fold]), stage([second], device="cuda"), stage([first], brief=False)]
    assert [group.runs for group in train_all.together(apart)] == [[first], [fold], [second], [first]]

"""What is out of date is trained at once, the longest run first, and stored for the stages."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import paths, train, train_all
from pipeline.backends import local, store
from pipeline.cli import StudyError
from pipeline.train import Wanted
from tests.made_up import STUDY, changed, short_run

STAGES = [["deep_fc", "baseline"], ["convnet", "two_channel"]]


def call(monkeypatch, *commands: list[str]) -> None:
    """Train all with these combos out of date, whatever DVC would say."""
    monkeypatch.setattr(sys, "argv", ["train_all"])
    monkeypatch.setattr(train_all, "outdated", lambda folder: [train.wanted(command) for command in commands])
    train_all.main()


def test_stages_then_find_their_runs(small_study, monkeypatch, capsys):
    call(monkeypatch, *STAGES)
    assert "2 stages are out of date: 4 runs are to be trained" in capsys.readouterr().out
    monkeypatch.setattr(local, "compute", None)  # nothing is left to train
    call(monkeypatch, *STAGES)
    assert "2 stages are out of date: 0 runs are to be trained" in capsys.readouterr().out
    for command in STAGES:
        monkeypatch.setattr(sys, "argv", ["train", *command])
        train.main()
        assert paths.results("-".join(command)).is_file()
    assert len(list(store.FOLDER.glob("*.json"))) == 2  # those of the last stage, whose lock DVC has yet to write


def test_the_longest_is_first_and_what_is_known_is_not_trained(small_study, monkeypatch):
    asked = train.wanted(STAGES[0])
    list(train.trained(replace(asked, runs=asked.runs[:1]), asked.store))
    started = []
    monkeypatch.setattr(local, "compute", lambda runs, *_: started.extend(runs) or iter(()))
    call(monkeypatch, *STAGES)
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
    Path("dvc.yaml").touch()
    assert [stage.stage for stage in train_all.outdated(Path())] == ["deep_fc-baseline", "convnet-two_channel"]
    assert asked == [(Path(), "repro", "pair"), (Path(), "repro", "--dry")]


def test_runs_of_one_kind_go_together_and_each_once():
    first, second = short_run(seed=0), short_run(seed=1)
    fold = changed(first, fold={"index": 0, "count": 2})

    def stage(runs, device="cpu", brief=True):
        return Wanted("stage", runs, device, Path("x.json"), brief=brief), runs

    grouped = train_all.together([stage([first, second]), stage([second, fold]), stage([])])
    assert [group.runs for group in grouped] == [[first, second, fold]]
    apart = [stage([first]), stage([fold]), stage([second], device="cuda"), stage([first], brief=False)]
    assert [group.runs for group in train_all.together(apart)] == [[first], [fold], [second], [first]]


def test_long_runs_are_told_from_short_ones():
    """In the order of measured seconds, but for those that differ by less than half."""
    order = ["wide_convnet", "convnet", "resnet_block", "deep_fc", "mlpnet"]
    runs = {name: STUDY.runs(STUDY.combo(name, "weight_sharing_aux_loss"))[0] for name in order}
    assert sorted(order, key=lambda name: -train_all.work(runs[name])) == order
    run = runs["mlpnet"]
    assert train_all.work(changed(run, epochs=50)) == 2 * train_all.work(run)
    assert train_all.work(changed(run, test_pairs=4000)) == train_all.work(run) / 4 * 7
    fold = changed(run, fold={"index": 0, "count": 4})
    assert train_all.work(fold) == train_all.work(run) * (3 * 0.75 + 0.25) / 4


def test_a_folder_without_a_pipeline_is_one_line(workspace):
    with pytest.raises(StudyError, match=r"^studies/x: holds no dvc\.yaml; name the project's root, or an annex"):
        train_all.outdated(Path("studies/x"))

"""What is out of date is trained at once, the longest run first, and kept for the stages."""

import sys

import pytest

from pipeline import compute, kept, paths, train
from pipeline.kept import Kept, digest_of_pairs
from pipeline.script import StudyError
from pipeline.training import executor
from tests.made_up import STUDY, changed, short_run
from tests.synthetic import ROOT


def call(monkeypatch, *commands: str) -> None:
    """Compute with these stages out of date, whatever DVC would say."""
    monkeypatch.setattr(sys, "argv", ["compute"])
    monkeypatch.setattr(compute, "outdated", lambda pipelines: list(commands))
    compute.main()


STAGES = ["python -m pipeline.train deep_fc baseline", "python -m pipeline.train convnet two_channel"]


def test_stages_then_find_their_runs(small_study, monkeypatch, capsys):
    call(monkeypatch, *STAGES)
    assert "stages out of date: 2; runs trained: 4, in " in capsys.readouterr().out
    monkeypatch.setattr(executor, "compute", None)  # nothing is left to train
    monkeypatch.setattr(sys, "argv", ["train", "convnet", "two_channel"])
    train.main()
    assert paths.record("convnet-two_channel").is_file()
    assert len(list(kept.FOLDER.glob("*.json"))) == 2
    call(monkeypatch, STAGES[0])
    assert "2 finished runs were kept, 0 are to be trained" in capsys.readouterr().out


def test_the_longest_is_first_and_what_is_kept_is_not_trained(small_study, monkeypatch):
    asked = train.wanted(["deep_fc", "baseline"])
    first = train.Wanted("", asked.runs[:1], "cpu")
    list(train.train_and_keep(first, Kept(digest_of_pairs(asked.splits))))
    started = []
    monkeypatch.setattr(executor, "compute", lambda runs, *_: started.extend(runs) or iter(()))
    call(monkeypatch, *STAGES)
    assert [(run.network.architecture, run.seed) for run in started] == [("convnet", 0), ("convnet", 1), ("deep_fc", 1)]


def test_what_no_script_tells_is_left_to_its_stage():
    assert compute.asked(["python -m pipeline.seeds --all", "cp a b"]) == []


def test_runs_of_one_kind_go_together_and_each_once():
    first, second = short_run(seed=0), short_run(seed=1)
    fold = changed(first, fold={"index": 0, "count": 2})
    stages = [train.Wanted("a", [first, second], "cpu"), train.Wanted("b", [second, fold], "cpu")]
    assert [stage.runs for stage in compute.together(stages)] == [[first, second, fold]]
    apart = [train.Wanted("a", [first], "cpu"), train.Wanted("b", [fold], "cpu"), train.Wanted("c", [second], "cuda")]
    assert [stage.runs for stage in compute.together(apart)] == [[first], [fold], [second]]


def test_long_runs_are_told_from_short_ones():
    """In the order of measured seconds, but for those that differ by less than half."""
    order = ["wide_convnet", "convnet", "resnet_block", "deep_fc", "mlpnet"]
    runs = {name: STUDY.runs(STUDY.combo(name, "weight_sharing_aux_loss"))[0] for name in order}
    assert sorted(order, key=lambda name: -compute.work(runs[name])) == order
    run = runs["mlpnet"]
    assert compute.work(changed(run, epochs=50)) == 2 * compute.work(run)
    assert compute.work(changed(run, test_pairs=4000)) == compute.work(run) / 4 * 7
    assert compute.work(changed(run, fold={"index": 0, "count": 4})) == compute.work(run) * (3 * 0.75 + 0.25) / 4


def test_a_pipeline_that_is_not_there_is_one_line(workspace):
    with pytest.raises(StudyError, match=r"studies/x/dvc\.yaml: not found"):
        compute.outdated(["studies/x/dvc.yaml"])


def test_a_pipeline_s_pairs_are_its_own_and_the_root_s_if_it_reads_those(monkeypatch):
    monkeypatch.chdir(ROOT)
    stages = {name: compute._pair_stages(f"studies/{name}/dvc.yaml") for name in ("replication", "sweeps", "tuning")}
    assert stages == {
        "replication": ["studies/replication/dvc.yaml:pair"],
        "sweeps": ["pair"],
        "tuning": ["studies/tuning/dvc.yaml:pair", "pair"],
    }
    assert compute._pair_stages("dvc.yaml") == ["dvc.yaml:pair"]

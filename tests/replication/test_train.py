"""The replication's stages, from pairs to tables, with a report that is made small."""

import json
import subprocess
import sys

import pytest
import yaml

from pipeline import kept, outcomes, pair, paths, protocols, records, tables, train
from pipeline.replication import aggregate
from pipeline.replication import train as replicate
from pipeline.script import StudyError
from pipeline.training import executor
from tests.synthetic import ROOT


@pytest.fixture
def small_replication(small_study):
    """Report 0's deep_fc with auxiliary loss, of two runs of two epochs; beside it, the study's own of that name."""
    content = yaml.safe_load((ROOT / protocols.FILE).read_text(encoding="utf-8"))
    report = content["reports"]["report_0"]
    rows = {name: row for name, row in report["architectures"]["deep_fc"]["rows"].items() if name == "aux_loss"}
    report |= {"runs": 2, "departures": {"seeds": 2}, "architectures": {"deep_fc": {"rows": rows}}}
    report["all"] |= {"train_pairs": 60, "test_pairs": 40, "epochs": 2}
    content["reports"] = {"report_0": report}
    protocols.FILE.parent.mkdir(parents=True)
    protocols.FILE.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    pair.main([str(protocols.PAIRS), "0-1"])
    return small_study


def call(monkeypatch, module, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [module.__name__, *arguments])
    module.main()


def test_from_pairs_to_tables(small_replication, monkeypatch, capsys):
    call(monkeypatch, replicate, "deep_fc")
    assert "deep_fc: 6 runs" in capsys.readouterr().out
    call(monkeypatch, train, "deep_fc", "aux_loss")
    call(monkeypatch, aggregate)
    assert " of 1 published means lie within" in capsys.readouterr().out
    assert len(tables.read("replication/figures")) == 2  # two measures
    assert len(tables.read("replication/curves")) == 2 * 2
    departures = tables.read("replication/departures")
    assert departures[["departure", "way"]].values.tolist() == [
        ["aux_weight", "put right"],
        ["aux_weight", "made"],
        ["batch_order", "put right"],
        ["batch_order", "made"],
        ["epoch_49", "put right"],
        ["epoch_49", "made"],
        ["best_epoch_of_mean", "put right"],
        ["best_epoch_of_mean", "made"],
        ["all", "both"],
    ]
    assert departures["mean_difference"].notna().all()


def test_rows_are_trained_as_the_study_s_runs_are(small_replication, monkeypatch):
    """Whatever the file of pairs: with nothing put otherwise, a row's run is the study's, to the last digit."""
    content = yaml.safe_load(protocols.FILE.read_text(encoding="utf-8"))
    report = content["reports"]["report_0"]
    del report["all"]["batch_order"]
    report["architectures"]["deep_fc"]["rows"]["aux_loss"]["has"]["aux_weight"] = 1.0
    protocols.FILE.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    study = small_replication
    (row,) = protocols.load().rows
    assert row.runs("digits") == study.runs(study.combo("deep_fc", "aux_loss"))
    path = protocols.path("rows")
    asked = train.Wanted("rows", row.runs("digits"), "cpu", protocols.PAIRS, path)
    call(monkeypatch, train, "deep_fc", "aux_loss")
    pairs = kept.digest_of_pairs(asked.splits, protocols.PAIRS)
    theirs = [outcomes.of(record, pairs) for record in records.read(paths.record("deep_fc-aux_loss"))]
    assert train.train_outcomes(asked) == theirs
    assert outcomes.read(path) == {outcome.run: outcome for outcome in theirs}


def commit_reports() -> None:
    for command in ("init -q", "add -f reports", "-c user.name=A -c user.email=a@example.org commit -qm A"):
        subprocess.run(["git", *command.split()], check=True)


def test_what_git_has_comes_back_where_the_pairs_are_missing(small_replication, monkeypatch):
    call(monkeypatch, replicate, "deep_fc")
    path = protocols.path("deep_fc")
    first = path.read_bytes()
    commit_reports()
    path.unlink()  # as DVC does when it starts the stage
    paths.pairs("train", protocols.PAIRS).unlink()
    with pytest.raises(StudyError, match=r"data/replication/train\.safetensors: missing"):
        call(monkeypatch, replicate, "deep_fc")
    assert path.read_bytes() == first


def test_what_git_has_is_not_trained_again(small_replication, monkeypatch, capsys):
    """Unless code, torch or pairs are other by now; another list of runs trains what is new in it."""
    call(monkeypatch, replicate, "deep_fc")
    path = protocols.path("deep_fc")
    first = path.read_bytes()
    commit_reports()
    path.unlink()
    trained = []
    compute = executor.compute
    monkeypatch.setattr(executor, "compute", lambda runs, *rest: trained.extend(runs) or compute(runs, *rest))
    call(monkeypatch, replicate, "deep_fc")
    assert (trained, path.read_bytes()) == ([], first)
    assert "deep_fc: 6 of 6 runs were trained before" in capsys.readouterr().out

    content = yaml.safe_load(protocols.FILE.read_text(encoding="utf-8"))
    content["reports"]["report_0"]["runs"] = 3
    protocols.FILE.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    pair.main([str(protocols.PAIRS), "0-2"])  # other pairs, as far as the file tells
    asked = replicate.wanted(["deep_fc"])
    found, left = train.without_committed(asked)
    assert (found, left) == ({}, asked)
    digest = json.loads(first)[0]["pairs"]
    monkeypatch.setattr(train, "digest_of_pairs", lambda *_: digest)
    asked = replicate.wanted(["deep_fc"])
    found, left = train.without_committed(asked)
    assert (len(found), [run.seed for run in left.runs]) == (6, [2])
    for name in ("engine_digest", "version"):
        with monkeypatch.context() as other:
            other.setattr(kept, name, lambda *_: "other")
            assert train.without_committed(asked) == ({}, asked)


def test_outcomes_of_other_runs_are_refused(small_replication, monkeypatch):
    call(monkeypatch, replicate, "deep_fc")
    call(monkeypatch, train, "deep_fc", "aux_loss")
    content = yaml.safe_load(protocols.FILE.read_text(encoding="utf-8"))
    content["reports"]["report_0"]["all"]["learning_rate"] = 0.002
    protocols.FILE.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    with pytest.raises(StudyError, match=r"^reports/replication/runs/deep_fc.json: holds other runs .*dvc repro"):
        call(monkeypatch, aggregate)
    path = protocols.path("deep_fc")
    path.write_text(path.read_text()[:-20])
    with pytest.raises(StudyError, match=r"^reports/replication/runs/deep_fc.json: damaged"):
        call(monkeypatch, aggregate)
    path.unlink()
    with pytest.raises(StudyError, match=r"^reports/replication/runs/deep_fc.json: missing"):
        call(monkeypatch, aggregate)


def test_an_architecture_that_no_report_has_is_refused(small_replication, monkeypatch):
    with pytest.raises(StudyError, match=r"studies/replication/params\.yaml: does not list deep_fx; known: "):
        call(monkeypatch, replicate, "deep_fx")

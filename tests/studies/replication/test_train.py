"""The annex's stages, from pairs to tables, with a report that is made small."""

import sys

import pytest
import yaml

from pipeline import train
from pipeline.cli import StudyError
from pipeline.engine import result
from studies.replication import aggregate, measured, reports
from studies.replication import train as replicate
from tests import ROOT


@pytest.fixture
def small_replication(small_study):
    """Report 0's deep_fc with auxiliary loss, of two runs of two epochs."""
    content = yaml.safe_load((ROOT / reports.FILE).read_text(encoding="utf-8"))
    report, data = content["reports"]["report_0"], small_study.data
    rows = {"aux_loss": content["architectures"]["deep_fc"]["rows"]["aux_loss"]}
    report |= {"runs": 2, "deviations": {"seeds": 2}}
    pairs = {"train_pairs": data.train_pairs, "test_pairs": data.test_pairs}
    report["all"] |= {"source": data.source, "epochs": 2} | pairs
    content["reports"] = {"report_0": report}
    content["architectures"] = {"deep_fc": {"report": "report_0", "rows": rows}}
    reports.FILE.parent.mkdir(parents=True)
    reports.FILE.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return small_study


def call(monkeypatch, module, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [module.__name__, *arguments])
    module.main()


def test_from_pairs_to_tables(small_replication, monkeypatch, capsys):
    call(monkeypatch, replicate, "deep_fc")
    assert "deep_fc: 8 runs" in capsys.readouterr().out
    call(monkeypatch, aggregate)
    tables = {name: measured.TABLES.read(name) for name in measured.TABLES.names()}
    assert {name: len(table) for name, table in tables.items()} == {
        "figures": 2,  # two measures
        "gains": 0,
        "deviations": 9,  # both ways of aux_weight, batch_order and two measures; and all at once
        "curves": 2 * 2,
    }
    assert tables["deviations"]["mean_difference"].notna().all()


def test_the_study_s_own_runs_are_among_the_results(small_replication, monkeypatch):
    """To the last digit as the study trains them: a comparison with it mixes no two ways of training."""
    study = small_replication
    own = study.runs(study.combo("deep_fc", "aux_loss"))
    call(monkeypatch, replicate, "deep_fc")
    alone = reports.results("alone")
    trained = train.run_stage(train.Wanted("alone", own, "cpu", alone))
    assert result.of_runs(reports.results("deep_fc"), own) == trained


def test_an_architecture_that_no_report_has_is_refused(small_replication, monkeypatch):
    with pytest.raises(StudyError, match=r"studies/replication/params\.yaml: does not list deep_fx; known: deep_fc"):
        call(monkeypatch, replicate, "deep_fx")

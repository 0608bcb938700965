"""The annex's stages, from pairs to tables, with a report that is made small."""

import pytest
import yaml

from pipeline.analysis.tables import write_all
from pipeline.train import run_stage
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


def test_from_pairs_to_tables(small_replication):
    assert len(run_stage(replicate.wanted(["deep_fc"]))) == 8
    write_all(*aggregate.tables_made())
    tables = {name: measured.TABLES.read(name) for name in measured.TABLES.names()}
    assert {name: len(table) for name, table in tables.items()} == {
        "figures": 2,  # two measures
        "gains": 0,
        "deviations": 9,  # both ways of aux_weight, batch_order and two measures; and all at once
    }
    assert tables["deviations"]["mean_difference"].notna().all()

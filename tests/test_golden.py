"""The committed tables are what the committed results give, byte for byte."""

import importlib

import pytest

from pipeline.analysis.tables import to_csv
from tests import ROOT

pytestmark = pytest.mark.slow

ANNEXES = sorted(path.parts[-3] for path in ROOT.glob("studies/*/reports/runs"))  # those that were trained
AGGREGATES = ["pipeline.aggregate", *(f"studies.{name}.aggregate" for name in ANNEXES)]


@pytest.mark.parametrize("module", AGGREGATES)
def test_tables_made_again_are_the_committed_ones(module, monkeypatch):
    monkeypatch.chdir(ROOT)
    tables, made = importlib.import_module(module).tables_made()
    assert set(made) == set(tables.names())
    for name, frame in made.items():
        assert to_csv(frame).encode() == tables.path(name).read_bytes(), name

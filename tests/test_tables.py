"""Tables are written as COLUMNS says, and read back or refused."""

import numpy as np
import pandas as pd
import pytest

from pipeline import paths, records, tables
from pipeline.script import StudyError


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def gaps(*accuracies):
    combo = {"data_set": "mnist", "architecture": "convnet", "technique": "baseline"}
    rows = [combo | {"gap": gap, "pairs": 7, "test_accuracy": a} for gap, a in enumerate(accuracies)]
    return tables.frame("gaps", rows)


def test_floats_have_six_digits_and_empty_cells_are_not_defined():
    tables.write("gaps", gaps(1 / 3, np.nan, 0.5, 1e-17, -0.0))
    lines = paths.table("gaps").read_text().splitlines()
    assert lines[0] == "data_set,architecture,technique,gap,pairs,test_accuracy"
    assert [line.removeprefix("mnist,convnet,baseline,") for line in lines[1:]] == [
        *("0,7,0.333333", "1,7,", "2,7,0.5", "3,7,0", "4,7,0")
    ]


def test_read_gives_what_was_written():
    tables.write("gaps", gaps(0.25, np.nan))
    pd.testing.assert_frame_equal(tables.read("gaps"), gaps(0.25, np.nan))


def test_a_technique_may_be_called_null():
    frame = gaps(0.25).assign(technique="null")
    tables.write("gaps", frame)
    assert list(tables.read("gaps")["technique"]) == ["null"]


@pytest.mark.parametrize("name", tables.COLUMNS)
def test_a_table_without_rows_keeps_its_columns(name):
    tables.write(name, tables.frame(name, []))
    back = tables.read(name)
    assert back.empty
    assert list(back.columns) == list(tables.COLUMNS[name])


def test_a_row_has_every_column_and_no_other():
    row = gaps(0.5).to_dict("records")[0]
    with pytest.raises(ValueError, match=r"table gaps: a row has or lacks \['pears'\]"):
        tables.frame("gaps", [row | {"pears": 7}])
    with pytest.raises(ValueError, match=r"table gaps: a row has or lacks \['pairs'\]"):
        tables.frame("gaps", [{name: value for name, value in row.items() if name != "pairs"}])


def test_curves_are_those_of_a_record():
    assert list(tables.CURVES) == list(records.Curves.model_fields)


def test_other_columns_are_not_written():
    with pytest.raises(ValueError, match="table gaps"):
        tables.write("gaps", gaps(0.5).drop(columns="pairs"))
    with pytest.raises(ValueError, match="table gaps"):
        tables.write("gaps", gaps(0.5)[list(tables.COLUMNS["gaps"])[::-1]])


@pytest.mark.parametrize("content", [None, b"", b"a,b\n1,2\n", b'data_set,"x\n', b"\xff\xfe", b"a\n1,2\n1,2,3\n"])
def test_a_missing_or_other_table_is_refused_in_one_line(content):
    if content is not None:
        paths.REPORTS.mkdir()
        paths.table("gaps").write_bytes(content)
    with pytest.raises(StudyError, match=r"reports/gaps\.csv: .*dvc repro aggregate") as refused:
        tables.read("gaps")
    assert "\n" not in str(refused.value)

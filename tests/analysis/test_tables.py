"""Tables are written as the data dictionary says, and read back or refused."""

import numpy as np
import pandas as pd
import pytest

from pipeline import paths
from pipeline.analysis.tables import STUDY
from pipeline.cli import StudyError


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def gaps(*accuracies):
    combo = {"data_set": "mnist", "architecture": "convnet", "technique": "baseline"}
    rows = [combo | {"gap": gap, "pairs": 7, "test_accuracy": a} for gap, a in enumerate(accuracies)]
    return STUDY.frame("gaps", rows)


def test_floats_have_six_digits_and_empty_cells_are_not_defined():
    STUDY.write("gaps", gaps(1 / 3, np.nan, 0.5, 1e-17, -0.0))
    lines = STUDY.path("gaps").read_text().splitlines()
    assert lines[0] == "data_set,architecture,technique,gap,pairs,test_accuracy"
    assert [line.removeprefix("mnist,convnet,baseline,") for line in lines[1:]] == [
        *("0,7,0.333333", "1,7,", "2,7,0.5", "3,7,0", "4,7,0")
    ]


def test_read_gives_what_was_written():
    STUDY.write("gaps", gaps(0.25, np.nan))
    pd.testing.assert_frame_equal(STUDY.read("gaps"), gaps(0.25, np.nan))


def test_a_technique_may_be_called_null():
    frame = gaps(0.25).assign(technique="null")
    STUDY.write("gaps", frame)
    assert list(STUDY.read("gaps")["technique"]) == ["null"]


@pytest.mark.parametrize("name", STUDY.names())
def test_a_table_without_rows_keeps_its_columns(name):
    STUDY.write(name, STUDY.frame(name, []))
    back = STUDY.read(name)
    assert back.empty
    assert list(back.columns) == STUDY.columns(name)


def test_a_row_has_every_column_and_no_other():
    row = gaps(0.5).to_dict("records")[0]
    with pytest.raises(ValueError, match=r"table gaps: a row has or lacks \['pears'\]"):
        STUDY.frame("gaps", [row | {"pears": 7}])
    with pytest.raises(ValueError, match=r"table gaps: a row has or lacks \['pairs'\]"):
        STUDY.frame("gaps", [{name: value for name, value in row.items() if name != "pairs"}])


def test_other_columns_are_not_written():
    with pytest.raises(ValueError, match="table gaps"):
        STUDY.write("gaps", gaps(0.5).drop(columns="pairs"))
    with pytest.raises(ValueError, match="table gaps"):
        STUDY.write("gaps", gaps(0.5)[STUDY.columns("gaps")[::-1]])


@pytest.mark.parametrize("content", [None, b"", b"a,b\n1,2\n", b'data_set,"x\n', b"\xff\xfe", b"a\n1,2\n1,2,3\n"])
def test_a_missing_or_other_table_is_refused_in_one_line(content):
    if content is not None:
        paths.REPORTS.mkdir()
        STUDY.path("gaps").write_bytes(content)
    with pytest.raises(StudyError, match=r"reports/gaps\.csv: .*dvc repro aggregate") as refused:
        STUDY.read("gaps")
    assert "\n" not in str(refused.value)

"""Tables are written as the data dictionary says, and read back or refused."""

import numpy as np
import pytest

from pipeline import paths
from pipeline.analysis.tables import STUDY
from pipeline.cli import StudyError

pytestmark = pytest.mark.usefixtures("workspace")


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


@pytest.mark.parametrize("content", [None, b"", b"a,b\n1,2\n", b'data_set,"x\n', b"\xff\xfe", b"a\n1,2\n1,2,3\n"])
def test_a_missing_or_other_table_is_refused_in_one_line(content):
    if content is not None:
        paths.REPORTS.mkdir()
        STUDY.path("gaps").write_bytes(content)
    with pytest.raises(StudyError, match=r"reports/gaps\.csv: .*dvc repro aggregate") as refused:
        STUDY.read("gaps")
    assert "\n" not in str(refused.value)

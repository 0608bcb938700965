"""README.md: its results come from the tables, between the markers."""

import sys

import pytest

from pipeline import aggregate, params, readme
from pipeline.analysis.tables import STUDY
from pipeline.cli import StudyError
from pipeline.pages import formats, values
from tests import ROOT
from tests.synthetic import make_params, write_study

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
HAND_WRITTEN = f"# Title\n\n{BEGIN}\n{END}\n\nMore.\n"


@pytest.fixture
def study(workspace, monkeypatch):
    """A made-up study with its tables, and a README.md without results; `python -m pipeline.readme`, no arguments."""
    write_study(make_params(["basenet", "lenet5"], seeds=3, epochs=2), diverged={("lenet5-baseline", 0)})
    aggregate.main()
    readme.README.write_text(HAND_WRITTEN)
    monkeypatch.setattr(sys, "argv", ["readme"])


def check(monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["readme", "--check"])
    readme.main()


def test_writes_what_the_tables_say(study):
    readme.main()
    text = readme.README.read_text(encoding="utf-8")
    assert text.startswith(f"# Title\n\n{BEGIN}\n- ")
    assert text.endswith(f"\n{END}\n\nMore.\n")
    for result in values.values(params.load(), {name: STUDY.read(name) for name in values.TABLES})["results"]:
        assert f"- {result}\n" in text
    assert "](reports/figures/test_accuracy.png)" in text
    summary = STUDY.read("summary")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    assert [row[0] for row in rows[2:]] == [formats.label(name) for name in summary["technique"].unique()]
    mean = summary[summary["technique"] == "baseline"]["mean_test_accuracy"].mean()
    assert {row[0]: row[1] for row in rows}["baseline"] == formats.percent(mean)


def test_check_tells_an_up_to_date_readme_from_another(study, monkeypatch):
    with pytest.raises(StudyError, match=r"^README.md: its results are not those of reports/; `make readme`"):
        check(monkeypatch)
    assert readme.README.read_text() == HAND_WRITTEN
    monkeypatch.setattr(sys, "argv", ["readme"])
    readme.main()
    check(monkeypatch)
    summary = STUDY.read("summary")
    STUDY.write("summary", summary.assign(mean_test_accuracy=0.5))
    with pytest.raises(StudyError, match=r"^README.md"):
        check(monkeypatch)


def test_committed_readme_shows_the_committed_results(monkeypatch):
    monkeypatch.chdir(ROOT)
    check(monkeypatch)

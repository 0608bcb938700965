"""The results in README.md: from the tables, between the markers, and checked."""

import sys

import pytest

from pipeline import aggregate, readme, wording
from pipeline.analysis import tables
from pipeline.script import StudyError, run_script
from tests.synthetic import ROOT, make_params, write_study

BEGIN, END = readme.markers("results")
PUBLISHED = "\n".join(readme.markers("published"))
HAND_WRITTEN = f"# Title\n\n{BEGIN}\n{END}\n\nMore.\n\n{PUBLISHED}\n"
WHAT_IF = [
    (
        "mnist",
        "basenet",
        "aux_loss",
        "test_accuracy",
        0.923,
        "none",
        3,
        0.9,
        0.01,
        float("nan"),
        float("nan"),
        float("nan"),
    ),
    ("mnist", "basenet", "aux_loss", "test_accuracy", 0.923, "another loss", 3, 0.92, 0.01, 0.02, 0.01, 0.03),
]


@pytest.fixture
def study(workspace, monkeypatch):
    """A made-up study with its tables, and a README.md without results; `python -m pipeline.readme`, no arguments."""
    write_study(make_params(["basenet", "lenet5"], runs=3, epochs=2))
    aggregate.main()
    tables.write("what_if", tables.frame("what_if", WHAT_IF))
    readme.README.write_text(HAND_WRITTEN)
    monkeypatch.setattr(sys, "argv", ["readme"])


def check(monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["readme", "--check"])
    readme.main()


def test_writes_what_the_tables_say(study):
    readme.main()
    text = readme.README.read_text(encoding="utf-8")
    assert text.startswith("# Title\n")
    assert f"{END}\n\nMore.\n" in text
    assert wording.headline(tables.read("effects")) in text
    assert "of 3 runs. Data set: MNIST." in text
    assert "](reports/figures/test_accuracy.png)" in text

    summary = tables.read("summary")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    assert rows[0][1:] == [wording.label(name) for name in summary["technique"].unique()]
    for row in (rows[2], rows[3]):
        combos = summary[summary["architecture"] == row[0]]
        wanted = zip(combos["mean_test_accuracy"], combos["std_test_accuracy"], strict=True)
        assert row[1:] == [wording.mean_std(mean, std) for mean, std in wanted]
    assert rows[4][0] == "average"
    mean = summary[summary["technique"] == "baseline"]["mean_test_accuracy"].mean()
    assert rows[4][rows[0].index("baseline")] == wording.percent(mean)


def test_says_what_explains_the_published_figures(study):
    readme.main()
    text = readme.README.read_text(encoding="utf-8")
    published = tables.read("published_vs_ours").query("measure != 'train_accuracy'")
    assert f"The verdicts on {len(published)} published test accuracies" in text
    for verdict, count in published["verdict"].value_counts().items():
        assert f"{verdict} {count}" in text
    assert "| `basenet-aux_loss` | (as published) |  | 92.3 |  |" in text
    assert "|  | nothing (the study) | 3 | 90.0 ± 1.0 |  |" in text
    assert "|  | another loss | 3 | 92.0 ± 1.0 | +2.0 (+1.0 to +3.0) |" in text


def test_check_tells_an_up_to_date_readme_from_another(study, monkeypatch):
    with pytest.raises(StudyError, match=r"^README.md: its results are not those of reports/; `make readme`"):
        check(monkeypatch)
    assert readme.README.read_text() == HAND_WRITTEN
    monkeypatch.setattr(sys, "argv", ["readme"])
    readme.main()
    check(monkeypatch)

    tables.write("summary", tables.read("summary").assign(mean_test_accuracy=0.5))
    with pytest.raises(StudyError, match="its results are not those of"):
        check(monkeypatch)


def test_check_ends_with_status_1_and_one_line(study, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["readme", "--check"])
    with pytest.raises(SystemExit) as end:
        run_script(readme.main)
    assert str(end.value.code).startswith("error: README.md")
    assert "\n" not in str(end.value.code)


def test_written_twice_it_stays_the_same(study):
    readme.main()
    first = readme.README.read_bytes()
    readme.main()
    assert readme.README.read_bytes() == first


@pytest.mark.parametrize(
    "text",
    ["no markers", BEGIN, END, END + BEGIN, HAND_WRITTEN + BEGIN, HAND_WRITTEN * 2],
)
def test_markers_stand_once_each_in_order(study, text):
    readme.README.write_text(text)
    with pytest.raises(StudyError, match=r"^README.md: put <!-- results:begin --> and"):
        readme.main()
    assert readme.README.read_text() == text


def test_a_missing_readme_is_said_in_one_line(study):
    readme.README.unlink()
    with pytest.raises(StudyError, match=r"^README.md: not found"):
        readme.main()


def test_one_architecture_has_no_average(workspace):
    write_study(make_params(["basenet"], runs=1, epochs=1, source="digits"))
    aggregate.main()
    text = readme.results(tables.read("summary"), tables.read("effects"))
    assert "| average" not in text
    assert "1 run. Data set: scikit-learn's digits" in text


def test_committed_readme_shows_the_committed_results(monkeypatch):
    monkeypatch.chdir(ROOT)
    check(monkeypatch)

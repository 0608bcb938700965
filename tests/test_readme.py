"""README.md: its results come from the tables, between the markers; its other numbers are checked here."""

import re
import sys

import pytest

from pipeline import aggregate, params, readme, tables, wording
from pipeline.script import StudyError, run_script
from tests.synthetic import ROOT, make_params, write_study

BEGIN, END = readme.markers("results")
REST = "\n".join("\n".join(readme.markers(name)) for name in readme.BLOCKS if name != "results")
HAND_WRITTEN = f"# Title\n\n{BEGIN}\n{END}\n\nMore.\n\n{REST}\n"


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
    assert text.startswith("# Title\n")
    assert f"{END}\n\nMore.\n" in text
    effects, summary = tables.read("effects"), tables.read("summary")
    for sentence in wording.headline(effects, summary) + wording.reservations(effects, summary):
        assert sentence in text
    for limit in wording.limits(params.load(), summary):
        assert f"\n- {limit}" in text
    assert wording.verdicts(tables.read("published_vs_ours")) in text
    assert f"MNIST, 2 architectures {wording.TIMES} 8 techniques {wording.TIMES} 3 seeds, 1,000 training pairs" in text
    assert "](reports/figures/test_accuracy.png)" in text

    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    assert rows[0][1:] == [wording.label(name) for name in summary["technique"].unique()]
    for row in (rows[2], rows[3]):
        combos = summary[summary["architecture"] == row[0]]
        for cell, combo in zip(row[1:], combos.to_dict("records"), strict=True):
            score, _, rest = cell.partition(wording.DAGGER)
            assert (wording.DAGGER in cell) is not combo["trained_out"]
            left = " (n = 2)" if combo["diverged"] else ""
            assert score + rest == wording.mean_std(combo["mean_test_accuracy"], combo["std_test_accuracy"]) + left
    assert rows[4][0] == "average"
    mean = summary[summary["technique"] == "baseline"]["mean_test_accuracy"].mean()
    assert rows[4][rows[0].index("baseline")] == wording.percent(mean)


def test_check_tells_an_up_to_date_readme_from_another(study, monkeypatch):
    with pytest.raises(StudyError, match=r"^README.md: its results are not those of reports/; `make readme`"):
        check(monkeypatch)
    assert readme.README.read_text() == HAND_WRITTEN
    monkeypatch.setattr(sys, "argv", ["readme"])
    readme.main()
    first = readme.README.read_bytes()
    readme.main()
    assert readme.README.read_bytes() == first
    check(monkeypatch)

    tables.write("summary", tables.read("summary").assign(mean_test_accuracy=0.5))
    monkeypatch.setattr(sys, "argv", ["readme", "--check"])
    with pytest.raises(SystemExit) as end:
        run_script(readme.main)
    assert str(end.value.code).startswith("error: README.md")
    assert "\n" not in str(end.value.code)


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
    study = make_params(["basenet"], seeds=1, epochs=1, source="digits")
    write_study(study)
    aggregate.main()
    text = readme.results(study, tables.read("effects"), tables.read("summary"))
    assert "| average" not in text
    assert f"1 architecture {wording.TIMES} 8 techniques {wording.TIMES} 1 seed," in text


def test_committed_readme_shows_the_committed_results(monkeypatch):
    monkeypatch.chdir(ROOT)
    check(monkeypatch)


def test_numbers_written_by_hand_are_known_to_be_true():
    """All numbers outside the generated blocks and the examples: what they are, or where they stand."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in readme.BLOCKS:
        begin, end = map(re.escape, readme.markers(name))
        text = re.sub(f"{begin}.*{end}", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->|```.*?```|^    .*?$", "", text, flags=re.DOTALL | re.MULTILINE)  # notes, examples
    text = re.sub(r"`[^`]*`|\]\([^)]*\)", "", text)  # commands, links
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'requires-python = ">=3.11,<3.14"' in project
    known = {
        "14x14": "pipeline/pair.py",
        "28x28": "pipeline/predict.py",
        "3.11": project,
        "3.12": project,
        "3.13": project,
        "7": "GB, measured",
    }
    assert set(re.findall(r"(?<![A-Za-z])\d[\d.,x]*\d|(?<![A-Za-z\d])\d", text)) <= set(known)
    assert "five published reports" in text  # 0 to 4: tests/analysis/test_published.py

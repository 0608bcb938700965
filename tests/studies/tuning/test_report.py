"""The tuning's figures and page: from the tables, for tunings of any size, and in need of nothing beside them."""

import html

import matplotlib.pyplot as plt
import pytest

from pipeline.figures import style
from pipeline.pages import formats, render
from pipeline.params import AVERAGE
from studies.tuning import aggregate, figures, plot, report, settings
from studies.tuning.settings import TABLES
from tests import ROOT
from tests.studies.tuning.tuned_study import make_study, make_tuning, write_tuning
from tests.test_report import Page

ONE = {
    "architectures": ["lenet5"],
    "techniques": ["baseline"],
    "rungs": [{"candidates": 2, "epochs": 1, "splits": 1}],
    "seeds": 1,
    "test_set_selection": {},
}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def written(tuning, diverged=()) -> Page:
    write_tuning(tuning, diverged)
    for stage in (aggregate, plot, report):
        stage.main()
    return Page(settings.PAGE.read_text(encoding="utf-8"))


def test_the_page_holds_the_numbers_of_its_tables_and_needs_nothing_but_the_study_s_page(workspace):
    page = written(make_tuning())
    assert page.open == []
    links = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert {link for link in links if not link.startswith("data:")} == {"../../../reports/index.html"}
    assert "nan" not in page.text
    for row in TABLES.read("accuracy").to_dict("records"):
        assert formats.mean_std(row["mean_test_accuracy"], row["std_test_accuracy"]) in page.text
    for row in TABLES.read("effects").to_dict("records"):
        assert formats.interval(row["ci_low"], row["ci_high"]) in page.text
        assert row["recipe"] == "study" or formats.interval(row["change_low"], row["change_high"]) in page.text
    for row in TABLES.read("selection").to_dict("records"):
        assert f"learning rate {row['learning_rate']:g}, batches of {row['batch_size']}" in page.text
    for row in report.commands(make_study(make_tuning()), TABLES.read("chosen")):
        assert html.unescape(row["command"]) in page.text
    block = render.text(ROOT / "studies/tuning/readme.md", **report.readme_values())
    assert "studies/tuning/reports/index.html" in block


def test_the_least_that_can_be_tuned_and_runs_that_diverge(workspace):
    page = written(make_tuning(**ONE))
    assert "nan" not in page.text
    assert {path.stem for path in settings.FIGURES.iterdir()} == set(plot.FIGURES) == set(settings.SOURCES)
    first = {path: path.read_bytes() for path in settings.FIGURES.iterdir()}
    plot.main()
    assert first == {path: path.read_bytes() for path in settings.FIGURES.iterdir()}
    study, few = make_study(make_tuning(**ONE)), make_tuning(**ONE | {"seeds": 3})
    lost = study.runs(study.combo("lenet5", "baseline"))[:1]
    assert "n = 2" in written(few, lost).text
    assert "in epoch 2" not in page.text


def test_the_headline_takes_the_rows_of_the_best_recipes():
    rows = [("a", 0.01), ("b", 0.03), (AVERAGE, 0.02)]
    names = {"data_set": "mnist", "effect": "both", "architectures": 1, "runs": 2, "ci_low": 0.0, "ci_high": 0.0}
    changes = dict.fromkeys(("change", "change_low", "change_high"), 0.0)
    made = [
        names | changes | {"architecture": name, "recipe": recipe, "mean_difference": mean + 0.1 * (recipe == "study")}
        for name, mean in rows
        for recipe in ("study", "best")
    ]
    said = report.answer(TABLES.frame("effects", made), TABLES.frame("optimism", []))
    assert said["names"] == ["a", "b"]
    assert [row["mean_difference"] for row in said["gains"]] == [0.02]
    assert said["converged"] is None


def test_figures_show_what_the_tables_hold(workspace):
    study = write_tuning(make_tuning())
    aggregate.main()
    style.use()
    effects, candidates, chosen = map(TABLES.read, ("effects", "candidates", "chosen"))
    drawn = figures.effects(study, effects)
    for axis, name in zip(drawn.axes, effects["effect"].unique(), strict=True):
        shown = [line.get_xdata()[0] for line in axis.get_lines() if line.get_marker() in ("o", "D")]
        assert shown == pytest.approx(list(100 * effects[effects["effect"] == name]["mean_difference"]))
    drawn = figures.candidates(study, candidates, chosen)
    combos = list(dict.fromkeys(zip(candidates["architecture"], candidates["technique"], strict=True)))
    for axis, combo in zip(drawn.axes, combos, strict=True):
        rows = style.of_combo(candidates, *combo).drop_duplicates("candidate", keep="last").set_index("candidate")
        dots, triangles = (marks.get_offsets() for marks in axis.collections)
        shown = sorted([*dots[~dots.mask.any(axis=1)][:, 0], *triangles[:, 0]])
        assert shown == pytest.approx(sorted(rows["learning_rate"]))
        marks = {line.get_marker(): line.get_xdata()[0] for line in axis.get_lines()}
        of_combo = style.of_combo(chosen, *combo).set_index("recipe")["learning_rate"]
        assert (marks["s"], marks["*"], marks["o"]) == tuple(of_combo[["study", "best", "one_standard_error"]])

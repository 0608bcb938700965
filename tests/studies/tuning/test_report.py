"""The tuning's figures and page: from the tables, for tunings of any size, and in need of nothing beside them."""

from pipeline.analysis.tables import write_all
from pipeline.pages import formats, render
from studies.tuning import aggregate, report, settings
from studies.tuning.settings import TABLES
from tests import ROOT
from tests.studies.tuning.tuned_study import make_tuning, write_tuning
from tests.test_report import Page

ONE = {
    "architectures": ["lenet5"],
    "techniques": ["baseline"],
    "rungs": [{"candidates": 2, "epochs": 1, "splits": 1}],
    "seeds": 1,
    "test_set_selection": {},
}


def written(tuning, diverged=()) -> Page:
    write_tuning(tuning, diverged)
    write_all(*aggregate.tables_made())
    report.main()
    return Page(settings.PAGE.read_text(encoding="utf-8"))


def test_the_page_holds_the_numbers_of_its_tables_and_needs_nothing_but_the_study_s_page(workspace):
    page = written(make_tuning())
    links = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert {link for link in links if not link.startswith("data:")} == {"../../../reports/index.html"}
    for row in TABLES.read("accuracy").to_dict("records"):
        assert formats.mean_std(row["mean_test_accuracy"], row["std_test_accuracy"]) in page.text
    for row in TABLES.read("effects").to_dict("records"):
        assert formats.interval(row["ci_low"], row["ci_high"]) in page.text
        assert row["recipe"] == "study" or formats.interval(row["change_low"], row["change_high"]) in page.text
    for row in TABLES.read("selection").to_dict("records"):
        assert f"learning rate {row['learning_rate']:g}, batches of {row['batch_size']}" in page.text
    block = render.text(ROOT / "studies/tuning/readme.md", **report.readme_values())
    (both,) = (row for row in report.readme_values()["answer"]["gains"] if row["effect"] == "both")
    assert f"add {formats.points(both['mean_difference']).removeprefix('+')} points" in block


def test_the_least_that_can_be_tuned_has_a_page(workspace):
    written(make_tuning(**ONE))

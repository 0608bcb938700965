"""The sweeps' page: complete, from the tables, true to them in its verdicts, and in need of nothing beside it."""

import shutil

import pytest

from pipeline import params
from pipeline.pages import formats, render
from studies.sweeps import aggregate, analysis, report, swept
from studies.sweeps.analysis import TABLES
from studies.sweeps.report import sources
from studies.sweeps.swept import Sweeps
from tests import ROOT
from tests.studies.sweeps.swept_study import STUDY, make_sweeps, write_study
from tests.studies.sweeps.test_analysis import runs
from tests.test_report import PIXEL, Page

# The project's own sweeps, on few architectures and seeds.
REAL = params.read(ROOT / swept.PARAMS, Sweeps).model_copy(
    update={
        "architectures": ["shallow_fc", "siamese_cnn", "mlpnet", "lenet5"],
        "seeds": 2,
        "fewer_seeds": {"lenet5": 1},
    }
)


def written(sweeps, diverged=()) -> Page:
    write_study(sweeps, diverged=diverged)
    shutil.copyfile(ROOT / swept.HERE / "page.html", swept.HERE / "page.html")
    made = aggregate.make_tables(STUDY, sweeps)
    for name, frame in made.items():
        TABLES.write(name, frame)
    swept.FIGURES.mkdir()
    for name in sources(STUDY, sweeps):
        (swept.FIGURES / f"{name}.png").write_bytes(PIXEL)
    return Page(report.page(STUDY, sweeps, {name: TABLES.read(name) for name in made}))


def test_needs_nothing_beside_it_but_the_study_s_page_and_holds_its_tables_numbers(workspace):
    sweeps = make_sweeps(architectures=["deep_fc", "lenet5", "mlpnet"], fewer_seeds={"mlpnet": 2})
    run = next(run for run in swept.runs(STUDY, sweeps, "lenet5") if run.data.train_pairs == 4000)
    page = written(sweeps, [run])
    assert page.open == []
    links = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert {link for link in links if not link.startswith("data:")} == {"../../../reports/index.html"}
    assert len({image["alt"] for image in page.named("img")}) == len(sources(STUDY, sweeps))
    assert len(page.named("caption")) == len(page.named("table"))
    for row in TABLES.read("accuracy").to_dict("records"):
        assert formats.mean_std(row["mean_test_accuracy"], row["std_test_accuracy"]) in page.text
    for row in TABLES.read("effects").query("sweep == 'interface_pairing' and effect == 'aux_loss'").to_dict("records"):
        assert formats.interval(row["ci_low"], row["ci_high"]) in page.text
    assert "nan" not in page.text


def test_says_of_every_expectation_whether_it_held_and_the_readme_what_is_left(workspace):
    page = written(REAL)
    assert len([tag for tag, attributes in page.tags if tag == "li" and "value" in attributes]) == 13
    assert page.text.count(" Held ") + page.text.count(" Did not hold ") == 13
    # In these made-up results, new pairs take the same share off all errors.
    assert "more than they give those with it. Held" in page.text
    assert "and more than 5 points. Did not hold" in page.text
    assert "nan" not in page.text
    block = render.text(ROOT / swept.HERE / "readme.md", **report.readme_values())
    left = TABLES.read("effects").query(
        "sweep == 'interface_pairing' and point == 'both' and architecture == 'average'"
    )
    for effect in ("aux_loss", "weight_sharing"):
        (difference,) = left.loc[left["effect"] == effect, "mean_difference"]
        assert formats.points(difference).removeprefix("+") in block


FEW = [make_sweeps("labels", seeds=1), make_sweeps("aux_weight", architectures=["lenet5"])]


@pytest.mark.parametrize("sweeps", FEW)
def test_a_page_of_a_few_sweeps_has_no_empty_answer(workspace, sweeps):
    page = written(sweeps)
    assert "With both changes" not in page.text
    assert "nan" not in page.text


def test_what_is_near_the_best_has_no_gap(monkeypatch):
    """0.1 is within a point of the best, but 0.5 between them is not."""
    monkeypatch.chdir(ROOT)
    levels = ((0, 0.6), (0.1, 0.795), (0.5, 0.7), (1, 0.796), (5, 0.8), (10, 0.79), (20, 0.7))
    made = runs(*(("a", "aux_loss", value, [level, level]) for value, level in levels))
    about = report.about_best(analysis.best(made), own=1)
    assert about["near"] == [1, 10]
    assert about["best"]["value"] == 5
    assert about["alike"] == [5]
    assert about["none"]["behind"] == pytest.approx(-0.2)
    assert not about["edge"]

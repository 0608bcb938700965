"""The sweeps' page: complete, from the tables, true to them in words, and in need of nothing beside it."""

import math

import pytest

from pipeline import tables
from pipeline.params import AVERAGE
from pipeline.sweeps import aggregate, analysis, report, swept, wording
from pipeline.sweeps.figures.sources import TABLES
from tests.sweeps.swept_study import TECHNIQUES, make_sweeps, write_sweeps
from tests.sweeps.test_analysis import both_curves, runs
from tests.synthetic import make_params
from tests.test_report import PIXEL, Page


def written(sweeps, study=None, diverged=()) -> Page:
    write_sweeps(sweeps, study, diverged)
    aggregate.main()
    swept.FIGURES.mkdir()
    for name in TABLES:
        (swept.FIGURES / f"{name}.png").write_bytes(PIXEL)
    report.main()
    return Page(swept.PAGE.read_text(encoding="utf-8"))


def test_needs_nothing_beside_it_but_the_study_s_page(workspace):
    page = written(make_sweeps())
    assert page.open == []
    links = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert {link for link in links if not link.startswith("data:")} == {"../index.html"}
    assert len({image["alt"] for image in page.named("img")}) == len(TABLES)
    assert len(page.named("caption")) == len(page.named("table")) == 4


def test_holds_every_number_of_its_tables(workspace):
    page = written(make_sweeps())
    for row in tables.read("sweeps/worth").to_dict("records"):
        assert wording.pairs(row["pairs"], row) in page.text
        assert wording.pairs_interval(row) in page.text
    accuracy = tables.read("sweeps/accuracy")
    for row in accuracy[accuracy["architecture"] != AVERAGE].to_dict("records"):
        assert f"{100 * row['mean_test_accuracy']:.1f} ± {100 * row['std_test_accuracy']:.1f}" in page.text


def test_says_what_diverged(workspace):
    sweeps, study = make_sweeps(), make_params(["deep_fc", "lenet5"], TECHNIQUES, seeds=3)
    run = next(run for run in swept.runs(study, sweeps, "lenet5") if run.data.train_pairs == 4000)
    assert "n = 2" in written(sweeps, study, [run]).text


def test_a_page_of_the_least_that_can_be_swept(workspace):
    least = {"values": [], "techniques": ["aux_loss"]}
    page = written(make_sweeps(architectures=["lenet5"], seeds=1, aux_weight=least, train_pairs=least))
    assert "With lenet5, of the aux_weights swept, the best with auxiliary loss is 1" in page.text
    assert "nan" not in page.text


def test_numbers_of_pairs_in_words():
    row = {"fewest": 125, "most": 8000, "pairs_low": 0.0, "pairs_high": math.inf}
    words = {1482.3: "1,480", 997.2: "997", 0: "< 125", math.inf: "> 8,000", math.nan: "\N{EN DASH}"}
    assert {number: wording.pairs(number, row) for number in words} == words
    assert wording.pairs_interval(row) == "< 125 to > 8,000"
    assert wording.pairs_interval(row | {"pairs_high": 0.0}) == "< 125"
    assert wording.pairs_interval(row | {"pairs_low": 300.4, "pairs_high": 512.0}) == "300 to 512"


def test_the_answer_says_what_the_tables_hold():
    study = make_params(["deep_fc", "lenet5"], TECHNIQUES)
    study = study.model_copy(update={"data": study.data.model_copy(update={"train_pairs": 100})})
    noise = [-0.01, 0.01, 0.0]
    made = runs(*both_curves("deep_fc", 0.1, noise), *both_curves("lenet5", 0.1, noise))
    weights = runs(
        *(
            (architecture, "aux_loss", weight, [level - shift, level + shift, level])
            for architecture in ("deep_fc", "lenet5")
            for weight, level, shift in ((0, 0.6, 0), (0.1, 0.795, 0.02), (0.5, 0.7, 0.001), (1, 0.796, 0), (5, 0.8, 0))
        ),
        sweep="aux_weight",
    )
    said = wording.headline(
        study, analysis.worths(made, 100), analysis.effects_by_pairs(made), analysis.aux_weights(weights)
    )
    assert said[0] == (
        "Averaged over the 2 architectures, weight sharing with 100 training pairs is as accurate as the baseline with "
        "200 (95% interval 200)."
    )
    assert said[1] == (
        "From 100 to 400 training pairs, the change in test accuracy against the baseline goes with weight sharing "
        "from +10.0 points (+10.0 to +10.0) to +10.0 points (+10.0 to +10.0)."
    )
    assert said[2] == (
        "Of the aux_weights swept, the best with auxiliary loss is 5 (80.0 %); those from 1 to 5 are within 1 point of "
        "it; 0.1 and 5 are not told apart; the study's 1 differs from it by \N{MINUS SIGN}0.4 (\N{MINUS SIGN}0.4 to "
        "\N{MINUS SIGN}0.4) points."
    )


def test_what_is_near_the_best_has_no_gap():
    """0.1 is within a point of the best, but 0.5 between them is not."""
    levels = ((0, 0.6), (0.1, 0.795), (0.5, 0.7), (1, 0.796), (5, 0.8), (10, 0.79), (20, 0.7))
    made = runs(*(("a", "aux_loss", weight, [level, level]) for weight, level in levels), sweep="aux_weight")
    about = wording.about_best(analysis.aux_weights(made), own=1)
    assert about["near"] == [1, 5, 10]
    assert about["best"] == 5
    assert about["alike"] == [5]
    assert about["none"]["behind"] == pytest.approx(-0.2)

"""The tuning's page: complete, from the tables, true to them in words, and in need of nothing beside it."""

import html
import math

import pandas as pd
import pytest
import yaml

from pipeline import params, readme, tables, wording
from pipeline.tuning import aggregate, halving, report, retrained, tuned
from pipeline.tuning import analysis as tuning
from pipeline.tuning import wording as say
from pipeline.tuning.figures.sources import TABLES
from tests.test_report import PIXEL, Page
from tests.tuning.test_analysis import runs
from tests.tuning.test_plot import ONE
from tests.tuning.tuned_study import make_study, make_tuning, write_tuning

MINUS = "\N{MINUS SIGN}"


def written(tuning, study=None) -> Page:
    write_tuning(tuning, study)
    aggregate.main()
    tuned.FIGURES.mkdir()
    for name in TABLES:
        (tuned.FIGURES / f"{name}.png").write_bytes(PIXEL)
    report.main()
    return Page(tuned.PAGE.read_text(encoding="utf-8"))


def test_needs_nothing_beside_it_but_the_study_s_page_and_holds_every_number_of_its_tables(workspace):
    page = written(make_tuning())
    assert page.open == []
    links = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert {link for link in links if not link.startswith("data:")} == {"../index.html"}
    assert len({image["alt"] for image in page.named("img")}) == len(TABLES)
    assert len(page.named("caption")) == len(page.named("table")) == 4
    assert "nan" not in page.text
    for row in tables.read("tuning/accuracy").to_dict("records"):
        assert f"{100 * row['mean_test_accuracy']:.1f} ± {100 * row['std_test_accuracy']:.1f}" in page.text
        assert f"training {100 * row['mean_train_accuracy']:.1f}" in page.text
    for row in tables.read("tuning/effects").to_dict("records"):
        assert wording.points(row["mean_difference"]) in page.text
        assert wording.interval(row["ci_low"], row["ci_high"]) in page.text
        if row["recipe"] != "study":
            assert wording.interval(row["change_low"], row["change_high"]) in page.text
    for table in ("tuning/chosen", "tuning/leaking"):
        for row in tables.read(table).to_dict("records"):
            assert say.recipe(row) in page.text
    for sentence in say.headline(*map(tables.read, readme.BLOCKS["tuning"][1])):
        assert sentence in page.text


def test_a_page_of_the_least_that_can_be_tuned(workspace):
    page = written(make_tuning(**ONE))
    assert "The best recipes change test accuracy against the study's by" in page.text
    assert "nan" not in page.text


def test_prints_the_command_that_adopts_each_best_recipe_and_changes_nothing(workspace):
    tuning = make_tuning()
    study = make_study(tuning)
    page = written(tuning, study)
    assert params.load() == study
    chosen = tables.read("tuning/chosen")
    for row in chosen[chosen["recipe"] == "best"].to_dict("records"):
        command = say.adopt(study, row)
        assert html.unescape(command) in page.text
        assert command.startswith("dvc exp run -S ")
        content = study.model_dump()
        for setting in command.removeprefix("dvc exp run -S ").split(" -S "):
            key, value = setting.split("=")
            *sections, field = key.split(".")
            section = content
            for name in sections:
                section = section[name]
            section[field] = yaml.safe_load(value)
        last = retrained.searched(study, tuning, row["architecture"])[row["technique"]][-1]
        runs = retrained.runs_with(
            study, tuning, (row["architecture"], row["technique"]), halving.choose(last)[halving.BEST]
        )
        adopted = params.Params.model_validate(content)
        assert adopted.runs(adopted.combo(row["architecture"], row["technique"])) == runs


def test_a_recipe_that_is_the_study_s_needs_no_command():
    study = make_study(make_tuning())
    own = study.architectures["lenet5"].model_dump() | {"architecture": "lenet5", "aux_weight": math.nan}
    assert say.adopt(study, own) == ""
    assert say.adopt(study, own | {"batch_norm": False, "aux_weight": 2.5}) == (
        "dvc exp run -S architectures.lenet5.batch_norm=false -S aux_weight=2.5"
    )


def test_a_recipe_in_words():
    row = {"learning_rate": 0.0503, "batch_size": 50, "dropout": 0.0, "batch_norm": False, "aux_weight": math.nan}
    assert say.recipe(row) == "learning rate 0.0503, batches of 50, no dropout, no batch norm"
    row |= {"dropout": 0.25, "batch_norm": True, "aux_weight": 3.0}
    assert say.recipe(row).endswith("batches of 50, dropout 0.25, batch norm, aux_weight 3")


def test_the_answer_names_the_architectures_that_gain_least_and_most():
    levels = {("a", "best"): 0.01, ("a", "study"): 0.02, ("b", "best"): 0.04, ("b", "study"): 0.03}
    made = runs(
        *((name, "baseline", recipe, [0.7, 0.7]) for name, recipe in levels),
        *((name, "aux_loss", recipe, [0.7 + gain] * 2) for (name, recipe), gain in levels.items()),
    )
    said = say.headline(tuning.effects(made), tuning.accuracy(made), pd.DataFrame())
    assert (
        "By architecture, the change with the best recipes goes from +1.0 (a) to +4.0 (b) with auxiliary loss; with "
        "the study's, from +2.0 (a) to +3.0 (b) with auxiliary loss."
    ) in said


def test_the_answer_says_what_the_tables_hold():
    levels = {("baseline", "study"): 0.7, ("baseline", "best"): 0.75, ("baseline", "one_standard_error"): 0.74}
    levels |= {("aux_loss", "study"): 0.8, ("aux_loss", "best"): 0.81, ("aux_loss", "one_standard_error"): 0.82}
    made = runs(*(("a", *key, [level, level]) for key, level in levels.items()))
    row = {"candidates": 10, "architecture": "basenet", "technique": "aux_loss", "mean_choosing_accuracy": 0.95}
    row |= {"mean_fresh_accuracy": 0.94, "optimism": 0.01, "optimism_low": 0.005, "optimism_high": 0.015}
    said = say.headline(tuning.effects(made), tuning.accuracy(made), pd.DataFrame([row]))
    assert said == [
        "With a, and with the best recipe found for each technique, test accuracy changes against the baseline by +6.0 "
        "points (95% interval +6.0 to +6.0) with auxiliary loss; with the study's one recipe for all techniques, by "
        "+10.0 points (95% interval +10.0 to +10.0) with auxiliary loss.",
        f"So tuning changes these effects by {MINUS}4.0 points ({MINUS}4.0 to {MINUS}4.0) with auxiliary loss.",
        "With recipes by the one-standard-error rule, they are +8.0 points (95% interval +8.0 to +8.0) with "
        "auxiliary loss.",
        "The best recipes change test accuracy against the study's by +5.0 points (+5.0 to +5.0) with baseline and "
        "+1.0 points (+1.0 to +1.0) with auxiliary loss.",
        "What leaking buys: chosen on its own test pairs among 10 candidates, basenet with auxiliary loss scores 95.0 "
        "% on those pairs and 94.0 % on fresh ones, an optimism of +1.0 points (95% interval +0.5 to +1.5).",
    ]


@pytest.mark.parametrize("made", [False, True])
def test_the_readme_s_block_says_what_the_tables_say_or_that_there_are_none(workspace, made):
    study = write_tuning(make_tuning())
    if not made:
        assert readme.block("tuning", study) == "Not made yet: `make tuning`."
        return
    aggregate.main()
    block = readme.block("tuning", study)
    assert "- Averaged over the 2 architectures tuned, and with the best recipe found" in block
    assert "](reports/tuning/index.html)" in block

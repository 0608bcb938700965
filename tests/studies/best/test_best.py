"""The annex best, on noise: its search, its runs on test pairs, its ablation, its tables and its page."""

import pytest
import yaml

from pipeline.analysis.tables import write_all
from pipeline.cli import StudyError
from pipeline.engine import result
from pipeline.pages import render
from pipeline.train import run_stage
from studies.best import aggregate, choices, confirm, report, search, settings
from studies.best.settings import TABLES, Best
from studies.tuning import recipes
from studies.tuning.halving import Candidate, standing
from studies.tuning.search import train_rungs
from tests import ROOT
from tests.studies.tuning.tuned_study import from_curve, write_params
from tests.test_report import Page

CONTENT = {
    "draws": {"first": 2, "last": 2},
    "pairs": 40,
    "folds": 2,
    "rungs": [{"candidates": 2, "epochs": 1, "splits": 1}, {"candidates": 2, "epochs": 1, "splits": 2}],
    "smoothing": 1,
    "seeds": 2,
    "ablation_seeds": 1,
    "shared": {"protocol.epochs": 3, "protocol.schedule": "cosine"},
    "groups": {
        "digits": [{"architecture": "basenet", "technique": "digits_only", "fields": {}}],
        "comparator": [
            {
                "architecture": "deep_fc",
                "technique": "aux_loss",
                "fields": {"network.comparator_reads": "probabilities"},
            },
            {"architecture": "deep_fc", "technique": "aux_loss", "fields": {"protocol.aux_weight": 2.0}},
        ],
    },
    "testing": {"protocol.test_shift": 1},
    "ingredients": {
        "long_training": ["protocol.epochs"],
        "shifted_views": ["protocol.test_shift"],
        "comparator": ["network.comparator_reads", "network.comparator"],
        "weight": ["protocol.aux_weight"],
    },
    "published": [{"repository": "someone/something", "accuracy": 97.5, "std": None, "how": "somehow"}],
}


@pytest.fixture
def study(small_study, monkeypatch):
    write_params(small_study, CONTENT, settings.PARAMS)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    return small_study


def test_an_ablation_sets_one_ingredient_back_to_the_study_s_and_none_that_the_run_has_not(study):
    best = Best.model_validate(CONTENT)
    own = recipes.own(study, "deep_fc", "aux_loss")
    first, second = (one.run for one in settings.candidates(study, best)["comparator"])
    without = settings.ablations(study, best, best.groups["comparator"][0], settings.tested(best, first))
    assert list(without) == ["long_training", "shifted_views", "comparator"]
    assert without["shifted_views"] == first
    assert without["long_training"].protocol.epochs == own.protocol.epochs == 2
    assert without["comparator"].network == own.network
    assert settings.ablations(study, best, best.groups["comparator"][1], second)["weight"].protocol.aux_weight == 1.0


def test_the_most_accurate_at_the_end_of_its_training_wins_of_equals_the_first(study):
    run = recipes.own(study, "deep_fc", "aux_loss")
    curves = [[0.9, 0.7], [0.5, 0.8], [0.6, 0.8]]
    last = [standing(Candidate(n, run), [from_curve(run, curve)], 1) for n, curve in enumerate(curves)]
    assert choices.winner(last).number == 1


def test_from_the_search_to_the_page(study):
    train_rungs(*search.asked())
    run_stage(confirm.chosen())
    write_all(*aggregate.tables_made())
    report.main()
    confirmed = result.read(settings.results("confirmed"))
    runs, accuracy = map(TABLES.read, ("runs", "accuracy"))
    whole = runs[(runs["group"] == "digits") & (runs["without"] == "nothing")].set_index("seed")["test_accuracy"]
    assert list(whole) == [made.curves.test_accuracy[-1] for made in confirmed[:2]]
    for row in accuracy[accuracy["without"] != "nothing"].to_dict("records"):
        of_row = runs[(runs["group"] == row["group"]) & (runs["without"] == row["without"])].iloc[0]
        with_it = runs[(runs["group"] == row["group"]) & (runs["without"] == "nothing")].iloc[0]
        assert row["gain"] == pytest.approx(with_it["test_accuracy"] - of_row["test_accuracy"])
    page = Page(settings.PAGE.read_text(encoding="utf-8"))
    for row in accuracy.to_dict("records"):
        assert f"{100 * row['mean_test_accuracy']:.2f}" in page.text
    block = render.text(ROOT / "studies/best/readme.md", **report.readme_values())
    assert all(f"{100 * row['mean_test_accuracy']:.1f} %" in block for row in report.ours(accuracy).values())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ablation_seeds": 3}, "ablation_seeds: 3 may be at most seeds: 2"),
        ({"shared": {"protocol.epoch": 3}}, "groups.digits.0: a run has no field protocol.epoch"),
        ({"shared": {"protocol.batch_size": 19}}, "groups.digits.0: 20 training pairs leave a last batch of one"),
        ({"ingredients": {"x": ["protocol"]}}, "ingredients.x: a run has no field protocol"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(study, change, said):
    settings.PARAMS.write_text(yaml.safe_dump(CONTENT | change, sort_keys=False), encoding="utf-8")
    with pytest.raises(StudyError) as refused:
        settings.load()
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)

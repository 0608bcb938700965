"""Candidates: the report's own recipe and points spread evenly over the space, the same every time."""

import math

from studies.tuning import candidates, halving, recipes, settings
from tests import ROOT
from tests.studies.tuning.tuned_study import TECHNIQUES, make_study, make_tuning


def test_the_committed_candidates_are_the_same_in_every_version_of_the_libraries(monkeypatch):
    """Else the committed results would be of other runs, and the tables could not be made again."""
    monkeypatch.chdir(ROOT)
    found = candidates.propose(*settings.load(), "lenet5")["aux_loss"]
    names = ("learning_rate", "batch_size", "dropout", "batch_norm", "aux_weight")
    assert [[recipes.of(one.run)[name] for name in names] for one in found[1:4]] == [
        [0.0503, 200, 0.29, False, 0.131],
        [0.00117, 50, 0.5, True, 7.46],
        [0.00663, 100, 0.14, False, 44.5],
    ]


def test_a_candidate_s_run_differs_from_the_study_s_in_recipe_and_pairs_alone():
    tuning = make_tuning()
    study = make_study(tuning)
    recipe = {"learning_rate": 0.003, "batch_size": 50, "dropout": 0.25, "batch_norm": False, "aux_weight": 3.0}
    for technique in TECHNIQUES:
        own = recipes.own(study, "lenet5", technique)
        chosen = halving.Candidate(1, recipes.changed(own, recipe))
        run = halving.candidate_runs(chosen, tuning, 2)[1]
        assert recipes.of(run) == recipes.of(chosen.run)
        assert math.isnan(recipes.of(run)["aux_weight"]) or recipes.of(run) == recipe
        assert (run.seed, run.data.draw.seed, run.data.fold.index) == (101, 101, 1)
        assert (run.data.train_pairs, run.data.test_pairs, run.protocol.epochs) == (2000, 1000, 3 * own.protocol.epochs)
        back = {"data.fold": None, "data.draw": {"seed": 0}, "data.train_pairs": 1000, "protocol.epochs": 4, "seed": 0}
        assert recipes.changed(run.with_fields(back), recipes.of(own)) == own


def test_a_grid_has_every_combination_in_its_order():
    tuning = make_tuning()
    study = make_study(tuning)
    found = settings.from_grid(study, "basenet", tuning.test_set_selection["basenet"])
    pairs = [(one.run.network.batch_norm, one.run.network.dropout) for one in found]
    assert pairs == [(True, 0.0), (True, 0.2), (False, 0.0), (False, 0.2)]

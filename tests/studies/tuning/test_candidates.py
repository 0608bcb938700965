"""Candidates: the report's own recipe, and others that differ from it in what is searched."""

import math

from studies.tuning import halving, recipes
from tests.studies.tuning.tuned_study import TECHNIQUES, make_study, make_tuning


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

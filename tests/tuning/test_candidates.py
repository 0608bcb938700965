"""Candidates: the report's own recipe and points spread evenly over the space, the same every time."""

import numpy as np

from pipeline import shared_runs
from pipeline.run import Fold
from pipeline.tuning import candidates, tuned
from tests.synthetic import ROOT
from tests.tuning.tuned_study import TECHNIQUES, make_study, make_tuning

RUNGS = [{"candidates": 65, "epochs": 1, "splits": 1}]


def proposed(architecture="lenet5", **changes):
    tuning = make_tuning(rungs=RUNGS, **changes)
    return candidates.propose(make_study(tuning), tuning, architecture)


def test_the_report_s_own_recipe_is_the_first_candidate_and_all_are_numbered():
    study = make_study(make_tuning())
    found = proposed()
    assert found[0] == candidates.Candidate(0, study.architectures["lenet5"], study.aux_weight)
    assert [one.number for one in found] == list(range(65))


def test_candidates_are_the_same_every_time_and_others_with_another_seed():
    assert proposed() == proposed()
    assert proposed(sampler_seed=1)[1:] != proposed()[1:]
    fewer = make_tuning()
    assert candidates.propose(make_study(fewer), fewer, "lenet5") == proposed()[:6]  # more of them change none


def test_the_committed_candidates_are_the_same_in_every_version_of_the_libraries(monkeypatch):
    """Else the committed outcomes would be of other runs, and the tables could not be made again."""
    monkeypatch.chdir(ROOT)
    found = candidates.propose(*tuned.load(), "lenet5")
    recipes = [(one.recipe.learning_rate, one.recipe.batch_size, one.recipe.dropout) for one in found[1:4]]
    assert recipes == [(0.0503, 200, 0.29), (0.00117, 50, 0.5), (0.00663, 100, 0.14)]
    assert [one.recipe.batch_norm for one in found[1:4]] == [False, True, False]
    assert [one.aux_weight for one in found[1:4]] == [0.131, 7.46, 44.5]


def test_candidates_lie_in_the_space_and_spread_over_it_evenly():
    """Of 64 points of the sequence, each eighth of every axis has about eight."""
    found = proposed()[1:]
    rate = np.log10([one.recipe.learning_rate for one in found])
    weight = np.log10([one.aux_weight for one in found])
    dropout = np.array([one.recipe.dropout for one in found])
    for values, low, high in ((rate, -3, -1), (weight, -1, 1), (dropout, 0, 0.5)):
        assert values.min() >= low
        assert values.max() <= high
        counts, _ = np.histogram(values, bins=8, range=(low, high))
        assert counts.min() >= 6
    for field, values in (("batch_size", (50, 200)), ("batch_norm", (True, False))):
        counts = [sum(getattr(one.recipe, field) == value for one in found) for value in values]
        assert sum(counts) == 64
        assert min(counts) >= 28


def test_what_is_not_searched_is_the_report_s_and_numbers_can_be_written_down():
    own = proposed()[0].recipe
    for one in proposed():
        same = {"optimizer", "standardize", "epochs"}
        assert one.recipe.model_dump(include=same) == own.model_dump(include=same)
        for value in (one.recipe.learning_rate, one.recipe.dropout, one.aux_weight):
            assert float(f"{value:.6g}") == value  # as tables write it
        type(one.recipe).model_validate(one.recipe.model_dump())


def test_a_candidate_s_run_differs_from_the_study_s_in_recipe_and_pairs_alone():
    tuning = make_tuning()
    study = make_study(tuning)
    chosen = proposed()[3]
    for technique in TECHNIQUES:
        (run,) = candidates.runs_on(study, tuning, ("lenet5", technique), chosen, 3, [(101, 1)])
        own = study.runs(study.combo("lenet5", technique))[0]
        assert run.seed == run.data.draw.seed == 101
        assert run.data.fold == Fold(index=1, count=2)
        assert (run.data.train_pairs, run.data.test_pairs) == (2000, 1000)
        assert run.protocol.epochs == 3 * own.protocol.epochs
        assert run.protocol.learning_rate == chosen.recipe.learning_rate
        assert run.network.dropout == chosen.recipe.dropout
        assert run.protocol.aux_weight == (chosen.aux_weight if "aux_loss" in technique else None)
        assert run.network.encoder == own.network.encoder
        type(run).model_validate(run.model_dump())


def test_the_study_s_own_recipe_adopted_is_the_study():
    study = make_study(make_tuning())
    assert candidates.adopted(study, "lenet5", candidates.own(study, "lenet5"), epochs=4) == study
    run = study.runs(study.combo("lenet5", "aux_loss"))[0]
    assert run in shared_runs.of_study(study, "lenet5")


def test_a_grid_has_every_combination_in_its_order():
    tuning = make_tuning()
    study = make_study(tuning)
    found = candidates.of_grid(study, "basenet", tuning.leaking["basenet"])
    assert [(one.recipe.batch_norm, one.recipe.dropout) for one in found] == [
        (True, 0.0),
        (True, 0.2),
        (False, 0.0),
        (False, 0.2),
    ]
    weights = candidates.of_grid(study, "lenet5", tuning.leaking["lenet5"])
    assert [one.aux_weight for one in weights] == [0.5, 1.0]
    assert {one.recipe for one in weights} == {study.architectures["lenet5"]}

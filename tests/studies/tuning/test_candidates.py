"""Candidates: the report's own recipe and points spread evenly over the space, the same every time."""

import math

import numpy as np
import yaml

from studies.tuning import candidates, halving, recipes, settings
from tests import ROOT
from tests.studies.tuning.tuned_study import TECHNIQUES, make_study, make_tuning

RUNGS = [{"candidates": 65, "epochs": 1, "splits": 1}]


def proposed(technique="aux_loss", **changes):
    tuning = make_tuning(**({"rungs": RUNGS} | changes))
    return candidates.propose(make_study(tuning), tuning, "lenet5")[technique]


def test_candidates_are_the_same_every_time_and_others_with_another_seed():
    found = proposed()
    assert found[0].run == recipes.own(make_study(make_tuning()), "lenet5", "aux_loss")
    assert [one.number for one in found] == list(range(65))
    assert proposed(sampler_seed=1)[1:] != found[1:]
    assert proposed(rungs=[{"candidates": 6, "epochs": 1, "splits": 1}]) == found[:6]  # more of them change none


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


def test_candidates_lie_in_the_space_and_spread_over_it_evenly():
    """Of 64 points of the sequence, each eighth of every axis has about eight."""
    found = [recipes.of(one.run) for one in proposed()[1:]]
    rate, weight = (np.log10([one[name] for one in found]) for name in ("learning_rate", "aux_weight"))
    dropout = np.array([one["dropout"] for one in found])
    for values, low, high in ((rate, -3, -1), (weight, -1, 1), (dropout, 0, 0.5)):
        assert values.min() >= low
        assert values.max() <= high
        counts, _ = np.histogram(values, bins=8, range=(low, high))
        assert counts.min() >= 6
    for name, values in (("batch_size", (50, 200)), ("batch_norm", (True, False))):
        counts = [sum(one[name] == value for one in found) for value in values]
        assert sum(counts) == 64
        assert min(counts) >= 28


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
    found = candidates.from_grid(study, "basenet", tuning.test_set_selection["basenet"])
    pairs = [(one.run.network.batch_norm, one.run.network.dropout) for one in found]
    assert pairs == [(True, 0.0), (True, 0.2), (False, 0.0), (False, 0.2)]


def test_the_command_gives_the_recipe_and_nothing_else():
    study = make_study(make_tuning())
    own = recipes.own(study, "lenet5", "aux_loss")
    assert recipes.command(study, "aux_loss", own) == ""
    augment = {"shift": 1.0, "rotation": 0.0, "scale": 5.0}
    fields = {"protocol.epochs": 7, "network.batch_norm": False, "data.augment": augment, "data.pairing": "renewed"}
    run = recipes.changed(own, {"learning_rate": 0.0503, "aux_weight": 2.5}).with_fields(fields)
    content = study.model_dump()
    for setting in recipes.command(study, "aux_loss", run).removeprefix("dvc exp run -S ").split(" -S "):
        key, value = setting.split("=")
        *sections, field = key.split(".")
        section = content
        for name in sections:
            section = section[name]
        section[field] = yaml.safe_load(value)
    changed = type(study).model_validate(content)
    assert changed.runs(changed.combo("lenet5", "aux_loss")) == halving.of_seeds(run, range(3))

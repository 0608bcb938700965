"""Successive halving finds a planted best, on one budget for all techniques; choices against values by hand."""

import numpy as np
import pytest

from studies.tuning import candidates, halving, recipes
from studies.tuning.halving import BEST, ONE_STANDARD_ERROR, Candidate, Standing
from tests.studies.tuning.tuned_study import evaluated_by, from_curve, make_study, make_tuning

TUNING = make_tuning()
STUDY = make_study(TUNING)


OWN = recipes.own(STUDY, "lenet5", "baseline")


def propose():
    return candidates.propose(STUDY, TUNING, "lenet5")


def searched(make):
    """What `search` finds for lenet5 where runs have the results that `make` gives; and all runs, in its order."""
    asked = []
    return halving.search(propose(), TUNING, evaluated_by(make, asked)), asked


def same_recipe(run, candidate):
    """But for the weight of the auxiliary loss."""
    return recipes.of(run) | {"aux_weight": 0} == recipes.of(candidate.run) | {"aux_weight": 0}


@pytest.mark.parametrize("planted", range(6))
def test_a_planted_best_candidate_is_found_for_each_technique_alone(planted):
    """In weight_sharing, whose encoder alone is shared without an auxiliary loss; another one for the others."""
    found = propose()["baseline"]
    best, other = found[planted], found[(planted + 1) % 6]

    def make(run):
        alone = run.network.encoder == "shared" and run.protocol.aux_weight is None
        level = 0.9 if same_recipe(run, best if alone else other) else 0.7
        noise = np.random.default_rng(int(run.digest()[:8], 16)).normal(0, 0.02, run.protocol.epochs)
        return from_curve(run, level + noise)

    for technique, rungs in searched(make)[0].items():
        chosen = halving.choose(rungs[-1])[BEST].candidate
        assert chosen.number == (best if technique == "weight_sharing" else other).number


def test_a_diverged_run_counts_as_an_accuracy_of_0():
    fine, lost = from_curve(OWN, [0.6, 0.8]), from_curve(OWN, [0.6, 0.8], diverges=True)
    one = halving.standing(Candidate(0, OWN), [fine, lost], smoothing=1)
    assert one.mean.tolist() == [0.3, 0.4]
    assert one.diverged == 1


def test_smoothed_is_the_mean_of_the_last_few_epochs():
    assert halving.smoothed([0.1, 0.3, 0.5, 0.9], 2) == pytest.approx([0.1, 0.2, 0.4, 0.7])
    assert halving.smoothed([0.1, 0.3, 0.5], 1) == pytest.approx([0.1, 0.3, 0.5])
    assert halving.smoothed([0.1, 0.3, 0.5], 9) == pytest.approx([0.1, 0.2, 0.3])


def test_epochs_are_read_off_the_mean_curve_the_fewest_of_equals():
    curves = [[0.5, 0.8, 0.7, 0.8], [0.5, 0.6, 0.8, 0.6]]  # means 0.5, 0.7, 0.75, 0.7
    one = halving.standing(Candidate(0, OWN), [from_curve(OWN, curve) for curve in curves], smoothing=1)
    assert (one.epochs, one.accuracy) == (3, 0.75)
    two = halving.standing(Candidate(0, OWN), [from_curve(OWN, curve) for curve in curves], smoothing=2)
    assert two.mean == pytest.approx([0.5, 0.6, 0.725, 0.725])
    assert two.epochs == 3


def candidate(number):
    return Candidate(number, recipes.changed(OWN, {"dropout": number / 10}))


def standings(*of_candidates):
    """Of candidates 0, 1 and so on: a list of curves each, one a split."""
    return [Standing(candidate(number), np.array(curves), 0) for number, curves in enumerate(of_candidates)]


def test_the_one_standard_error_rule_by_hand():
    """The best is 0.90 after 3 epochs, by splits 0.88 and 0.92: a standard error of 0.02, so that 0.88 is near."""
    last = standings(
        [[0.60, 0.86, 0.879], [0.60, 0.86, 0.879]],  # never near
        [[0.70, 0.80, 0.88], [0.70, 0.88, 0.92]],  # best; near it after 3
        [[0.70, 0.88, 0.80], [0.70, 0.88, 0.80]],  # near after 2
    )
    found = halving.choose(last)
    assert (found[BEST].candidate.number, found[BEST].epochs) == (1, 3)
    assert found[BEST].accuracy == pytest.approx(0.90)
    assert found[BEST].standard_error == pytest.approx(0.02)
    near = found[ONE_STANDARD_ERROR]
    assert (near.candidate.number, near.epochs, near.accuracy) == (2, 2, pytest.approx(0.88))

"""What the tuning asks for: pairs that the study does not use, folds of them, and one budget for all techniques."""

from collections import Counter

import pytest
import yaml

from pipeline import pair, params, paths, shared_runs, tables
from pipeline.run import Draw
from pipeline.script import StudyError
from pipeline.training import data
from pipeline.tuning import retrained, tuned
from pipeline.tuning.candidates import own, runs_on
from tests.made_up import changed
from tests.synthetic import ROOT
from tests.tuning.tuned_study import CONTENT, make_study, make_tuning, write_tuning_params

# Seconds on two cores, both busy, of a run of the report's epochs, averaged over what is searched.
SECONDS = {"shallow_fc": 1.0, "deep_fc": 1.3, "siamese_cnn": 2.6, "resnet_block": 3.1, "mlpnet": 0.65, "lenet5": 1.35}
SECONDS_LEAKING = {"basenet": 4.7, "siamese_cnn": 2.2}  # with params.yaml's batch size


@pytest.fixture
def committed(monkeypatch):
    monkeypatch.chdir(ROOT)
    return tuned.load()


def test_the_committed_tuning_is_valid_and_yaml_has_no_anchor(committed):
    study, tuning = committed
    assert {"baseline", "weight_sharing", "aux_loss", "weight_sharing_aux_loss"} <= set(tuning.techniques)
    assert {"siamese_cnn", "resnet_block"} <= set(tuning.architectures)
    assert (tuning.space.least_aux_weight, tuning.space.most_aux_weight) == (0.05, 50)
    assert tuning.space.learning_rate_decades == 1
    assert max(rung.epochs for rung in tuning.rungs) == tuning.rungs[-1].epochs == 4
    assert tuning.fitted_pairs == study.data.train_pairs
    assert tuning.rungs[-1].splits == len(tuning.splits)
    text = tuned.PARAMS.read_text(encoding="utf-8")
    assert not [token for token in yaml.scan(text) if isinstance(token, yaml.AnchorToken | yaml.AliasToken)]


def test_what_is_committed_takes_some_ninety_minutes_on_two_cores(committed):
    study, tuning = committed
    recipes = sum(rung.candidates * rung.epochs * rung.splits for rung in tuning.rungs)  # times the report's epochs
    seconds = recipes * len(tuning.techniques) * sum(SECONDS[name] for name in tuning.architectures)
    for row in tables.read("tuning/chosen").query("recipe != 'study'").itertuples():
        seconds += tuning.seeds * SECONDS[row.architecture] * row.epochs / study.architectures[row.architecture].epochs
    for architecture in tuning.leaking:
        runs = [run for _, group in retrained.leaked(study, tuning, architecture) for run in group]
        seconds += len(shared_runs.to_train(study, architecture, runs)) * SECONDS_LEAKING[architecture]
    assert 60 < seconds / 60 < 100


def test_no_seed_of_the_study_is_tuned_on(committed):
    study, tuning = committed
    assert not {seed for seed, _ in tuning.splits} & set(range(study.seeds))


def test_a_rung_judges_by_the_splits_after_the_rung_before_s():
    tuning = make_tuning()
    assert tuning.splits == [(100, 0), (100, 1), (101, 0), (101, 1)]
    assert [tuning.splits_of(number) for number in range(3)] == [
        [(100, 0)],
        [(100, 1)],
        [(101, 0), (101, 1), (100, 0)],
    ]


@pytest.mark.parametrize("folds", [2, 4])
def test_folds_are_disjoint_and_exhaustive_and_never_hold_a_test_pair(small_study, folds):
    """By what the engine selects: pairs of images, told apart by their pixels."""
    tuning = make_tuning(pairs=80, folds=folds)
    pair.main([str(tuned.PAIRS), "100-101", "--train-only"])
    study_pairs = pair.read([Draw(seed=seed) for seed in range(small_study.seeds)])
    run = small_study.runs(small_study.combo("deep_fc", "baseline"))[0]
    of_test = {
        digits for draw in study_pairs.test.draws for digits in named(data.select([of(run, draw)], study_pairs).test)
    }
    for seed in (100, 101):
        pairs = pair.read([Draw(seed=seed)], ("train",), tuned.PAIRS)
        assert pairs.test is None
        splits = [split for split in tuning.splits if split[0] == seed]
        runs = runs_on(small_study, tuning, ("deep_fc", "baseline"), own(small_study, "deep_fc"), 1, splits)
        chosen = [data.select([run], pairs) for run in runs]
        held_out = [named(one.test) for one in chosen]
        everything = named(data.select([changed(runs[0], fold=None)], study_pairs_of(pairs)).train)
        assert Counter(name for fold in held_out for name in fold) == Counter(everything)
        assert len(set(everything)) == len(everything) == 80
        for one, fold in zip(chosen, held_out, strict=True):
            assert set(named(one.train)) == set(everything) - set(fold)
            assert len(fold) == 80 // folds == runs[0].data.test_pairs
        assert not set(everything) & of_test


def of(run, draw):
    return changed(run, draw=draw.model_dump(), seed=draw.seed)


def study_pairs_of(pairs):
    """These pairs with themselves to be tested on, so that all can be selected at once."""
    return data.Pairs(pairs.source, pairs.train, pairs.train)


def named(examples):
    """A name for every pair, from its pixels."""
    return [hash(images.numpy().tobytes()) for images in examples.images[0].contiguous()]


def rungs_of(*of_rungs):
    return {"rungs": [dict(zip(("candidates", "epochs", "splits"), rung, strict=True)) for rung in of_rungs]}


def leak_of(technique="aux_loss", seeds=2, architecture="lenet5", **grid):
    return {"leaking": {architecture: {"technique": technique, "seeds": seeds, "grid": grid}}}


def space_of(**changes):
    return {"space": CONTENT["space"] | changes}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"architectures": ["lenet6"]}, "params.yaml: no architecture 'lenet6'; did you mean lenet5?"),
        ({"techniques": ["baselin"]}, "no technique 'baselin'; did you mean baseline?"),
        ({"techniques": ["baseline", "baseline"]}, "techniques: baseline is listed twice"),
        ({"techniques": []}, "techniques: none is listed"),
        (
            {"draws": {"first": 2, "last": 101}},
            "draws.first: 2 is one of the study's seeds, 0 to 2; the choice must not",
        ),
        ({"draws": {"first": 101, "last": 100}}, "draws.last is below draws.first"),
        ({"folds": 3}, "pairs: 2000 are no 3 equal folds"),
        ({"folds": 1}, "folds: "),
        ({"seeds": 4}, "seeds: 4, but params.yaml has 3; lower it"),
        (rungs_of(), "rungs: none is listed"),
        (rungs_of((4, 1, 1), (5, 1, 1)), "rungs.1.candidates: 5 are more than the rung before has"),
        (rungs_of((4, 1, 5)), "rungs.0.splits: 5 of 4 splits"),
        (space_of(batch_size=[27]), "1000 training pairs leave a last batch of one with batch size 27"),
        (space_of(batch_size=[]), "space.batch_size: none is listed"),
        (space_of(least_aux_weight=20.0), "space: least_aux_weight is above most_aux_weight"),
        (space_of(learning_rate_decades=3.5), "space.learning_rate_decades: lenet5's rates would exceed 10"),
        (space_of(dropout=0.1), "unknown key space.dropout"),
        (leak_of(dropout=[1.5]), "leaking.lenet5.grid.dropout: 1.5 is none of its values"),
        (leak_of(batch_norm=[1]), "leaking.lenet5.grid.batch_norm: 1 is none of its values"),
        (leak_of(width=[1]), "leaking.lenet5.grid.width: nothing that lenet5 with aux_loss has"),
        (leak_of("baseline", aux_weight=[1.0]), "grid.aux_weight: nothing that lenet5 with baseline has"),
        (leak_of(seeds=4, dropout=[0.1]), "leaking.lenet5.seeds: 4, but params.yaml has 3"),
        (leak_of(architecture="lenet6", dropout=[0.1]), "no architecture 'lenet6'"),
        ({"sampler": 3}, "unknown key sampler; did you mean sampler_seed?"),
    ],
)
def test_what_cannot_be_tuned_is_refused_in_one_line(workspace, change, said):
    study = make_study(make_tuning())
    paths.PARAMS.write_text(yaml.safe_dump(study.model_dump(), sort_keys=False))
    tuned.PARAMS.parent.mkdir(parents=True)
    tuned.PARAMS.write_text(yaml.safe_dump(CONTENT | change))
    with pytest.raises(StudyError) as refused:
        tuned.load()
    assert str(refused.value).startswith(str(tuned.PARAMS))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_tuning_that_is_made_up_is_valid(workspace):
    paths.PARAMS.write_text(yaml.safe_dump(make_study(make_tuning()).model_dump(), sort_keys=False))
    write_tuning_params(make_tuning())
    assert tuned.load() == (params.load(), make_tuning())

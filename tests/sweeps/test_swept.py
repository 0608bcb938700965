"""What the sweeps ask for: runs that differ from the study's in the swept value alone, or are the study's."""

from collections import Counter

import pytest
import torch
import yaml

from pipeline import pair, params, paths, shared_runs
from pipeline.script import StudyError
from pipeline.sweeps import swept
from pipeline.training import data
from tests.made_up import changed
from tests.sweeps.swept_study import CONTENT, TECHNIQUES, make_sweeps, write_sweep_params
from tests.synthetic import ROOT, make_params

STUDY = make_params(["deep_fc", "lenet5"], seeds=4)


def points(sweep, sweeps=None, study=STUDY):
    listed = swept.points(study, sweeps or make_sweeps(), "lenet5")
    return {(point.technique, point.value): list(point.runs) for point in listed if point.sweep == sweep}


def test_the_committed_sweeps_are_valid_and_yaml_has_no_anchor(monkeypatch):
    monkeypatch.chdir(ROOT)
    study, sweeps = swept.load()
    assert min(sweeps.aux_weight.values) == 0.05
    assert max(sweeps.aux_weight.values) == 50
    assert min(sweeps.train_pairs.values) == 125
    assert max(sweeps.train_pairs.values) == 8000
    assert sweeps.seeds <= study.seeds
    text = swept.PARAMS.read_text(encoding="utf-8")
    assert not [token for token in yaml.scan(text) if isinstance(token, yaml.AnchorToken | yaml.AliasToken)]


def test_the_study_s_own_values_are_swept_and_are_the_study_s_runs():
    """Whether they are listed or not, and however they are written: 1 is 1.0."""
    for sweeps in (make_sweeps(), make_sweeps(aux_weight=CONTENT["aux_weight"] | {"values": [1, 10]})):
        study_runs = {name: STUDY.runs(STUDY.combo("lenet5", name))[:3] for name in TECHNIQUES}
        weights, pairs = points("aux_weight", sweeps), points("train_pairs", sweeps)
        assert [run.digest() for run in weights["aux_loss", 1]] == [run.digest() for run in study_runs["aux_loss"]]
        for name in TECHNIQUES:
            assert pairs[name, 1000] == study_runs[name]


def test_without_auxiliary_loss_a_run_is_that_of_the_technique_without():
    weights = points("aux_weight")
    for technique, without in (("aux_loss", "baseline"), ("weight_sharing_aux_loss", "weight_sharing")):
        assert weights[technique, swept.NO_AUX_LOSS] == STUDY.runs(STUDY.combo("lenet5", without))[:3]
    latent = make_sweeps(aux_weight={"values": [2.0], "techniques": ["latent_digits_aux_loss"]})
    weights = points("aux_weight", latent)
    plain = STUDY.runs(STUDY.combo("lenet5", "latent_digits"))[:3]
    assert weights["latent_digits_aux_loss", swept.NO_AUX_LOSS] == plain


def test_other_runs_differ_from_the_study_s_in_the_swept_value_alone():
    weights, pairs = points("aux_weight"), points("train_pairs")
    assert sorted({value for _, value in weights}) == [0, 0.1, 1, 10]
    assert sorted({value for _, value in pairs}) == [125, 500, 1000, 4000]
    for (technique, value), runs in weights.items():
        study_runs = STUDY.runs(STUDY.combo("lenet5", technique))[:3]
        assert runs == [changed(run, aux_weight=value or None) for run in study_runs]
    for (technique, value), runs in pairs.items():
        assert runs == [changed(run, train_pairs=value) for run in STUDY.runs(STUDY.combo("lenet5", technique))[:3]]


def test_only_what_the_study_does_not_have_is_trained_and_each_run_once():
    runs = shared_runs.to_train(STUDY, "lenet5", swept.runs(STUDY, make_sweeps(), "lenet5"))
    assert set(Counter(runs).values()) == {1}
    known = {run for combo in STUDY.combos() for run in STUDY.runs(combo)}
    assert not known & set(runs)
    assert len(runs) == 3 * (2 * 2 + 4 * 3)  # seeds x (techniques x weights + techniques x numbers of pairs)


def test_what_the_study_does_not_list_is_trained():
    """Without baseline among the study's techniques, the run without auxiliary loss is the sweep's own."""
    study = make_params(["lenet5"], ["aux_loss"])
    sweeps = make_sweeps(
        architectures=["lenet5"],
        aux_weight={"values": [1.0], "techniques": ["aux_loss"]},
        train_pairs={"values": [1000], "techniques": ["aux_loss"]},
    )
    runs = shared_runs.to_train(study, "lenet5", swept.runs(study, sweeps, "lenet5"))
    assert [run.protocol.aux_weight for run in runs] == [None] * 3


def test_the_first_pairs_of_a_sweep_are_the_study_s(small_study):
    run = small_study.runs(small_study.combo("basenet", "baseline"))[1]  # whose pixels are not standardized here
    run = changed(run, standardize=False)
    pairs = pair.read([run.data.draw])
    own = data.select([run], pairs)
    for count in (20, 90):
        other = data.select([changed(run, train_pairs=count)], pairs)
        shared = min(count, run.data.train_pairs)
        assert other.train.images.shape[1] == count
        assert torch.equal(other.train.images[:, :shared], own.train.images[:, :shared])
        assert torch.equal(other.train.digits[:, :shared], own.train.digits[:, :shared])
        assert torch.equal(other.test.images, own.test.images)


def weights_of(*techniques):
    return {"aux_weight": {"values": [0.5], "techniques": list(techniques)}}


def counts_of(*values):
    return {"train_pairs": {"values": list(values), "techniques": ["baseline"]}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"architectures": ["lenet6"]}, "params.yaml: no architecture 'lenet6'; did you mean lenet5?"),
        (weights_of("aux_los"), "no technique 'aux_los'; did you mean aux_loss?"),
        (weights_of("baseline"), "aux_weight.techniques: baseline has no auxiliary loss; list one of aux_loss"),
        (weights_of("aux_loss", "aux_loss"), "aux_weight.techniques: aux_loss is listed twice"),
        (weights_of(), "aux_weight.techniques: none is listed"),
        ({"seeds": 5}, "seeds: 5, but params.yaml has 4; lower it, or raise those"),
        ({"seeds": 0}, "seeds: "),
        (counts_of(500, 401), "train_pairs.values: 401 leaves lenet5 a last batch of one"),
        (counts_of(1), "train_pairs.values.0: "),
        (counts_of(100, 100), "train_pairs.values: 100 is listed twice"),
        (counts_of(100.5), "train_pairs.values.0: "),
        ({"aux_weight": {"values": [0], "techniques": ["aux_loss"]}}, "aux_weight.values.0: "),
        (
            {"aux_weight": {"valves": [1], "techniques": ["aux_loss"]}},
            "unknown key aux_weight.valves; did you mean values",
        ),
        ({"seed": 3}, "unknown key seed; did you mean seeds?"),
    ],
)
def test_what_cannot_be_swept_is_refused_in_one_line(workspace, change, said):
    paths.PARAMS.write_text(yaml.safe_dump(STUDY.model_dump(), sort_keys=False))
    swept.PARAMS.parent.mkdir(parents=True)
    swept.PARAMS.write_text(yaml.safe_dump(CONTENT | change))
    with pytest.raises(StudyError) as refused:
        swept.load()
    assert str(refused.value).startswith(str(swept.PARAMS))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_aux_weight_of_nought_in_the_study_is_refused(workspace):
    study = params.Params.model_validate(STUDY.model_dump() | {"aux_weight": 0.0})
    paths.PARAMS.write_text(yaml.safe_dump(study.model_dump(), sort_keys=False))
    write_sweep_params(make_sweeps())
    with pytest.raises(StudyError, match=r"^params\.yaml: aux_weight: 0 is no point"):
        swept.load()

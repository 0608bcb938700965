"""What sweeps ask for: which runs, the study's own among them, and what cannot be asked."""

import pytest

from pipeline.cli import StudyError
from studies.sweeps import swept
from tests.studies.sweeps.swept_study import CONTENT, STUDY, TECHNIQUES, make_sweeps, write_params


def points(sweeps, architecture="lenet5"):
    return {(point.sweep, point.technique, point.name): point for point in swept.points(STUDY, sweeps, architecture)}


def own_runs(technique, architecture="lenet5", seeds=3):
    return STUDY.runs(STUDY.combo(architecture, technique), range(seeds))


def test_a_point_sets_its_fields_and_leaves_the_rest_to_the_study():
    found = points(make_sweeps())
    for run, own in zip(found["train_pairs", "baseline", "500"].runs, own_runs("baseline"), strict=True):
        assert run == own.with_fields({"data.train_pairs": 500})
    renewed = found["interface_pairing", "aux_loss", "renewed"].runs[1]
    assert renewed == own_runs("aux_loss")[1].with_fields({"data.pairing": "renewed"})


def test_the_study_s_own_number_belongs_to_a_sweep_and_its_runs_are_the_study_s():
    sweeps = make_sweeps()
    found = points(sweeps)
    assert found["aux_weight", "aux_loss", "1"].runs == own_runs("aux_loss")  # 1 is not listed
    assert [point.value for key, point in found.items() if key[:2] == ("aux_weight", "aux_loss")] == [0, 0.1, 1, 10]
    assert {key for key, point in found.items() if point.own} == {
        *(("aux_weight", technique, "1") for technique in ("aux_loss", "weight_sharing_aux_loss")),
        *(("train_pairs", technique, "1000") for technique in TECHNIQUES),
        *(("interface_pairing", technique, "own") for technique in TECHNIQUES),
        ("labels", "aux_loss", "1000"),
    }
    assert [swept.own_value(STUDY, sweeps, name) for name in ("aux_weight", "labels")] == [1, 1000]


def test_an_architecture_s_own_by_another_name_is_not_trained_again():
    reads = {"own": {}, "probabilities": {"network.comparator_reads": "probabilities"}}
    content = {"interface": {"title": "x", "points": reads, "techniques": ["baseline"]}}
    sweeps = make_sweeps(sweeps=content)
    assert points(sweeps, "lenet5")["interface", "baseline", "probabilities"].own
    assert not points(sweeps, "deep_fc")["interface", "baseline", "probabilities"].own
    assert len(swept.runs(STUDY, sweeps, "lenet5")) == 3
    assert len(swept.runs(STUDY, sweeps, "deep_fc")) == 6


def sweep_with(**changes):
    return {"sweeps": {"pairs": CONTENT["sweeps"]["train_pairs"] | changes}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"architectures": ["lenet6"]},
            "sweeps.aux_weight: lenet6 with aux_loss: params.yaml: no architecture 'lenet6'",
        ),
        ({"fewer_seeds": {"convnet": 1}}, "architectures: does not list convnet"),
        ({"seeds": 129}, "seeds: 129, but params.yaml has pairs of 128"),
        (
            sweep_with(values=[401]),
            "sweeps.pairs, point 401: lenet5 with baseline: 401 training pairs leave a last batch of one",
        ),
        (sweep_with(values=[100], half_gain=True), "half_gain: list 0 or null among the values"),
        (
            sweep_with(field="protocol.learning_rate", values=[0.1]),
            "sweeps.pairs: protocol.learning_rate is 0.001 or 0.01 in the study, by architecture",
        ),
        (sweep_with(field="data.trainpairs"), "a run has no field data.trainpairs"),
        (sweep_with(field="protocol.aux_weight", values=[0.5]), "gives baseline an auxiliary loss"),
    ],
)
def test_what_cannot_be_swept_is_refused_in_one_line(workspace, change, said):
    write_params(CONTENT | change)
    with pytest.raises(StudyError) as refused:
        swept.load()
    assert str(refused.value).startswith(str(swept.PARAMS))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)

"""params.yaml: what it must refuse, in one line that names the key, and the runs that it asks for."""

import copy
import re

import pytest
import yaml

from pipeline import params, paths
from pipeline.cli import StudyError
from tests import ROOT

TEXT = (ROOT / paths.PARAMS).read_text(encoding="utf-8")
STUDY = yaml.safe_load(TEXT)

pytestmark = pytest.mark.usefixtures("workspace")


def changed(**values):
    """params.yaml's content with other values, by dotted key."""
    content = copy.deepcopy(STUDY)
    for key, value in values.items():
        *sections, last = key.split(".")
        section = content
        for name in sections:
            section = section[name]
        section[last] = value
    return content


def load(content):
    """The params of a file with this content."""
    paths.PARAMS.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return params.load()


def refusal(content) -> str:
    """The one line that refuses this content."""
    with pytest.raises(StudyError, match=r"^params\.yaml: [^\n]+$") as caught:
        load(content)
    return str(caught.value).removeprefix("params.yaml: ")


def test_a_missing_key_is_named():
    content = copy.deepcopy(STUDY)
    del content["data"]["draws"]["seeds"]
    assert refusal(content) == "missing key data.draws.seeds"


def test_a_mistyped_key_is_named_with_what_was_meant():
    mistyped = changed(**{"architectures.basenet.optimiser": 1})
    assert refusal(mistyped) == "unknown key architectures.basenet.optimiser; did you mean optimizer?"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seeds", True),
        ("seeds", "10"),
        ("aux_weight", float("nan")),
        ("data.augment.shift", 8),
        ("architectures.basenet.batch_size", 1),
        ("architectures.basenet.dropout", 1),
        ("techniques.plain.baseline.encoder", "both"),
    ],
)
def test_values_that_make_no_study_are_refused(key, value):
    """Among them what Python would take for a number, and the bounds that other code relies on."""
    assert refusal(changed(**{key: value})).startswith(key)


@pytest.mark.parametrize(
    "text", ["", "- seeds\n- 10\n", "seeds: [10\ndevice: cpu\n", "seeds: 10\nseeds: 11\n", "seeds: 10\0"]
)
def test_a_damaged_file_is_one_line(text):
    assert refusal(text).startswith(("expected keys and values", "not valid YAML"))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"data.train_pairs": 501}, "basenet with two_channel: 501 training pairs"),
        ({"seeds": 200}, "seeds: 200, but data.draws.seeds is 128; raise that one too"),
        ({"data.source": "digits"}, "data: train_pairs: 1,000 pairs need 2,000 images, digits has 1,297; at most 648 "),
        ({"architectures.average": STUDY["architectures"]["convnet"]}, "architectures.average: "),
        ({"techniques.plain.two_channel.answer": "digits"}, "techniques: plain.two_channel: "),
        ({"techniques.auxiliary.aux_loss.encoder": "two_channel"}, "techniques: auxiliary.aux_loss: "),
        ({"techniques.plain.aux_loss": STUDY["techniques"]["plain"]["baseline"]}, "techniques: aux_loss is listed"),
        ({"architectures.lenet6": STUDY["architectures"]["lenet5"]}, "architectures.lenet6: no network of that name"),
    ],
)
def test_values_that_do_not_fit_together(changes, named):
    assert refusal(changed(**changes)).startswith(named)


@pytest.mark.parametrize(("key", "text", "number"), [("aux_weight", "1e-3", 0.001), ("seeds", "010", 10)])
def test_numbers_as_dvc_reads_them(key, text, number):
    """By YAML 1.2, where PyYAML's 1.1 has a text and an eight."""
    edited = re.sub(rf"(?m)^{key}: \S+", f"{key}: {text}", TEXT, count=1)
    assert (getattr(load(edited), key), edited == TEXT) == (number, False)


def test_runs_of_a_combo_are_what_params_say():
    study = params.Params.model_validate(changed(aux_weight=0.75, seeds=2, precision="bf16"))
    combo = study.combo("basenet", "aux_loss")
    assert combo.key == "basenet-aux_loss"
    assert [run.seed for run in study.runs(combo)] == [run.data.draw.seed for run in study.runs(combo)] == [0, 1]
    network, protocol, data, _ = study.runs(combo)[1].model_dump(exclude_defaults=True).values()
    assert network.pop("architecture") == "basenet"
    assert network == {"encoder": "separate", "answer": "comparator", "batch_norm": True, "dropout": 0.2}
    assert (protocol.pop("precision"), protocol.pop("aux_weight")) == ("bf16", 0.75)
    assert protocol == {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 25, "epochs": 30}
    assert data.pop("draw") == {"seed": 1}
    assert data == {"source": "mnist", "train_pairs": 1000, "test_pairs": 1000, "standardize": True}
    assert study.combo("basenet", "weight_sharing").protocol.aux_weight is None
    assert study.runs(combo, [7])[0].data.draw.seed == 7


@pytest.mark.parametrize(
    ("key", "value", "fields"),
    [
        ("comparator_reads", "logits", {"network.comparator_reads": "logits"}),
        ("schedule", "cosine", {"protocol.schedule": "cosine"}),
        ("test_shift", 1, {"protocol.test_shift": 1}),
        ("data.digit_labels", 100, {"data.digit_labels": 100}),
        ("data.augment.shift", 1.5, {"data.augment": {"shift": 1.5, "rotation": 0.0, "scale": 0.0}}),
    ],
)
def test_every_field_of_a_run_can_be_asked_for(key, value, fields):
    (own,), (asked,) = (
        study.runs(study.combo("basenet", "aux_loss"), [0])
        for study in map(params.Params.model_validate, (STUDY, changed(**{key: value})))
    )
    assert asked == own.with_fields(fields)

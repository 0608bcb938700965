"""Every key of params.yaml, given values that it must refuse, in one line that names it."""

import copy
import re

import pytest
import yaml

from pipeline import params, paths
from pipeline.cli import StudyError
from tests import ROOT

TEXT = (ROOT / paths.PARAMS).read_text(encoding="utf-8")
STUDY = yaml.safe_load(TEXT)
MISSING = object()
NAN, INFINITY = float("nan"), float("inf")

# Values that each key refuses: of a wrong type, out of range, or absurd. All architectures have basenet's keys, all
# techniques have baseline's or aux_loss's (a test below holds this table against params.yaml).
REFUSED = {
    "device": ["gpu", "CPU", 0, None, ["cpu"], {"cpu": 1}],
    "precision": ["fp64", "float32", 32, None],
    "seeds": [0, -1, 1_001, 2.5, 10.0, "10", True, None, [10]],
    "aux_weight": [-0.1, 1e9, NAN, INFINITY, "inf", "1e999", "high", True, None, [1.0]],
    "comparator_reads": ["own code", "Logits", None, True],
    "comparator": ["deep", 1, None],
    "schedule": ["linear", "", None],
    "test_shift": [-1, 4, 1.0, "1", True, None],
    "data": [None, "mnist", [1], {}],
    "data.source": ["MNIST", "cifar10", "", 1, None],
    "data.draws": [None, 128, []],
    "data.draws.seeds": [0, 10_001, 128.0, "128", None],
    "data.draws.of_seed_0": [0, 101, True, None],
    "data.train_pairs": [0, 1, -1000, 1000.0, "1000", True, None],
    "data.test_pairs": [0, -1, 10.5, "many", True, None],
    "data.pairing": ["renew", True, None],
    "data.digit_labels": [0, -1, "none", 10.0, None],
    "data.augment": [None, 1, {}],
    "data.augment.shift": [-0.5, 8, NAN, "1", None],
    "data.augment.rotation": [-1, 181, INFINITY, None],
    "data.augment.scale": [-1, 100, "10 %", None],
    "architectures": [None, {}, ["convnet"], "convnet", {1: {}}],
    "architectures.basenet": [None, "adam", [], 1],
    "architectures.basenet.optimizer": ["Adam", "rmsprop", 1, None],
    "architectures.basenet.learning_rate": [0, -0.1, 11, NAN, "inf", "1e-3x", True, None],
    "architectures.basenet.batch_size": [0, 1, -25, 25.0, "25", True, None],
    "architectures.basenet.epochs": [0, -1, 10_001, 1.5, "30", True, None],
    "architectures.basenet.standardize": ["yes", 1, 0.0, None],
    "architectures.basenet.batch_norm": ["off", 0, None],
    "architectures.basenet.dropout": [-0.1, 1, 1.0, 20, NAN, "half", True, None],
    "techniques": [None, [], "plain"],
    "techniques.plain": [None, [], "baseline", {"Base-line": {"encoder": "shared", "answer": "comparator"}}],
    "techniques.plain.baseline": [None, "shared", {}],
    "techniques.plain.baseline.encoder": ["both", "Shared", True, None],
    "techniques.plain.baseline.answer": ["digit", "", 0, None],
    "techniques.auxiliary": [None, 1, {"aux loss": {"encoder": "shared", "answer": "comparator"}}],
    "techniques.auxiliary.aux_loss": [None, [], {}],
    "techniques.auxiliary.aux_loss.encoder": ["none", 2, None],
    "techniques.auxiliary.aux_loss.answer": ["comparer", False, None],
}

SHARED, SEPARATE = ({"encoder": encoder, "answer": "comparator"} for encoder in ("shared", "separate"))
ENTRIES = ["architectures.basenet", "techniques.plain.baseline", "techniques.auxiliary.aux_loss"]  # may be left out

# How a key of each section is mistyped, and what the error then suggests.
MISTYPED = {
    "devise": "device",
    "data.train_pair": "train_pairs",
    "data.draws.of_seed0": "of_seed_0",
    "data.augment.shifts": "shift",
    "architectures.basenet.optimiser": "optimizer",
    "techniques.plane": "plain",
    "techniques.plain.baseline.encode": "encoder",
}


def changed(**values):
    """params.yaml's content with other values, by dotted key; MISSING removes a key."""
    content = copy.deepcopy(STUDY)
    for key, value in values.items():
        *sections, last = key.split(".")
        section = content
        for name in sections:
            section = section[name]
        if value is MISSING:
            del section[last]
        else:
            section[last] = value
    return content


def edited(key: str, text: str) -> str:
    """params.yaml's text with another value at the first line of this key."""
    changed_text, count = re.subn(rf"(?m)^{key}: \S+", f"{key}: {text}", TEXT, count=1)
    assert count
    return changed_text


@pytest.fixture
def load(tmp_path):
    """A function that writes this content into a file and loads it."""

    def write_and_load(content):
        path = tmp_path / "params.yaml"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
        return params.load(path)

    return write_and_load


@pytest.fixture
def refusal(load):
    """A function that loads this content and returns the one line that refuses it."""

    def message(content) -> str:
        with pytest.raises(StudyError) as caught:
            load(content)
        text = str(caught.value)
        assert "\n" not in text
        assert re.match(r".*params\.yaml: ", text)
        return text.split("params.yaml: ", 1)[1]

    return message


def all_keys(content, prefix=""):
    for key, value in content.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from all_keys(value, f"{prefix}{key}.")


def test_every_key_is_tried():
    """Any architecture stands for all of them, and any technique for its group's."""
    tried = {re.sub(r"(architectures|plain|auxiliary)\.\w+", r"\1.*", key) for key in REFUSED}
    assert tried == {re.sub(r"(architectures|plain|auxiliary)\.\w+", r"\1.*", key) for key in all_keys(STUDY)}


@pytest.mark.parametrize("key", REFUSED)
def test_refused_values(refusal, key):
    for value in REFUSED[key]:
        message = refusal(changed(**{key: value}))
        assert re.match(rf"(missing key )?{re.escape(key)}\b", message), value


@pytest.mark.parametrize("key", [key for key in REFUSED if key not in ENTRIES])
def test_missing_key(refusal, key):
    assert refusal(changed(**{key: MISSING})) == f"missing key {key}"


@pytest.mark.parametrize(("key", "meant"), MISTYPED.items())
def test_mistyped_key(refusal, key, meant):
    assert refusal(changed(**{key: 1})) == f"unknown key {key}; did you mean {meant}?"


def test_unknown_key_lists_the_known_ones(refusal):
    assert refusal(changed(**{"data.zzz": 1})) == (
        "unknown key data.zzz; known: source, draws, train_pairs, test_pairs, pairing, digit_labels, augment"
    )


def test_every_mistake_is_named_at_once(refusal):
    message = refusal(changed(**{"seeds": 0, "data.test_pairs": 0, "devise": "cpu"}))
    assert all(part in message for part in ("seeds: ", "data.test_pairs: ", "unknown key devise"))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"data.train_pairs": 501}, "architectures.basenet.batch_size: 501 training pairs"),
        ({"seeds": 200}, "seeds: 200, but data.draws.seeds is 128; raise that one too"),
        (
            {"data.train_pairs": 30_001},
            "data: train_pairs: 30,001 pairs need 60,002 images, mnist has 60,000; at most ",
        ),
        ({"data.source": "digits"}, "data: train_pairs: 1,000 pairs need 2,000 images, digits has 1,297; at most 648 "),
        ({"architectures.average": STUDY["architectures"]["convnet"]}, "architectures.average: "),
        ({"architectures.Conv-Net": STUDY["architectures"]["convnet"]}, "architectures.Conv-Net: "),
        ({"techniques.plain.two_channel.answer": "digits"}, "techniques.plain.two_channel: "),
        ({"techniques.auxiliary.aux_loss.encoder": "two_channel"}, "techniques: auxiliary.aux_loss: two_channel "),
        ({"techniques.auxiliary.aux_loss.answer": "digits"}, "techniques: auxiliary.aux_loss: answer: digits "),
        ({"techniques.plain.aux_loss": STUDY["techniques"]["plain"]["baseline"]}, "techniques: aux_loss is listed"),
        ({"techniques.plain": {}, "techniques.auxiliary": {}}, "techniques: none is listed"),
        ({"techniques.plain.baseline.encoder": "shared"}, "techniques: plain.baseline: tables and page take baseline "),
        ({"techniques.auxiliary.weight_sharing": SHARED}, "techniques: weight_sharing is listed under plain and "),
        ({"techniques.plain.1e3": SHARED}, "techniques.plain.1000.0: "),  # YAML 1.2 takes it for a number
        ({"techniques.plain": {}, "techniques.auxiliary.baseline": SEPARATE}, "techniques: auxiliary.baseline: tables"),
        ({"architectures.lenet6": STUDY["architectures"]["lenet5"]}, "architectures.lenet6: no network of that name"),
    ],
)
def test_values_that_do_not_fit_together(refusal, changes, named):
    assert refusal(changed(**changes)).startswith(named)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected keys and values"),
        ("- seeds\n- 10\n", "expected keys and values"),
        ("seeds: [10\ndevice: cpu\n", "not valid YAML"),
        ("seeds: 10\nseeds: 11\n", "not valid YAML"),
        ("seeds: !!python/object/apply:os.getcwd []\n", "not valid YAML"),
        ("seeds: 10\0", "not valid YAML"),
        ("seeds: 2026-13-45", "not valid YAML"),
        ("seeds: !!int x", "not valid YAML"),
        ("seeds: 0x_", "not valid YAML"),
        ("seeds: " + "9" * 5_001, "not valid YAML"),
        ("seeds: " + "[" * 1_200, "not valid YAML"),
    ],
)
def test_damaged_file(refusal, text, message):
    said = refusal(text)
    assert said.startswith(message)
    assert len(said) < 400


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("seeds", "2026-11-26", "seeds: "),
        ("seeds", "1:30", "seeds: "),  # 90 in YAML 1.1
        ("    batch_norm", "yes", "architectures.shallow_fc.batch_norm: "),  # true in YAML 1.1
    ],
)
def test_values_are_read_as_dvc_reads_them_and_refused(refusal, key, text, message):
    assert refusal(edited(key, text)).startswith(message)


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(StudyError, match=r"params\.yaml: not found; run from the project's root"):
        params.load(tmp_path / "params.yaml")


@pytest.mark.parametrize(("key", "text", "number"), [("aux_weight", "1e-3", 0.001), ("seeds", "010", 10)])
def test_numbers_as_dvc_reads_them(load, key, text, number):
    """By YAML 1.2, where PyYAML's 1.1 has a text and an eight."""
    assert getattr(load(edited(key, text)), key) == number


def test_order_of_techniques_does_not_depend_on_the_file():
    groups = {group: dict(reversed(listed.items())) for group, listed in STUDY["techniques"].items()}
    assert params.Params.model_validate(changed(techniques=groups)).technique_names() == [
        "two_channel",
        "baseline",
        "weight_sharing",
        "aux_loss",
        "weight_sharing_aux_loss",
        "latent_digits",
        "latent_digits_aux_loss",
        "digits_only",
    ]


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
        ("comparator", "hidden", {"network.comparator": "hidden"}),
        ("schedule", "cosine", {"protocol.schedule": "cosine"}),
        ("test_shift", 1, {"protocol.test_shift": 1}),
        ("data.pairing", "renewed", {"data.pairing": "renewed"}),
        ("data.digit_labels", 100, {"data.digit_labels": 100}),
        ("data.digit_labels", 1000, {}),  # all of them
        ("data.augment.shift", 1.5, {"data.augment": {"shift": 1.5, "rotation": 0.0, "scale": 0.0}}),
    ],
)
def test_every_field_of_a_run_can_be_asked_for(key, value, fields):
    (own,), (asked,) = (
        study.runs(study.combo("basenet", "aux_loss"), [0])
        for study in map(params.Params.model_validate, (STUDY, changed(**{key: value})))
    )
    assert asked == own.with_fields(fields)


def test_combo_that_is_not_listed():
    study = params.Params.model_validate(STUDY)
    with pytest.raises(StudyError, match=r"params\.yaml: no architecture 'basnet'; did you mean basenet\?"):
        study.combo("basnet", "baseline")
    with pytest.raises(StudyError, match=r"params\.yaml: no technique 'ensemble'; known: two_channel, "):
        study.combo("basenet", "ensemble")

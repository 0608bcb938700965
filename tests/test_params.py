"""Every key of params.yaml, given values that it must refuse, in one line that names it."""

import copy
import re

import pytest
import yaml

from pipeline import params, paths
from pipeline.script import StudyError
from tests.synthetic import ROOT

STUDY = yaml.safe_load((ROOT / paths.PARAMS).read_text(encoding="utf-8"))
MISSING = object()
NAN, INFINITY = float("nan"), float("inf")

# Values that each key refuses: of a wrong type, out of range, or absurd. All architectures have basenet's keys, all
# techniques have baseline's or aux_loss's (a test below holds this table against params.yaml).
REFUSED = {
    "device": ["gpu", "CPU", 0, None, ["cpu"], {"cpu": 1}],
    "precision": ["fp64", "float32", 32, None],
    "seeds": [0, -1, 1_001, 2.5, 10.0, "10", True, None, [10]],
    "aux_weight": [-0.1, 1e9, NAN, INFINITY, "inf", "1e999", "high", True, None, [1.0]],
    "data": [None, "mnist", [1], {}],
    "data.source": ["MNIST", "cifar10", "", 1, None],
    "data.mirrors": ["https://example.org", None, [1], [""], {"a": "https://example.org"}],
    "data.train_pairs": [0, 1, -1000, 1000.0, "1000", True, None],
    "data.test_pairs": [0, -1, 10.5, "many", True, None],
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

# How each section's keys are mistyped, and what the error then suggests.
MISTYPED = {
    "devise": "device",
    "presision": "precision",
    "seed": "seeds",
    "aux_wieght": "aux_weight",
    "date": "data",
    "data.sources": "source",
    "data.mirror": "mirrors",
    "data.train_pair": "train_pairs",
    "data.testpairs": "test_pairs",
    "architecture": "architectures",
    "architectures.basenet.optimiser": "optimizer",
    "architectures.basenet.learning_rates": "learning_rate",
    "architectures.basenet.batchsize": "batch_size",
    "architectures.basenet.epoch": "epochs",
    "architectures.basenet.standardise": "standardize",
    "architectures.basenet.batchnorm": "batch_norm",
    "architectures.basenet.drop_out": "dropout",
    "technique": "techniques",
    "techniques.plane": "plain",
    "techniques.auxilary": "auxiliary",
    "techniques.plain.baseline.encode": "encoder",
    "techniques.plain.baseline.answers": "answer",
    "techniques.auxiliary.aux_loss.encoders": "encoder",
    "techniques.auxiliary.aux_loss.anser": "answer",
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
    last = {key.rsplit(".", 1)[-1] for key in tried} - {"*"}
    assert last == set(MISTYPED.values())


@pytest.mark.parametrize("key", REFUSED)
def test_refused_values(refusal, key):
    for value in REFUSED[key]:
        message = refusal(changed(**{key: value}))
        assert re.match(rf"(missing key )?{re.escape(key)}\b", message), value


@pytest.mark.parametrize("key", [key for key in REFUSED if key not in ENTRIES])
def test_missing_key(refusal, key):
    assert refusal(changed(**{key: MISSING})) == f"missing key {key}"


@pytest.mark.parametrize("key", ENTRIES)
def test_entry_that_is_taken_out(load, key):
    combos = load(changed(**{key: MISSING})).combos()
    assert combos
    assert not any(key.rsplit(".", 1)[1] in (combo.architecture, combo.technique) for combo in combos)


@pytest.mark.parametrize(("key", "meant"), MISTYPED.items())
def test_mistyped_key(refusal, key, meant):
    assert refusal(changed(**{key: 1})) == f"unknown key {key}; did you mean {meant}?"


def test_unknown_key_lists_the_known_ones(refusal):
    assert refusal(changed(**{"data.zzz": 1})) == (
        "unknown key data.zzz; known: source, mirrors, train_pairs, test_pairs"
    )


def test_every_mistake_is_named_at_once(refusal):
    message = refusal(changed(**{"seeds": 0, "data.test_pairs": 0, "devise": "cpu"}))
    assert all(part in message for part in ("seeds: ", "data.test_pairs: ", "unknown key devise"))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"data.train_pairs": 501}, "architectures.basenet.batch_size: 501 training pairs"),
        ({"architectures.average": STUDY["architectures"]["convnet"]}, "architectures.average: "),
        ({"architectures.Conv-Net": STUDY["architectures"]["convnet"]}, "architectures.Conv-Net: "),
        ({"techniques.plain.two_channel.answer": "digits"}, "techniques.plain.two_channel: "),
        ({"techniques.auxiliary.aux_loss.encoder": "two_channel"}, "techniques: auxiliary.aux_loss: two_channel "),
        ({"techniques.auxiliary.aux_loss.answer": "digits"}, "techniques: auxiliary.aux_loss: answer: digits "),
        ({"techniques.plain.aux_loss": STUDY["techniques"]["plain"]["baseline"]}, "techniques: aux_loss is listed"),
        ({"techniques.plain": {}, "techniques.auxiliary": {}}, "techniques: none is listed"),
        ({"techniques.plain.baseline.encoder": "shared"}, "techniques: plain.baseline: tables and page take baseline "),
        ({"techniques.auxiliary.weight_sharing": SHARED}, "techniques: weight_sharing is listed under plain and "),
        ({"techniques.plain": {}, "techniques.auxiliary.baseline": SEPARATE}, "techniques: auxiliary.baseline: tables"),
        ({"architectures.lenet6": STUDY["architectures"]["lenet5"]}, "architectures.lenet6: no network of that name"),
        ({"architectures.__init__": STUDY["architectures"]["lenet5"]}, "architectures.__init__: no network"),
    ],
)
def test_values_that_do_not_fit_together(refusal, changes, named):
    assert refusal(changed(**changes)).startswith(named)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected keys and values"),
        ("- runs\n- 10\n", "expected keys and values"),
        ("runs: [10\ndevice: cpu\n", "not valid YAML"),
        ("runs: !!python/object/apply:os.getcwd []\n", "not valid YAML"),
        ("runs: 10\0", "not valid YAML"),
    ],
)
def test_damaged_file(refusal, text, message):
    assert refusal(text).startswith(message)


def test_file_in_another_encoding(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_bytes("# größer\n".encode("latin-1"))
    with pytest.raises(StudyError, match=r"params\.yaml: not valid YAML"):
        params.load(path)


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(StudyError, match=r"params\.yaml: not found; run from the project's root"):
        params.load(tmp_path / "params.yaml")


def test_the_study_s_own_file():
    study = params.load(ROOT / paths.PARAMS)
    assert len(study.combos()) == len(study.architectures) * len(study.technique_names())
    assert len({combo.key for combo in study.combos()}) == len(study.combos())


@pytest.mark.parametrize(("text", "number"), [("1e-3", 0.001), ("2E+0", 2.0), ("1", 1.0)])
def test_numbers_as_dvc_and_people_write_them(load, text, number):
    """PyYAML reads 1e-3 as text; DVC, which writes params.yaml for -S, reads it as a number."""
    study = load(re.sub(r"(?m)^aux_weight: \S+", f"aux_weight: {text}", (ROOT / paths.PARAMS).read_text("utf-8")))
    assert study.aux_weight == number


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
    described = study.runs(combo)[1].model_dump()
    assert described["network"] == {
        "architecture": "basenet",
        "encoder": "separate",
        "answer": "comparator",
        "batch_norm": True,
        "dropout": 0.2,
    }
    asked = {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 25, "epochs": 30, "aux_weight": 0.75}
    assert described["protocol"].items() >= (asked | {"precision": "bf16"}).items()
    assert (described["data"]["train_pairs"], described["data"]["standardize"]) == (1000, True)
    assert study.combo("basenet", "weight_sharing").protocol.aux_weight is None


def test_combo_that_is_not_listed():
    study = params.Params.model_validate(STUDY)
    with pytest.raises(StudyError, match=r"params\.yaml: no architecture 'basnet'; did you mean basenet\?"):
        study.combo("basnet", "baseline")
    with pytest.raises(StudyError, match=r"params\.yaml: no technique 'ensemble'; known: two_channel, "):
        study.combo("basenet", "ensemble")

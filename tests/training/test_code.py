"""Which modules a run's engine digest covers."""

import hashlib
import shutil

import pytest

from pipeline.training import code
from tests.made_up import STUDY
from tests.synthetic import ROOT

FOLDER = "pipeline/networks/architectures"


def architectures_of(architecture) -> list[str]:
    """The architectures' modules among the engine's files."""
    files = [file.as_posix() for file in code.engine_files(architecture)]
    assert files[: len(code.ENGINE)] == list(code.ENGINE)
    return [name.removeprefix(f"{FOLDER}/").removesuffix(".py") for name in files[len(code.ENGINE) :]]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A copy of the engine, whose architectures can be written to."""
    for name in code.ENGINE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / FOLDER, tmp_path / FOLDER)
    monkeypatch.setattr(code, "ROOT", tmp_path)
    return tmp_path / FOLDER


@pytest.mark.parametrize("architecture", STUDY.architectures)
def test_an_architecture_of_the_study_depends_on_its_own_module_alone(architecture):
    assert architectures_of(architecture) == [architecture]
    digest = hashlib.sha256()
    for name in (*code.ENGINE, f"{FOLDER}/{architecture}.py"):
        digest.update(hashlib.sha256((ROOT / name).read_bytes()).digest())
    assert code.engine_digest(architecture) == digest.hexdigest()[:16]


@pytest.mark.parametrize(
    ("variant", "imported"),
    [
        ("basenet_shared_layer", ["_apart", "basenet"]),
        ("wide_convnet_one_digit_head", ["_apart", "wide_convnet"]),
        ("resnet_block_bare", ["resnet_block"]),
        ("mlpnet_sigmoid_code", ["mlpnet"]),
        ("lenet5_features", []),
    ],
)
def test_a_variant_depends_on_what_it_imports(variant, imported):
    assert architectures_of(variant) == [variant, *imported]


@pytest.mark.parametrize(
    "statement",
    [
        "import pipeline.networks.architectures.convnet",
        "import torch, pipeline.networks.architectures.convnet as base",
        "from pipeline.networks.architectures import convnet",
        "from pipeline.networks.architectures import convnet as base",
        "from pipeline.networks.architectures.convnet import comparator, encoder",
        "from . import convnet",
        "from .convnet import encoder",
        "def encoder(layers):\n    from pipeline.networks.architectures.convnet import encoder",
    ],
)
def test_imports_are_found_however_they_are_written(statement, elsewhere):
    (elsewhere / "made_up.py").write_text(f"from torch import nn\n{statement}\n", encoding="utf-8")
    assert architectures_of("made_up") == ["made_up", "convnet"]


def test_modules_may_import_one_another(elsewhere):
    for name, other in (("one", "two"), ("two", "one")):
        (elsewhere / f"{name}.py").write_text(f"from pipeline.networks.architectures import {other}", encoding="utf-8")
    assert architectures_of("one") == ["one", "two"]


def test_digest_changes_with_what_is_imported_and_with_nothing_else(elsewhere):
    def digests():
        names = ("mlpnet", "mlpnet_sigmoid_code", "lenet5_features")
        return {name: code.engine_digest.__wrapped__(name) for name in names}

    before = digests()
    with (elsewhere / "mlpnet.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    changed = {name for name, digest in digests().items() if digest != before[name]}
    assert changed == {"mlpnet", "mlpnet_sigmoid_code"}

"""Which code a run's engine digest covers, and which edits change it."""

import ast
import shutil

import pytest

from pipeline.backends import code
from tests import ROOT
from tests.made_up import STUDY

SOURCE = '''"""What the module is for."""

import math  # of the library


def area(radius):
    """Of a circle.

    Several lines.
    """
    if radius < 0:
        radius = -radius
    text = "# no comment" + f"{radius!r:>{10}} 'quoted'"
    return (text, math.pi * radius**2)  # squared
'''
SAME = {
    "a comment": ("# squared", "# of the radius"),
    "a comment on a line of its own": ("    text =", "    # what it says\n    text ="),
    "a docstring": ("Of a circle.", "Of a disc."),
    "blank lines": ("    text =", "\n\n    text ="),
    "Windows' line ends": ("\n", "\r\n"),
}
OTHER = {
    "a number": ("radius**2", "radius**3"),
    "a statement taken out of its block": ("        radius = -radius\n", "        pass\n    radius = -radius\n"),
    "a string that looks like a comment": ("# no comment", "# a comment"),
    "a format": (">{10}", ">{11}"),
}  # fmt: skip


def edited(old: str, new: str) -> str:
    changed = SOURCE.replace(old, new)
    assert changed != SOURCE
    ast.parse(changed)
    return changed


@pytest.mark.parametrize("edit", SAME)
def test_what_changes_nothing_is_no_part_of_the_essence(edit):
    assert code.essence(edited(*SAME[edit])) == code.essence(SOURCE)


@pytest.mark.parametrize("edit", OTHER)
def test_what_changes_something_is(edit):
    assert code.essence(edited(*OTHER[edit])) != code.essence(SOURCE)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A copy of the engine and the architectures that can be written to."""
    for name in ("engine", "architectures"):
        shutil.copytree(ROOT / "pipeline" / name, tmp_path / name)
    monkeypatch.setattr(code, "PIPELINE", tmp_path)
    monkeypatch.setattr(code.paths, "architecture", lambda name: tmp_path / f"architectures/{name}.py")
    return tmp_path


def architectures_of(architecture: str) -> list[str]:
    """The architectures' modules among those that decide its numbers, beside the whole engine."""
    files = code.engine_files(architecture)
    engine = sorted((code.PIPELINE / "engine").glob("*.py"))
    assert files[: len(engine)] == engine
    return [file.stem for file in files[len(engine) :]]


@pytest.mark.parametrize(
    ("architecture", "imported"),
    [
        *((architecture, []) for architecture in STUDY.architectures),
        ("basenet_shared_layer", ["_apart", "basenet"]),
        ("mlpnet_sigmoid_code", ["mlpnet"]),
    ],
)
def test_an_architecture_depends_on_itself_and_what_it_imports(architecture, imported):
    assert architectures_of(architecture) == [architecture, *imported]


@pytest.mark.parametrize(
    "statement",
    [
        "import torch, pipeline.architectures.convnet as base",
        "from pipeline.architectures import convnet as base",
        "from .convnet import encoder",
        "def encoder(layers):\n    from pipeline.architectures.convnet import encoder",
    ],
)
def test_imports_are_found_however_they_are_written(statement, elsewhere):
    (elsewhere / "architectures/made_up.py").write_text(f"from torch import nn\n{statement}\n", encoding="utf-8")
    assert architectures_of("made_up") == ["made_up", "convnet"]


@pytest.mark.parametrize(
    ("module", "line", "changed"),
    [
        ("architectures/mlpnet.py", "WIDTH = 84", {"mlpnet", "mlpnet_sigmoid_code"}),
        ("engine/losses.py", "# another comment", set()),
        ("engine/losses.py", "WEIGHT = 2", {"mlpnet", "mlpnet_sigmoid_code", "lenet5_features"}),
    ],
)
def test_digest_changes_with_what_code_does_and_with_nothing_else(elsewhere, module, line, changed):
    digest = code.engine_digest.__wrapped__  # without its cache
    before = {name: digest(name) for name in ("mlpnet", "mlpnet_sigmoid_code", "lenet5_features")}
    with (elsewhere / module).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    assert {name for name, known in before.items() if digest(name) != known} == changed

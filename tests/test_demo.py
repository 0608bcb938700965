"""The copy in which a small study runs: all that DVC needs, none of the study's results, params changed."""

import os
import shutil
import signal
import subprocess

import psutil
import pytest
import yaml

from pipeline import demo, params, paths
from pipeline.cli import StudyError
from tests import ROOT
from tests.processes import WORK, ends, kill_at_work, start

DEMO = """
import sys
from pathlib import Path
from pipeline.cli import run_script
from pipeline.demo import run_dvc
run_script(lambda: run_dvc(Path(sys.argv[1]), "repro"))
"""


@pytest.fixture
def project(tmp_path):
    """A folder with the project's code, and results that stand for a finished study's."""
    folder = tmp_path / "project"
    demo.copy_project(folder, lambda content: None, ROOT)
    for name in ("dvc.lock", ".dvc/cache/x", ".dvc/config.local", "data/raw/x", "models/x", "reports/x", "studies/x"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("result")
    return folder


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_copy_has_the_code_and_no_results(project, tmp_path):
    demo.copy_project(tmp_path / "copy", lambda content: None, project)
    copied = files(tmp_path / "copy")
    results = {"dvc.lock", ".dvc/cache/x", ".dvc/config.local", "data/raw/x", "models/x", "reports/x", "studies/x"}
    assert copied == files(project) - results
    assert {"params.yaml", "dvc.yaml", ".dvc/config", "pipeline/demo.py"} <= copied
    assert not any("__pycache__" in name for name in copied)


def test_copy_changes_its_own_params_alone(project, tmp_path):
    before = (project / paths.PARAMS).read_bytes()
    demo.copy_project(tmp_path / "copy", lambda content: content.update(seeds=7), project)
    assert params.load(tmp_path / "copy" / paths.PARAMS).seeds == 7
    assert (project / paths.PARAMS).read_bytes() == before


def test_copy_replaces_nothing(project):
    with pytest.raises(StudyError, match="exists already"):
        demo.copy_project(project, lambda content: None, ROOT)


@pytest.mark.parametrize("name", demo.VARIANTS)
def test_small_studies_are_valid(name):
    """Which data set has how many pairs is part of that."""
    content, variant = yaml.safe_load((ROOT / paths.PARAMS).read_text(encoding="utf-8")), demo.VARIANTS[name]
    techniques = params.Params.model_validate(content).technique_names()
    demo.make_small(content, variant)
    small = params.Params.model_validate(content)
    assert small.data.source == variant.source
    assert tuple(small.architectures) == variant.architectures
    assert set(small.technique_names()) == set(variant.techniques or techniques)


def test_the_copy_finds_the_data_set_where_the_project_does(workspace, monkeypatch):
    monkeypatch.setenv("MNIST_MIRROR", "a/folder")
    demo.name_mirror("mnist")
    assert os.environ["MNIST_MIRROR"] == str(workspace / "a/folder")
    monkeypatch.setenv("MNIST_MIRROR", "https://example.org/mnist")
    demo.name_mirror("mnist")
    assert os.environ["MNIST_MIRROR"] == "https://example.org/mnist"
    monkeypatch.delenv("MNIST_MIRROR")
    (workspace.parent / "shared/mnist").mkdir(parents=True)
    demo.name_mirror("mnist")
    assert os.environ["MNIST_MIRROR"] == str(workspace.parent / "shared/mnist")


def test_failing_dvc_is_one_line(tmp_path):
    program = start(DEMO, str(tmp_path))  # no DVC project
    said = program.communicate()[1].splitlines()
    assert program.returncode == 1
    assert said[0].startswith("ERROR: you are not inside of a DVC repository")
    assert said[-1] == f"error: dvc repro failed in {tmp_path}: what it said stands above"


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_killed_it_leaves_nothing_running(tmp_path, end):
    stage = f"from pipeline.cli import run_script\ndef main():\n    {WORK}\nrun_script(main)\n"
    (tmp_path / "stage.py").write_text(stage)
    (tmp_path / "dvc.yaml").write_text("stages: {work: {cmd: python stage.py}}")
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    program = start(DEMO, str(tmp_path))
    worker = kill_at_work(program, end)
    assert ends(worker)
    program.communicate()
    assert program.returncode == -end
    assert not [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(tmp_path)]


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_has_python_use_utf_8_in_any_locale():
    command = ["make", "--silent", "--eval", "show: ; @echo $$PYTHONUTF8", "show"]
    said = subprocess.run(command, cwd=ROOT, env=os.environ | {"LC_ALL": "C"}, capture_output=True, text=True)
    assert said.stdout == "1\n"

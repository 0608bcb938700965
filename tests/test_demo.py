"""The copy in which a small study runs: all that DVC needs, none of the study's results, params changed."""

import signal

import psutil
import pytest

from pipeline import demo
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


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_copy_has_the_code_and_no_results(tmp_path):
    project, copy = tmp_path / "project", tmp_path / "copy"
    demo.copy_project(project, lambda content: None, ROOT)
    code = files(project)
    for name in ("dvc.lock", ".dvc/cache/x", ".dvc/config.local", "data/raw/x", "models/x", "reports/x", "studies/x"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("result")
    demo.copy_project(copy, lambda content: None, project)
    copied = files(copy)
    assert copied == code
    assert {"params.yaml", "dvc.yaml", ".dvc/config", "pipeline/demo.py"} <= copied
    assert not any("__pycache__" in name for name in copied)


def test_copy_replaces_nothing(tmp_path):
    with pytest.raises(StudyError, match="exists already"):
        demo.copy_project(tmp_path, lambda content: None, ROOT)


def test_killed_it_leaves_nothing_running(tmp_path):
    stage = f"from pipeline.cli import run_script\ndef main():\n    {WORK}\nrun_script(main)\n"
    (tmp_path / "stage.py").write_text(stage)
    (tmp_path / "dvc.yaml").write_text("stages: {work: {cmd: python stage.py}}")
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    program = start(DEMO, str(tmp_path))
    worker = kill_at_work(program, signal.SIGTERM)
    assert ends(worker)
    program.communicate()
    assert program.returncode == -signal.SIGTERM
    assert not [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(tmp_path)]

"""Faults, injected into studies at work, which take minutes: `python -m pytest tests/faults.py`, when need be.

What is lost, what is said, and what goes on; tests/FAULTS.md lists them, with those that `make test` repeats.
"""

import shutil
import subprocess
import sys
import time

import psutil
import pytest

from pipeline import paths
from pipeline.backends import store
from tests.processes import ends
from tests.study import Study, make_tiny, new_study

COMBO, STAGE = "deep_fc-baseline", "train@deep_fc-baseline"
REPRO = ("dvc", "repro", "--force", "--single-item", STAGE)
COMPUTE = (sys.executable, "-m", "pipeline.train_all")


def make_long(content: dict) -> None:
    """One combo of three runs, of a second or so each."""
    make_tiny(content)
    content["seeds"] = 3
    content["architectures"] = {"deep_fc": content["architectures"]["deep_fc"] | {"epochs": 150}}
    content["techniques"] = {"plain": {"baseline": content["techniques"]["plain"]["baseline"]}, "auxiliary": {}}


@pytest.fixture(scope="module")
def long_study(tmp_path_factory) -> Study:
    """Without a Git repository, as a copied folder is."""
    project = new_study(tmp_path_factory.mktemp("faults") / "project", change=make_long)
    shutil.rmtree(project.folder / ".git")
    (project.folder / ".dvc/config.local").write_text("[core]\n    no_scm = true\n")
    project.run("dvc", "repro", STAGE)
    shutil.rmtree(project.folder / store.FOLDER)  # where the stage that has ended leaves its runs
    return project


def processes(program: subprocess.Popen) -> dict[str, psutil.Process]:
    """What works for a command, by kind: itself, its stage (where it is dvc), and a worker."""
    first = psutil.Process(program.pid)
    kinds = {"first": first}
    pythons = [child for child in first.children(recursive=True) if "pipeline.train" in child.cmdline()]
    for child in pythons:
        kinds["worker" if child.parent() in pythons else "stage"] = child
    if not pythons:  # of pipeline.train_all, whose workers are its forks
        kinds["worker"] = first.children()[0]
    return kinds


def finished_runs(project: Study) -> int:
    return len(list((project.folder / store.FOLDER).glob("*.json")))


@pytest.mark.parametrize(
    ("command", "victim"),
    [(REPRO, "worker"), (REPRO, "stage"), (REPRO, "first"), (COMPUTE, "worker"), (COMPUTE, "first")],
)
def test_kill_9_loses_the_runs_in_flight_alone_and_leaves_nothing_running(long_study, command, victim):
    results = long_study.folder / paths.results(COMBO)
    before = results.read_bytes()
    if command == COMPUTE:
        (long_study.folder / "dvc.lock").unlink()
        shutil.rmtree(long_study.folder / ".dvc/cache/runs")
    one_core = long_study.environment | {"LOKY_MAX_CPU_COUNT": "1"}
    program = subprocess.Popen(command, cwd=long_study.folder, env=one_core, stderr=subprocess.PIPE, text=True)
    while not finished_runs(long_study):
        assert program.poll() is None
        time.sleep(0.02)
    at_work = processes(program)
    assert victim in at_work
    at_work[victim].kill()
    said = program.communicate()[1]
    assert program.returncode != 0
    assert all(ends(process) for process in at_work.values())
    if victim == "worker":
        assert [line for line in said.splitlines() if line.startswith("error: ")] == [
            "error: a worker was killed, perhaps for want of memory; LOKY_MAX_CPU_COUNT=1 trains one run at a time"
        ]
    saved = finished_runs(long_study)
    assert saved in (1, 2)
    said = long_study.run(*REPRO).stdout
    assert f"{COMBO}: {saved} runs are known, {3 - saved} are to be trained" in said
    assert results.read_bytes() == before
    shutil.rmtree(long_study.folder / store.FOLDER)  # they are dropped when another stage begins

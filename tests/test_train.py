"""Stage `train`, as DVC calls it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline import paths, train
from pipeline.backends import local, store
from pipeline.engine import result
from tests import ROOT

KEY = "deep_fc-baseline"
FILES = [paths.results(KEY), paths.weights(KEY, 0), paths.weights(KEY, 1)]


def call(monkeypatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["train", *arguments])
    train.main()


def test_a_stage_started_again_trains_only_what_is_missing(small_study, monkeypatch, capsys):
    """Stopped after its first run, then started again; then again after its end, before another stage began."""
    trained, put, compute = [], store.Store.put, local.compute

    def counted(runs, *arguments):
        for finished in compute(runs, *arguments):
            trained.append(finished.result.run.seed)
            yield finished

    def stopped_after(self, finished, weights):
        put(self, finished, weights)
        raise KeyboardInterrupt

    monkeypatch.setattr(local, "compute", counted)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    with monkeypatch.context() as patch:
        patch.setattr(store.Store, "put", stopped_after)
        with pytest.raises(KeyboardInterrupt):
            call(patch, "deep_fc", "baseline")
    assert not FILES[0].exists()
    call(monkeypatch, "deep_fc", "baseline")
    assert trained == [0, 1]
    assert f"{KEY}: 1 runs are known, 1 are to be trained" in capsys.readouterr().out
    written = [file.read_bytes() for file in FILES]
    for file in FILES:
        file.unlink()
    call(monkeypatch, "deep_fc", "baseline")
    assert trained == [0, 1]
    assert [file.read_bytes() for file in FILES] == written


KNOWN = """
import sys
sys.argv = ["train", "deep_fc", "baseline"]
from pipeline import train
from pipeline.cli import run_script
run_script(train.main)
assert "torch" not in sys.modules  # its import is most of what such a stage would take
"""


def test_a_stage_whose_runs_are_all_known_needs_neither_torch_nor_a_reader(small_study):
    """What it prints goes to a full disk, and nothing is lost."""
    asked = train.wanted(["deep_fc", "baseline"])
    list(train.trained(asked))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with Path("/dev/full").open("w") as full:
        subprocess.run([sys.executable, "-c", KNOWN], env=environment, stdout=full, check=True)
    assert [made.run.seed for made in result.read(FILES[0])] == [0, 1]
    assert all(file.is_file() for file in FILES)
    assert (store.FOLDER / store.ENDED).exists()


def test_beside_another_process_that_trains_it_waits_and_takes_what_that_one_kept(small_study):
    asked = train.wanted(["deep_fc", "baseline"])
    ended = list(train.trained(asked))
    shutil.rmtree(store.FOLDER)
    command = [sys.executable, "-m", "pipeline.train", "deep_fc", "baseline"]
    with asked.store.alone():
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        beside = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert "another process trains for this project" in beside.stdout.readline()
        for known in ended:
            asked.store.put(*known)
        files = {path.name: path.stat().st_ino for path in store.FOLDER.glob("*.json")}  # other inodes if written again
    said = beside.communicate()[0]
    assert beside.returncode == 0, said
    assert {path.name: path.stat().st_ino for path in store.FOLDER.glob("*.json")} == files
    assert [made.run.seed for made in result.read(FILES[0])] == [0, 1]


def test_diverged_runs_are_named_and_left_out(small_study, monkeypatch, capsys):
    content = small_study.model_dump()
    content["architectures"]["deep_fc"] |= {"optimizer": "sgd", "learning_rate": 10.0, "epochs": 8}
    paths.PARAMS.write_text(yaml.safe_dump(content), encoding="utf-8")
    call(monkeypatch, "deep_fc", "baseline")
    text = FILES[0].read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert all(made.diverged for made in result.read(FILES[0]))
    said = capsys.readouterr().out
    assert re.search(r"no mean test accuracy; diverged, and left out: seed 0 \(epoch \d\), 1 \(epoch \d\)$", said, re.M)

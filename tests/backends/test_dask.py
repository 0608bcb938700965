"""A Dask cluster gives what this machine gives, to the byte, and breaks in an orderly way."""

import re
import shutil
import socket
import subprocess
import sys
import time

import psutil
import pytest
import torch

from pipeline.backends import local
from pipeline.cli import StudyError
from tests import ROOT
from tests.made_up import changed, pairs, short_run

pytest.importorskip("distributed")

import distributed

from pipeline.backends import dask
from tests.dask_cluster import cluster

CPU = torch.device("cpu")
PAIRS = pairs()
RUNS = [short_run("basenet", "weight_sharing_aux_loss", seed, precision="fp32") for seed in range(3)]


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("cluster"), workers=2) as made:
        yield made


@pytest.fixture
def there(two_workers, monkeypatch):
    """The cluster, and an environment that names it."""
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", two_workers.address)
    return two_workers


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """Workers take long to start where the machine is busy."""
    monkeypatch.setattr(dask, "SECONDS_FOR_A_WORKER", 300)


def computed(runs, on_epoch=lambda accuracies: None) -> dict:
    """Result and weights by run."""
    return {finished.result.run: finished[:2] for finished in local.compute(runs, PAIRS, CPU, on_epoch)}


def workers(made) -> list[psutil.Process]:
    """The processes that train, beneath their nanny."""
    children = psutil.Process(made.started[1].pid).children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def test_a_cluster_gives_the_bytes_of_this_machine(there, monkeypatch):
    reported = []
    found = computed(RUNS, reported.extend)
    assert len(reported) == 6
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS")
    assert found == computed(RUNS)


def test_a_killed_worker_has_its_runs_done_elsewhere(there):
    runs = [changed(run, epochs=epochs) for run, epochs in zip(RUNS, (1, 60, 60), strict=True)]
    found, victim = [], workers(there)[0]
    for finished in local.compute(runs, PAIRS, CPU):
        if not found:  # the two long runs are at work, one on each
            victim.kill()
        found.append(finished.result.run)
    assert not psutil.pid_exists(victim.pid)
    assert set(found) == set(runs)


def test_a_failure_in_a_worker_is_the_stage_s(there):
    with pytest.raises(StudyError, match="no training pairs were drawn for seed 9"):
        computed([short_run(seed=9)])


def test_a_worker_with_other_code_is_refused(there, tmp_path):
    shutil.copytree(ROOT / "pipeline", tmp_path / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "pipeline/engine/losses.py").open("a") as file:
        file.write("OTHER = 1\n")
    nanny = there.start_workers(1, code=tmp_path)
    try:
        with distributed.Client(there.address, set_as_default=False) as client:
            client.wait_for_workers(3, timeout=120)
        with pytest.raises(StudyError, match=r"worker tcp\S+: code [0-9a-f]{16}, where this study has [0-9a-f]{16}; "):
            computed(RUNS)
    finally:
        nanny.terminate()
        nanny.wait()


@pytest.mark.parametrize(
    ("difference", "message"),
    [
        ({"torch": "2.14.0"}, "torch 2.14.0, where this study has .*; install the same"),
        ({"Python": "3.9"}, r"Python 3.9, where this study has 3\.1\d"),
        ({"threads": "4"}, "threads 4, where this study has 1; start it with --nthreads 1"),
    ],
)
def test_whatever_decides_numbers_must_be_as_here(difference, message):
    dask._compare("tcp://there", dask.environment(), dask.environment())
    with pytest.raises(StudyError, match=message):
        dask._compare("tcp://there", dask.environment() | difference, dask.environment())


def refused(address: str, monkeypatch) -> str:
    """The one line that says what is wrong with this address, in time."""
    monkeypatch.setattr(dask, "SECONDS_TO_CONNECT", 1)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
    start = time.monotonic()
    with pytest.raises(StudyError, match=r"^DASK_SCHEDULER_ADDRESS: [^\n]+$") as caught:
        local.choose_device("auto")
    assert time.monotonic() - start < 10
    return str(caught.value)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1", "missing port number"),
        ("nonsense", "missing port number"),
        (":abc", "invalid literal"),
        ("http://127.0.0.1:8786", "unknown address scheme"),
        ("tls://127.0.0.1:8786", "TLS configuration"),
        ("tcp://127.0.0.1:99999", "TimeoutError"),
        ("tcp://127.0.0.1:9", "Timed out|TimeoutError"),
    ],
)
def test_a_wrong_address_is_one_line(address, reason, monkeypatch):
    expected = rf"DASK_SCHEDULER_ADDRESS: {address}: no scheduler answers there \(.*({reason}).*\); name one as"
    assert re.match(expected, refused(address, monkeypatch))


def test_who_accepts_and_never_answers_is_no_scheduler(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        assert "no scheduler answers there (TimeoutError)" in refused(address, monkeypatch)


def test_a_scheduler_without_a_worker_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(dask, "SECONDS_FOR_A_WORKER", 0.2)
    with cluster(tmp_path) as made:
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", made.address)
        with pytest.raises(StudyError, match=r"has no worker; `dask worker tcp://\S+ --nthreads 1` starts one"):
            computed(RUNS)


@pytest.mark.slow
@pytest.mark.parametrize("who", ["scheduler", "worker"])
def test_who_cannot_load_the_code_is_named(tmp_path, monkeypatch, who):
    (tmp_path / "code/pipeline").mkdir(parents=True)
    (tmp_path / "code/pipeline/__init__.py").write_text("raise ImportError('not this one')")
    code = {who: tmp_path / "code"}
    with cluster(tmp_path, code=code.get("scheduler", ROOT)) as made:
        made.start_workers(1, code=code.get("worker", ROOT))
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", made.address)
        with pytest.raises(StudyError, match=rf"{who}.* cannot load this project's code.*; install the same there"):
            computed(RUNS)


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["scheduler", "every worker"])
def test_what_is_lost_midway_is_one_line_and_what_had_come_home_is_there(tmp_path, monkeypatch, lost):
    monkeypatch.setattr(dask, "SECONDS_TO_CONNECT", 5)
    runs = [RUNS[0], changed(RUNS[1], epochs=100_000)]
    with cluster(tmp_path, workers=1) as made:
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", made.address)
        found = local.compute(runs, PAIRS, CPU)
        assert next(found).result.run == runs[0]
        for process in made.started[0 if lost == "scheduler" else 1 :]:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
        with pytest.raises(StudyError, match=r"no connection to the scheduler or to all workers .* runs are kept"):
            next(found)


WITHOUT_DASK = """
import os, sys
sys.modules["distributed"] = None  # as if it were not installed
from pipeline.cli import StudyError
from pipeline.backends.local import choose_device
os.environ.pop("DASK_SCHEDULER_ADDRESS", None)
print(choose_device("cpu"))
os.environ["DASK_SCHEDULER_ADDRESS"] = "tcp://127.0.0.1:9"
try:
    choose_device("cpu")
except StudyError as error:
    print(error)
"""


def test_dask_is_imported_only_where_a_cluster_is_named():
    done = subprocess.run([sys.executable, "-c", WITHOUT_DASK], cwd=ROOT, capture_output=True, text=True, check=True)
    without, named = done.stdout.splitlines()
    assert without == "cpu"
    assert named == "DASK_SCHEDULER_ADDRESS is set, and Dask is not installed: `pip install -e .[cluster]`"

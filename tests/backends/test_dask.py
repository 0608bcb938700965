"""A Dask cluster gives what this machine gives, to the byte, and breaks in an orderly way."""

import shutil
import socket
import sys
import time

import psutil
import pytest

from pipeline import backends
from pipeline.backends import local
from pipeline.cli import StudyError
from tests import ROOT
from tests.backends.test_local import CPU, PAIRS, RUNS, computed
from tests.made_up import changed

pytest.importorskip("distributed")

import distributed

from pipeline.backends import dask
from tests.dask_cluster import cluster


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """A cluster of two workers, and an environment that names it; they take long to start where the machine is busy."""
    with cluster(tmp_path_factory.mktemp("cluster"), workers=2) as made, pytest.MonkeyPatch.context() as patch:
        patch.setattr(dask, "SECONDS_FOR_A_WORKER", 300)
        patch.setenv("DASK_SCHEDULER_ADDRESS", made.address)
        yield made


def test_a_cluster_gives_the_bytes_of_this_machine(there, monkeypatch):
    reported = []
    found = computed(RUNS, reported.extend)
    assert len(reported) == 6
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS")
    assert found == computed(RUNS)


def test_a_killed_worker_has_its_runs_done_elsewhere(there):
    runs = [changed(run, epochs=epochs) for run, epochs in zip(RUNS, (1, 60, 60), strict=True)]
    beneath_nanny = psutil.Process(there.started[1].pid).children(recursive=True)
    found, victim = [], next(child for child in beneath_nanny if "spawn_main" in " ".join(child.cmdline()))
    for finished in local.compute(runs, PAIRS, CPU):
        if not found:  # the two long runs are at work, one on each
            victim.kill()
        found.append(finished.result.run)
    assert not psutil.pid_exists(victim.pid)
    assert set(found) == set(runs)


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


@pytest.mark.parametrize(("name", "other"), [("torch", "2.14.0"), ("Python", "3.9"), ("threads", "4")])
def test_whatever_decides_numbers_must_be_as_here(name, other):
    dask._compare("tcp://there", dask.environment(), dask.environment())
    with pytest.raises(StudyError, match=f"{name} {other}, where this study has "):
        dask._compare("tcp://there", dask.environment() | {name: other}, dask.environment())


def test_who_never_answers_is_no_scheduler(monkeypatch):
    monkeypatch.setattr(dask, "SECONDS_TO_CONNECT", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for address in ("nonsense", "tcp://127.0.0.1:9", f"tcp://127.0.0.1:{silent.getsockname()[1]}"):
            monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
            start = time.monotonic()
            expected = rf"^DASK_SCHEDULER_ADDRESS: {address}: no scheduler answers there \([^\n]+; name one as [^\n]+$"
            with pytest.raises(StudyError, match=expected):
                local.choose_device("auto")
            assert time.monotonic() - start < 10


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["scheduler", "every worker"])
def test_what_is_lost_midway_is_one_line_and_what_had_come_home_is_there(tmp_path, monkeypatch, lost):
    monkeypatch.setattr(dask, "SECONDS_TO_CONNECT", 5)
    monkeypatch.setattr(dask, "SECONDS_FOR_A_WORKER", 300)
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


def test_dask_is_imported_only_where_a_cluster_is_named(monkeypatch):
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, dask.__name__)
    monkeypatch.delattr(backends, "dask")
    assert local.choose_device("cpu") == CPU
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:9")
    with pytest.raises(StudyError, match="Dask is not installed"):
        local.choose_device("cpu")

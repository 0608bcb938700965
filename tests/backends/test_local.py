"""Where runs are computed changes nothing about them, and breaks in an orderly way."""

import os
import signal

import psutil
import pytest
import torch

from pipeline.backends import local, stacks
from pipeline.backends.local import choose_device, compute
from pipeline.cli import StudyError
from tests.made_up import changed, pairs, short_run
from tests.processes import ends, start

CPU = torch.device("cpu")
PAIRS = pairs()
RUNS = [short_run("basenet", "weight_sharing_aux_loss", seed, precision="fp32") for seed in range(3)]


def computed(runs, on_epoch=lambda accuracies: None) -> dict:
    """Result and weights by run."""
    return {finished.result.run: finished[:2] for finished in compute(runs, PAIRS, CPU, on_epoch)}


def test_results_do_not_depend_on_the_number_of_workers_nor_on_what_trains_beside(monkeypatch):
    """To the byte: results and weights; and every epoch of every run is reported."""
    found, reported = [], []
    for count, runs in (("1", RUNS), ("2", RUNS[::-1]), ("1", RUNS[1:2])):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", count)
        found.append(computed(runs, reported.extend))
    assert found[0] == found[1]
    assert found[2] == {RUNS[1]: found[0][RUNS[1]]}
    expected = [accuracy for each in found for made, _ in each.values() for accuracy in made.curves.test_accuracy]
    assert sorted(reported) == pytest.approx(sorted(expected))


def test_on_cuda_what_can_be_stacked_trains_as_one(monkeypatch):
    runs = [RUNS[0], short_run("deep_fc", "baseline", precision="fp32"), RUNS[1]]
    assert stacks.stacks(runs) == [[RUNS[0], RUNS[1]], [runs[1]]]
    trained = []
    monkeypatch.setattr(local, "train_together", lambda stack, *_: trained.append(stack) or stack)
    assert list(compute(runs, PAIRS, torch.device("cuda"))) == [RUNS[0], RUNS[1], runs[1]]
    assert len(trained) == 2


def test_a_killed_worker_is_noticed(monkeypatch):
    monkeypatch.setattr(local, "train_together", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(StudyError, match=r"a worker was killed.*LOKY_MAX_CPU_COUNT=1"):
        computed(RUNS)


def test_interrupting_stops_the_workers():
    """What Ctrl-C does: the stage's own exception comes through, and no worker trains on."""

    def interrupt(accuracies):
        if accuracies:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        computed([changed(run, epochs=10_000) for run in RUNS], interrupt)
    assert not psutil.Process().children()


STAGE = """
import sys, psutil, torch
from pipeline.backends.local import compute
from tests.made_up import changed, pairs, short_run

long, short = (short_run("deep_fc", "baseline", seed, epochs=epochs) for seed, epochs in enumerate((10**6, 1)))

def say(accuracies):
    for child in psutil.Process().children():
        print(child.pid, flush=True)

for finished in compute([long, short], pairs(), torch.device("cpu"), say):
    print("idle", flush=True)  # the short run has ended, and its worker has no other
"""


def test_workers_end_with_their_stage_even_idle():
    stage = start(STAGE, LOKY_MAX_CPU_COUNT="2")
    said = iter(stage.stdout)
    before = {int(line) for line in iter(lambda: next(said).strip(), "idle")}
    workers = [psutil.Process(pid) for pid in before | {int(next(said)), int(next(said))}]
    assert len(workers) == 2
    stage.kill()
    assert all(ends(worker) for worker in workers)
    stage.communicate()


def test_device_is_chosen_or_refused(monkeypatch):
    assert choose_device("cpu") == CPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == CPU
    with pytest.raises(StudyError, match=r"params\.yaml: device: cuda.*set device to auto or cpu"):
        choose_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto", "tf32") == torch.device("cuda")

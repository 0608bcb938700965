"""Where runs are computed changes nothing about them, and breaks in an orderly way."""

import os
import signal

import psutil
import pytest
import torch

from pipeline.networks.pair_network import answers
from pipeline.script import StudyError
from pipeline.training import executor
from pipeline.training.data import select
from pipeline.training.executor import choose_device, compute
from pipeline.training.loop import train
from tests.made_up import changed, pairs, short_run
from tests.processes import ends, start

CPU = torch.device("cpu")
PAIRS = pairs()
RUNS = [short_run("basenet", "weight_sharing_aux_loss", seed, precision="fp32") for seed in range(3)]


def computed(runs, on_epoch=lambda accuracies: None) -> dict:
    return {finished.record.run: finished for finished in compute(runs, PAIRS, CPU, on_epoch)}


def test_results_do_not_depend_on_the_number_of_workers_nor_on_what_trains_beside(monkeypatch):
    """To the byte: records and weights."""
    outcomes = []
    for count, runs in (("1", RUNS), ("2", RUNS[::-1]), ("1", RUNS[1:2])):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", count)
        outcomes.append({run: (done.record, done.weights) for run, done in computed(runs).items()})
    assert outcomes[0] == outcomes[1]
    assert outcomes[2][RUNS[1]] == outcomes[0][RUNS[1]]


def test_stacked_runs_give_the_same_kind_of_record(monkeypatch):
    """The CUDA path, on the CPU: what can be stacked trains as one, the rest apart."""
    runs = [*RUNS[:2], short_run("deep_fc", "baseline", precision="fp32")]
    monkeypatch.setattr(executor, "_on_cores", None)
    stacks = executor.stacks(runs)
    assert stacks == [runs[:2], runs[2:]]
    for stack in stacks:
        for finished in executor.train_together(stack, PAIRS, CPU):
            record = finished.record
            assert record.run in runs
            assert len(record.curves.loss) == 2
            assert record.hardware


def test_record_counts_what_the_network_answers():
    """Scores, gaps and confusion agree with one another, and with the weights."""
    run = short_run("convnet", "weight_sharing_aux_loss", precision="fp32")
    trained = train([run], PAIRS, CPU)[0]
    record = executor._finished(trained, CPU).record
    assert sum(record.gap_pairs) == 20
    assert sum(record.gap_correct) / 20 == pytest.approx(record.curves.test_accuracy[-1])
    hits = sum(record.digit_confusion[image][digit][digit] for image in range(2) for digit in range(10))
    assert hits / 40 == pytest.approx(record.curves.digit_accuracy[-1])
    network = executor.weights.build(run)
    network.load_state_dict(trained.weights)
    test = select([run], PAIRS).test
    with torch.no_grad():
        right = answers(network.eval()(test.images[0])) == test.targets[0].bool()
    assert right.float().mean().item() == pytest.approx(record.curves.test_accuracy[-1])


def test_a_diverged_run_is_recorded_as_such():
    wild = changed(RUNS[0], optimizer="sgd", learning_rate=1e30)
    record = computed([wild])[wild].record
    assert record.diverged == 1
    assert record.curves.test_accuracy == [None, None]
    assert sum(record.gap_pairs) == 20
    assert sum(record.gap_correct) == 0
    assert record.digit_confusion is None


def test_every_epoch_of_every_run_is_reported():
    reported = []
    done = computed(RUNS, reported.extend)
    accuracies = [accuracy for finished in done.values() for accuracy in finished.record.curves.test_accuracy]
    assert sorted(reported) == pytest.approx(sorted(accuracies))


def test_a_failure_in_a_worker_is_the_stage_s():
    with pytest.raises(StudyError, match="no training pairs were drawn for seed 9"):
        computed([short_run(seed=9)])


def test_a_killed_worker_is_noticed(monkeypatch):
    monkeypatch.setattr(executor, "train", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(StudyError, match=r"a worker was killed.*LOKY_MAX_CPU_COUNT=1"):
        computed(RUNS)


def test_interrupting_stops_the_workers():
    """What Ctrl-C does: the stage's own exception comes through, and no worker trains on."""

    def interrupt(accuracies):
        if accuracies:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        computed([changed(run, epochs=10_000) for run in RUNS], interrupt)


STAGE = """
import sys, psutil, torch
from pipeline.training.executor import compute
from tests.made_up import changed, pairs, short_run

long, short = (short_run("deep_fc", "baseline", seed, epochs=epochs) for seed, epochs in enumerate((10**6, 1)))

def say(accuracies):
    for child in psutil.Process().children():
        print(child.pid, flush=True)

for finished in compute([long, short], pairs(), torch.device("cpu"), say):
    print("idle", flush=True)  # the short run has ended, and its worker has no other
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_their_stage_even_idle(how):
    stage = start(STAGE, LOKY_MAX_CPU_COUNT="2")
    said = iter(stage.stdout)
    before = {int(line) for line in iter(lambda: next(said).strip(), "idle")}
    workers = [psutil.Process(pid) for pid in before | {int(next(said)), int(next(said))}]
    assert len(workers) == 2
    stage.send_signal(how)
    assert all(ends(worker) for worker in workers)
    stage.communicate()


def test_device_is_chosen_or_refused(monkeypatch):
    assert choose_device("cpu") == CPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == CPU
    with pytest.raises(StudyError, match=r"params\.yaml: device: cuda.*set device to auto or cpu"):
        choose_device("cuda")
    with pytest.raises(StudyError, match=r"precision: tf32 is of CUDA's"):
        choose_device("cpu", "tf32")
    monkeypatch.setattr(executor, "has_bfloat16", lambda: False)
    with pytest.raises(StudyError, match=r"precision: bf16, which this CPU only emulates"):
        choose_device("auto", "bf16")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto", "tf32") == torch.device("cuda")

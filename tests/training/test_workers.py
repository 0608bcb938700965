"""From a combo to weights and records: the same whatever the number of workers, and orderly when something breaks."""

import os
import signal

import pytest
import torch

from pipeline import paths
from pipeline.networks.pair_network import answers
from pipeline.script import StudyError
from pipeline.training import weights, workers
from pipeline.training.data import load_runs
from pipeline.training.runs import train_runs
from pipeline.training.workers import choose_device, train_combo

CPU = torch.device("cpu")


def ignore(accuracies) -> None:
    """No progress to show."""


def without_seconds(record) -> dict:
    content = record.model_dump()
    del content["curves"]["seconds"]
    return content


@pytest.mark.parametrize("technique", ["baseline", "weight_sharing_aux_loss", "digits_only", "two_channel"])
def test_results_do_not_depend_on_the_number_of_workers(small_study, monkeypatch, technique):
    """To the byte: records (but for seconds) and weights."""
    combo = small_study.combo("basenet", technique)
    outcomes = []
    for count in ("1", "2"):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", count)
        trained = train_combo(combo, small_study.runs, CPU, "fp32", ignore)
        files = [paths.weights(combo.key, seed).read_bytes() for seed in range(small_study.runs)]
        outcomes.append(([without_seconds(record) for record in trained], files))
    assert outcomes[0] == outcomes[1]


def test_stacked_runs_write_the_same_kind_of_record(small_study):
    """The CUDA path, on the CPU: all runs as one."""
    combo = small_study.combo("convnet", "weight_sharing_aux_loss")
    together = train_runs(combo, [0, 1], CPU, "fp32", ignore)
    one_by_one = train_combo(combo, 2, CPU, "fp32", ignore)
    for stacked, single in zip(together, one_by_one, strict=True):
        assert stacked.seed == single.seed
        assert stacked.curves.loss == pytest.approx(single.curves.loss, rel=1e-3)
        assert stacked.gap_pairs == single.gap_pairs


def test_record_counts_what_the_network_answers(small_study):
    """Scores, gaps and confusion agree with one another, and with the weights on disk."""
    combo = small_study.combo("convnet", "weight_sharing_aux_loss")
    record = train_combo(combo, 1, CPU, "fp32", ignore)[0]
    pairs = sum(record.gap_pairs)
    assert pairs == 40
    assert sum(record.gap_correct) / pairs == pytest.approx(record.curves.test_accuracy[-1])
    hits = sum(record.digit_confusion[image][digit][digit] for image in range(2) for digit in range(10))
    assert hits / (2 * pairs) == pytest.approx(record.curves.digit_accuracy[-1])
    trained = weights.load(paths.weights(combo.key, 0))
    test = load_runs([0], standardize=False).test
    correct = answers(trained(test.images[0])) == test.targets[0].bool()
    assert correct.float().mean().item() == pytest.approx(record.curves.test_accuracy[-1])


def test_curves_that_a_technique_lacks_are_empty(small_study):
    undefined = {}
    for technique in ("baseline", "digits_only", "aux_loss"):
        curves = train_combo(small_study.combo("deep_fc", technique), 1, CPU, "fp32", ignore)[0].curves.model_dump()
        assert all(len(curve) == 2 for curve in curves.values())
        undefined[technique] = {name for name, curve in curves.items() if curve == [None, None]}
    assert undefined == {
        "baseline": {"aux_loss", "digit_accuracy"},
        "digits_only": {"comparison_loss"},
        "aux_loss": set(),
    }


def test_every_epoch_of_every_run_is_reported(small_study):
    reported = []
    trained = train_combo(small_study.combo("deep_fc", "baseline"), 2, CPU, "fp32", reported.extend)
    assert sorted(reported) == pytest.approx(
        sorted(accuracy for record in trained for accuracy in record.curves.test_accuracy)
    )


def test_a_failure_in_a_worker_is_the_stage_s(small_study):
    paths.PAIRS.unlink()
    with pytest.raises(StudyError, match=r"pairs\.safetensors: missing"):
        train_combo(small_study.combo("deep_fc", "baseline"), 2, CPU, "fp32", ignore)


def test_a_killed_worker_is_noticed(small_study, monkeypatch):
    monkeypatch.setattr(workers, "train_runs", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(StudyError, match=r"deep_fc-baseline: a worker was killed.*LOKY_MAX_CPU_COUNT=1"):
        train_combo(small_study.combo("deep_fc", "baseline"), 2, CPU, "fp32", ignore)


def test_interrupting_stops_the_workers(small_study):
    """What Ctrl-C does: the stage's own exception comes through, and no worker trains on."""
    recipe = small_study.architectures["deep_fc"].model_copy(update={"epochs": 10_000})
    combo = small_study.combo("deep_fc", "baseline").model_copy(update={"recipe": recipe})

    def interrupt(accuracies):
        if accuracies:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_combo(combo, 2, CPU, "fp32", interrupt)


def test_device_is_chosen_or_refused(monkeypatch):
    assert choose_device("cpu") == CPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == CPU
    with pytest.raises(StudyError, match=r"params\.yaml: device: cuda.*set device to auto or cpu"):
        choose_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("cuda")
    assert choose_device("cpu") == CPU

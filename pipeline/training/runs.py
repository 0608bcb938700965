"""From a combo and some seeds to trained weights on disk and a record per run."""

import platform
from collections.abc import Callable

import torch
from torch import Tensor, nn

from pipeline import paths, records, seeds
from pipeline.networks.pair_network import build, count_parameters
from pipeline.params import Combo
from pipeline.training import weights
from pipeline.training.data import load_runs
from pipeline.training.loop import History, train


def train_runs(
    combo: Combo,
    run_seeds: list[int],
    device: torch.device,
    precision: str,
    on_epoch: Callable[[Tensor], None],
) -> list[records.RunRecord]:
    """Train these runs of a combo together, save the weights of each, and return their records.

    `on_epoch` is called after each epoch with the runs' test accuracies. Raises StudyError if the pairs cannot be read.
    """
    data = load_runs(run_seeds, combo.recipe.standardize)
    networks = [fresh_network(combo, seed).to(device) for seed in run_seeds]
    history = train(networks, data.to(device), combo, run_seeds, precision=precision, on_epoch=on_epoch)
    for run, seed in enumerate(run_seeds):
        origin = weights.Origin(
            combo=combo,
            seed=seed,
            data_set=data.data_set,
            pixel_mean=data.pixel_mean[run],
            pixel_std=data.pixel_std[run],
        )
        weights.save(paths.weights(combo.key, seed), networks[run], origin)
    return [
        records.RunRecord(
            data_set=data.data_set,
            architecture=combo.architecture,
            technique=combo.technique,
            seed=seed,
            parameters=count_parameters(networks[run]),
            device=device.type,
            hardware=torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine(),
            torch=torch.__version__,
            curves=_curves(history, run),
            **_errors(history, run, data.test.digits[run]),
        )
        for run, seed in enumerate(run_seeds)
    ]


def fresh_network(combo: Combo, seed: int) -> nn.Module:
    """The network of one run with its initial weights; torch's global generator stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeds.weights_seed(seed))
        return build(combo).to(memory_format=torch.channels_last)  # convolutions on a CPU are faster so


def _curves(history: History, run: int) -> records.Curves:
    undefined = [None] * len(history.seconds)
    curves = {
        name: history.curves[name][:, run].tolist() if name in history.curves else undefined
        for name in records.Curves.model_fields
        if name != "seconds"
    }
    return records.Curves(seconds=history.seconds, **curves)


def _errors(history: History, run: int, digits: Tensor) -> dict:
    """The last epoch's test answers by the gap between the digits, and its digits' confusion; `digits` (N, 2)."""
    gap = digits[:, 0] - digits[:, 1] - records.GAPS.start  # (N,), from 0
    correct = history.answers[run] == (digits[:, 0] <= digits[:, 1])
    confusion = None
    if history.predicted_digits is not None:
        cells = 10 * digits + history.predicted_digits[run]  # (N, 2)
        confusion = [torch.bincount(image, minlength=100).view(10, 10).tolist() for image in cells.unbind(1)]
    return {
        "gap_pairs": torch.bincount(gap, minlength=len(records.GAPS)).tolist(),
        "gap_correct": torch.bincount(gap[correct], minlength=len(records.GAPS)).tolist(),
        "digit_confusion": confusion,
    }

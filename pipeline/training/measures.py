"""From a trained run to its record: curves with an entry for every epoch, and where the last epoch's network erred."""

import torch
from torch import Tensor

from pipeline import records
from pipeline.records import Record
from pipeline.training.code import engine_digest
from pipeline.training.loop import Trained


def record(trained: Trained, device: str, hardware: str) -> Record:
    """The record of a run that was trained on a device ("cpu" or "cuda") of this name."""
    epochs = trained.run.protocol.epochs
    curves = {
        name: (values := trained.curves.get(name, [])) + [None] * (epochs - len(values))
        for name in records.Curves.model_fields
    }
    return Record(
        run=trained.run,
        engine=engine_digest(trained.run.network.architecture),
        parameters=trained.parameters,
        device=device,
        hardware=hardware,
        torch=torch.__version__,
        diverged=trained.diverged,
        curves=records.Curves(**curves),
        **_errors(trained),
    )


def _errors(trained: Trained) -> dict:
    """The answers to the test pairs by the gap between the digits, and the confusion of the digits."""
    digits = trained.test_digits  # (N, 2)
    gap = digits[:, 0] - digits[:, 1] - records.GAPS.start  # (N,), from 0
    sound = trained.diverged is None  # else nothing was answered
    correct = (trained.answers == (digits[:, 0] <= digits[:, 1])) & sound
    confusion = None
    if sound and trained.predicted_digits is not None:
        confusion = [_confusion(*image) for image in zip(digits.T, trained.predicted_digits.T, strict=True)]
    return {
        "gap_pairs": torch.bincount(gap, minlength=len(records.GAPS)).tolist(),
        "gap_correct": torch.bincount(gap[correct], minlength=len(records.GAPS)).tolist(),
        "digit_confusion": confusion,
    }


def _confusion(digits: Tensor, predicted: Tensor) -> list[list[int]]:
    """How often each digit (row) was read as each (column)."""
    return torch.bincount(10 * digits + predicted, minlength=100).view(10, 10).tolist()

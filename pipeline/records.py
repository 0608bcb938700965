"""The record of a run: what training measured, and all that the later stages know of it.

reports/runs/COMBO.json is a JSON list with one record per run: a list, because DVC takes a metrics file that holds a
list for data and shows no rows of it. Accuracies are fractions from 0 to 1.
"""

import json
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.script import StudyError

Curve = list[Annotated[float, Field(allow_inf_nan=True)] | None]  # one value an epoch; None: not defined
GAPS = range(-9, 10)  # first digit minus second digit


class Curves(BaseModel):
    """One list per quantity, one entry per epoch.

    Losses and training accuracy are means over the epoch's training pairs, taken from the batches as they passed:
    with dropout on, and before the update that each batch caused. Test and digit accuracy are measured on the test
    pairs after the epoch, with dropout off.
    """

    model_config = ConfigDict(extra="forbid")

    loss: Curve  # what was minimised: comparison_loss + aux_weight * aux_loss
    comparison_loss: Curve  # None throughout where the technique trains on the digits alone
    aux_loss: Curve  # cross-entropies of the two digits, added; None throughout where no digit is trained
    train_accuracy: Curve
    test_accuracy: Curve
    digit_accuracy: Curve  # of both test digits; None throughout where no digit is trained
    seconds: Curve  # wall time; runs that train as one share it evenly


class RunRecord(BaseModel):
    """What is known of one run: one combo with one seed."""

    model_config = ConfigDict(extra="forbid")

    data_set: str
    architecture: str
    technique: str
    seed: int
    parameters: int  # trainable weights of the network
    device: str  # for instance "cpu" or "cuda"
    hardware: str  # for instance "NVIDIA H200"
    torch: str  # its version
    curves: Curves
    gap_pairs: list[int]  # how many test pairs have each gap in GAPS (first digit - second digit)
    gap_correct: list[int]  # how many of them the last epoch's network answers correctly
    digit_confusion: list[list[list[int]]] | None  # [image 1 or 2][true digit][predicted digit], test pairs


def write(path: Path, records: list[RunRecord]) -> None:
    """Write a combo's records, one run a line; floats keep six significant digits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(_rounded(record.model_dump()), allow_nan=True) for record in records]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def read(path: Path) -> list[RunRecord]:
    """Read a combo's records; StudyError if the file is missing or is no such list."""
    try:
        return [RunRecord.model_validate(entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; `dvc repro` trains that combo") from None
    except (json.JSONDecodeError, UnicodeDecodeError, ValidationError, TypeError):
        raise StudyError(f"{path}: damaged; delete it, and `dvc repro` trains that combo again") from None


def _rounded(value):
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return value

"""The record of a run: what made it and what it measured; all that the later stages know of it.

reports/runs/COMBO.json is a JSON list with one record per run: a list, because DVC takes a metrics file that holds a
list for data and shows no rows of it. Accuracies are fractions from 0 to 1. Wall times are not recorded: the same run
gives the same bytes.
"""

import json
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.run import Run
from pipeline.script import StudyError, write_whole

GAPS = range(-9, 10)  # first digit minus second digit
Accuracy = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
# One value an epoch; None throughout where it is not defined, and from the epoch on in which a run diverged.
Curve = list[float | None]
AccuracyCurve = list[Accuracy | None]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Curves(_Part):
    """One list per quantity, one entry per epoch.

    Losses and training accuracy are means over the epoch's training pairs, taken from the batches as they passed:
    with dropout on, and before the update that each batch caused. The other accuracies are measured on the test pairs
    after the epoch, with dropout off (but see `Protocol.test_in_training_mode`).
    """

    loss: Curve  # what was minimised: comparison_loss + aux_weight * aux_loss
    comparison_loss: Curve  # None where the digits alone are trained
    aux_loss: Curve  # cross-entropies of the two digits, added; None where no digit is trained
    train_accuracy: AccuracyCurve
    test_accuracy: AccuracyCurve
    digit_accuracy: AccuracyCurve  # of both test digits; None where the network reads none
    readout_accuracy: AccuracyCurve  # of comparing the two digits read; None where there are none, or they answer


class Record(_Part):
    """What is known of one run."""

    run: Run
    engine: str  # digest of the code that trained it: pipeline.training.code
    parameters: Count  # trainable weights of the network
    device: str  # "cpu" or "cuda"
    hardware: str  # for instance "NVIDIA H200"
    torch: str  # its version
    diverged: Annotated[int, Field(ge=1)] | None  # the first epoch whose loss or weights were not finite
    curves: Curves
    gap_pairs: Annotated[list[Count], Field(min_length=len(GAPS), max_length=len(GAPS))]  # test pairs at each of GAPS
    gap_correct: Annotated[list[Count], Field(min_length=len(GAPS), max_length=len(GAPS))]  # answered right at the end
    digit_confusion: list[list[list[Count]]] | None  # [image 1 or 2][true digit][digit read], test pairs, at the end


def write(path: Path, records: list[Record]) -> None:
    """Write a combo's records, one run a line; floats keep six significant digits. The file is replaced whole."""
    lines = [json.dumps(_rounded(record.model_dump())) for record in records]
    write_whole(path, ("[\n" + ",\n".join(lines) + "\n]\n").encode())


def read(path: Path) -> list[Record]:
    """Read a combo's records; StudyError if the file is missing or is no such list."""
    try:
        return [Record.model_validate_json(json.dumps(entry)) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; `dvc repro` trains that combo") from None
    except (json.JSONDecodeError, UnicodeDecodeError, ValidationError, TypeError):
        raise StudyError(f"{path}: damaged; `dvc repro -f` of that combo's stage trains it again") from None


def _rounded(value):
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, dict):
        # The description stays exact: its digest depends on every bit.
        return {key: item if key == "run" else _rounded(item) for key, item in value.items()}
    return value

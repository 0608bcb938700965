"""The result of a run: what made it and what it measured; all that later stages know of it.

A file of results is a JSON list with one result a line: a list, because DVC takes a metrics file that holds a list for
data and shows no rows of it. Accuracies are fractions from 0 to 1, with six significant digits. Wall times are not
recorded: the same run gives the same bytes. Each result carries a digest of its content, so that an edited one is seen.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.engine.errors import StudyError
from pipeline.engine.run import Run

GAPS = range(-9, 10)  # first digit minus second digit
Accuracy = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
# One value an epoch, None from the epoch on in which a run diverged. A curve that is not defined is None as a whole.
Curve = list[float | None]
AccuracyCurve = list[Accuracy | None]
ByGap = Annotated[list[Count], Field(min_length=len(GAPS), max_length=len(GAPS))]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Curves(_Part):
    """What was measured at every epoch.

    Losses and training accuracy are means over the epoch's training pairs, taken from the batches as they passed:
    with dropout on, and before the update that each batch caused. The other accuracies are measured on the test pairs
    after the epoch, with dropout off (but see `Protocol.test_in_training_mode`).
    """

    train_accuracy: AccuracyCurve
    test_accuracy: AccuracyCurve
    digit_accuracy: AccuracyCurve | None = None  # of both test digits; None where the network reads none
    # Of comparing the two digits read; None where there are none, or where they answer.
    digit_derived_accuracy: AccuracyCurve | None = None
    loss: Curve | None = None  # what was minimised: comparison_loss + aux_weight * aux_loss
    comparison_loss: Curve | None = None  # None where the digits alone are trained
    aux_loss: Curve | None = None  # cross-entropies of the two digits, added; None where no digit is trained


class Errors(_Part):
    """Where the last epoch's network erred on its test pairs."""

    gap_pairs: ByGap  # test pairs at each of GAPS
    gap_correct: ByGap  # of these, answered right
    digit_confusion: list[list[list[Count]]] | None = None  # [image 1 or 2][true digit][digit read], if it reads any


class Result(_Part):
    """What is known of one run; an annex's results have neither losses nor errors nor weights."""

    run: Run
    engine: str  # digest of the code that trained it
    pairs: str  # digest of the pairs that it saw: `run.pairs_digest`
    torch: str  # its version
    device: Literal["cpu", "cuda"]
    hardware: str  # for instance "NVIDIA H200"
    parameters: Count  # trainable weights of the network
    diverged: Annotated[int, Field(ge=1)] | None = None  # the first epoch whose loss or weights were not finite
    curves: Curves
    errors: Errors | None = None
    weights: str | None = None  # SHA-256 of the file of its weights, where that is kept

    def brief(self) -> "Result":
        """What an annex keeps of it."""
        curves = self.curves.model_copy(update=dict.fromkeys(("loss", "comparison_loss", "aux_loss")))
        return self.model_copy(update={"curves": curves, "errors": None, "weights": None})


def rounded(curve: list[float], epochs: int) -> list[float | None]:
    """A curve as results have it: six significant digits, and None after the epochs that it has."""
    return [float(f"{value:.6g}") for value in curve] + [None] * (epochs - len(curve))


def errors(digits: np.ndarray, answers: np.ndarray, predicted: np.ndarray | None) -> Errors:
    """Where these answers (N,) to test pairs with these digits (N, 2) err; `predicted` (N, 2): the digits read."""
    gap = digits[:, 0] - digits[:, 1] - GAPS.start  # (N,), from 0
    correct = answers == (digits[:, 0] <= digits[:, 1])
    confusion = None
    if predicted is not None:  # how often each digit (row) was read as each (column)
        both = [np.bincount(10 * digits[:, i] + predicted[:, i], minlength=100).reshape(10, 10) for i in range(2)]
        confusion = [table.tolist() for table in both]
    counts = [np.bincount(part, minlength=len(GAPS)).tolist() for part in (gap, gap[correct])]
    return Errors(gap_pairs=counts[0], gap_correct=counts[1], digit_confusion=confusion)


def to_line(result: Result) -> str:
    """A result as a line of JSON; fields at their default are left out."""
    entry = result.model_dump(exclude_defaults=True)
    return json.dumps(entry | {"content": _digest(entry)})


def from_line(line: str, where: str) -> Result:
    """A result from its line; StudyError, naming `where` it stands, if that is none, or was changed."""
    try:
        entry = json.loads(line)
        content = entry.pop("content")
        if content == _digest(entry):
            return Result.model_validate_json(json.dumps(entry))
        run = entry["run"]
        name = f"{run['network']['architecture']}, seed {run['seed']}"
    except (ValueError, ValidationError, KeyError, TypeError, AttributeError, RecursionError):
        raise StudyError(f"{where}: damaged; `dvc repro -f` of its stage trains it again") from None
    raise StudyError(f"{where}: the result of {name} was changed by hand; `dvc repro -f` of its stage trains it again")


def to_text(results: Iterable[Result]) -> str:
    """The content of a file of results."""
    return "[\n" + ",\n".join(map(to_line, results)) + "\n]\n"


def lines(text: str) -> list[str]:
    """The results' lines of such a content, whatever they hold."""
    return [line.removesuffix(",") for line in text.splitlines() if line not in ("[", "]", "")]


def read(path: Path) -> list[Result]:
    """Read a file of results; StudyError if it is missing, is no such list, or one of them was changed."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; `dvc repro` of its stage trains it") from None
    except UnicodeDecodeError:
        raise StudyError(f"{path}: damaged; `dvc repro -f` of its stage trains it again") from None
    if not text.startswith("[\n") or not text.endswith("\n]\n"):
        raise StudyError(f"{path}: damaged; `dvc repro -f` of its stage trains it again")
    return [from_line(line, str(path)) for line in lines(text)]


def of_runs(path: Path, runs: Iterable[Run]) -> list[Result]:
    """The results of these runs in their order, from a file that may hold others too.

    Raises StudyError as `read`, and if one of the runs is not there.
    """
    known = {result.run: result for result in read(path)}
    try:
        return [known[run] for run in runs]
    except KeyError:
        raise StudyError(f"{path}: holds other runs than the params ask for; `dvc repro` trains those") from None


def _digest(entry: dict) -> str:
    return hashlib.sha256(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]

"""The outcome of a run: what a further study keeps of its record, which is little, since such a study has many runs.

reports/STUDY/.../NAME.json is a JSON list with one outcome per run, as reports/runs/COMBO.json has one record per run.
A run is named by its digest, so that a reader has to know what was asked for to find anything. An outcome that Git has
serves again where the same run is asked for (`kept.committed`): another list of runs trains what is new in it alone.
"""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.records import AccuracyCurve, Record
from pipeline.run import Run
from pipeline.script import StudyError, write_whole


class Outcome(BaseModel):
    """What is kept of one run; accuracies are fractions, one an epoch, as in `records.Curves`."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    run: str  # its digest
    engine: str  # digest of the code that trained it: pipeline.training.code
    pairs: str  # digest of the files of its pairs, as Kept takes it; empty for a run of the study
    hardware: str  # that trained it
    torch: str  # version
    parameters: Annotated[int, Field(ge=0)]  # trainable weights
    diverged: Annotated[int, Field(ge=1)] | None  # first epoch whose loss or weights were not finite
    train_accuracy: AccuracyCurve
    test_accuracy: AccuracyCurve


def of(record: Record, pairs: str = "") -> Outcome:
    """The outcome of the run that this record is of; `pairs`: the digest of those that it was trained on, if known."""
    same = {name: getattr(record, name) for name in ("engine", "hardware", "torch", "parameters", "diverged")}
    curves = {name: _rounded(getattr(record.curves, name)) for name in ("train_accuracy", "test_accuracy")}
    return Outcome(run=record.run.digest(), pairs=pairs, **same, **curves)


def _rounded(curve: AccuracyCurve) -> AccuracyCurve:
    """To six significant digits, as records are written."""
    return [None if value is None else float(f"{value:.6g}") for value in curve]


def scores(outcome: Outcome) -> dict:
    """What a table of runs has of an outcome: its accuracies after the last epoch, NaN if it diverged."""
    names = ("test_accuracy", "train_accuracy")
    last = {name: math.nan if outcome.diverged else getattr(outcome, name)[-1] for name in names}
    return {"diverged": outcome.diverged, **last, "hardware": outcome.hardware, "torch": outcome.torch}


def write(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Write outcomes, one a line; the file is replaced whole."""
    lines = [json.dumps(outcome.model_dump(), separators=(",", ":")) for outcome in outcomes]
    write_whole(path, ("[\n" + ",\n".join(lines) + "\n]\n").encode())


def read(path: Path) -> dict[str, Outcome]:
    """The outcomes in a file by their runs' digests; StudyError if the file is missing or is no such list."""
    remedy = "`dvc repro` of its study's dvc.yaml"
    try:
        listed = [Outcome.model_validate(entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; {remedy} trains those runs") from None
    except (json.JSONDecodeError, UnicodeDecodeError, ValidationError, TypeError):
        raise StudyError(f"{path}: damaged; {remedy}, with -f, trains those runs again") from None
    return {outcome.run: outcome for outcome in listed}


def chosen(outcomes: dict[str, Outcome], runs: Iterable[Run], path: Path) -> list[Outcome]:
    """The outcomes of these runs; StudyError if one is not among those that were read from this file."""
    try:
        return [outcomes[run.digest()] for run in runs]
    except KeyError:
        raise StudyError(
            f"{path}: holds other runs than are asked for now; `dvc repro` of its study's dvc.yaml trains those"
        ) from None

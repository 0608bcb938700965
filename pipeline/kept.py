"""Finished runs, kept until their stage has ended well: an interruption loses at most the runs in flight.

They lie under the project's root (DVC_ROOT, so that temporary workspaces of experiments share them), outside the
stages' outputs, which DVC removes before it starts a stage. A run's name is a digest of its description, its pairs,
the engine's code and torch's version, so that nothing of another description or other code is ever taken. The outcomes
that further studies have in Git are taken by the same rule.
"""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError

from pipeline import paths
from pipeline.outcomes import Outcome
from pipeline.records import Record
from pipeline.run import Run
from pipeline.script import StudyError, write_whole
from pipeline.training.code import engine_digest

FOLDER = Path(".dvc/tmp/runs")


class Kept:
    """The finished runs that were trained on these pairs."""

    def __init__(self, pairs_digest: str):
        self.folder = Path(os.environ.get("DVC_ROOT", ".")) / FOLDER
        self.pairs_digest = pairs_digest

    def put(self, weights: bytes, record: Record) -> None:
        """Keep a run. Its weights are written before the record that vouches for them; each file appears whole."""
        text = record.model_dump_json()
        vouched = {"record": text, "weights": _digest(weights), "check": _digest(text.encode())}
        write_whole(self._path(record.run, "safetensors"), weights)
        write_whole(self._path(record.run, "json"), json.dumps(vouched).encode())

    def take(self, run: Run) -> tuple[bytes, Record] | None:
        """The weights and the record of this run; None if it is not kept, or not to the last bit as it was written."""
        try:
            weights = self._path(run, "safetensors").read_bytes()
            vouched = json.loads(self._path(run, "json").read_text(encoding="utf-8"))
            text = vouched["record"]
            if (vouched["weights"], vouched["check"]) != (_digest(weights), _digest(text.encode())):
                return None
            record = Record.model_validate_json(text)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ValidationError):
            return None
        return (weights, record) if record.run == run else None

    def drop(self, runs: list[Run]) -> None:
        """Forget these runs."""
        for run in runs:
            for suffix in ("json", "safetensors"):
                self._path(run, suffix).unlink(missing_ok=True)

    def _path(self, run: Run, suffix: str) -> Path:
        code = f"{engine_digest(run.network.architecture)}/torch {version('torch')}"
        made_from = f"{run.digest()}/{self.pairs_digest}/{code}"
        return self.folder / f"{_digest(made_from.encode())[:32]}.{suffix}"


def digest_of_pairs(splits: Iterable[str], folder: Path = paths.PAIRS) -> str:
    """What `pair.read` gives pairs of these splits as their digest, without reading them; StudyError if one is missing.

    So a stage whose runs are all kept need not import torch, which takes most of its time.
    """
    digest = hashlib.sha256()
    for path in (paths.pairs(split, folder) for split in splits):
        try:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        except FileNotFoundError:
            raise StudyError(f"{path}: missing; `dvc repro pair` makes it") from None
    return digest.hexdigest()


def committed(path: Path, runs: Iterable[Run], pairs: str) -> dict[Run, Outcome]:
    """The outcomes of these runs that Git has of this file, if the same code, torch and pairs would give them again."""
    shown = subprocess.run(["git", "show", f"HEAD:./{path.as_posix()}"], capture_output=True, check=False)
    try:
        listed = [Outcome.model_validate(entry) for entry in json.loads(shown.stdout)]
    except (ValueError, TypeError):  # not there, or of another form
        return {}
    known = {outcome.run: outcome for outcome in listed}
    found = {run: known[digest] for run in runs if (digest := run.digest()) in known}
    return {run: outcome for run, outcome in found.items() if _would_come_again(run, outcome, pairs)}


def _would_come_again(run: Run, outcome: Outcome, pairs: str) -> bool:
    torch, _, _ = outcome.torch.partition("+")  # without what it was built for
    return (outcome.engine, outcome.pairs, torch) == (
        engine_digest(run.network.architecture),
        pairs,
        version("torch").partition("+")[0],
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""Made-up studies for the tests of whatever reads records: small parameters, and records of plausible size.

The numbers are invented, but hang together as a trained run's do: all techniques of a seed see the same pairs, the
last test accuracy is that of the gaps, and the last digit accuracy that of the confusion.
"""

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml

from pipeline import paths, records
from pipeline.analysis import tables
from pipeline.params import Combo, Params

AGGREGATED = [name for name in tables.COLUMNS if name != "what_if"]  # the tables that the stage `aggregate` writes
ROOT = Path(__file__).resolve().parents[1]
LEVELS = {  # last test accuracies around which the made-up runs scatter
    "two_channel": 0.81,
    "baseline": 0.83,
    "weight_sharing": 0.86,
    "aux_loss": 0.89,
    "weight_sharing_aux_loss": 0.91,
    "digits_only": 0.94,
}


def make_params(
    architectures: Sequence[str] | None = None,
    techniques: Sequence[str] | None = None,
    runs: int = 3,
    epochs: int = 4,
    source: str = "mnist",
) -> Params:
    """The project's params.yaml with fewer runs and epochs, and those architectures and techniques (None: all)."""
    content = yaml.safe_load((ROOT / paths.PARAMS).read_text(encoding="utf-8"))
    content["runs"] = runs
    content["data"]["source"] = source
    for recipe in content["architectures"].values():
        recipe["epochs"] = epochs
    if architectures is not None:
        content["architectures"] = {name: content["architectures"][name] for name in architectures}
    if techniques is not None:
        for group, listed in content["techniques"].items():
            content["techniques"][group] = {name: s for name, s in listed.items() if name in techniques}
    return Params.model_validate(content)


def make_records(params: Params, device: str = "cpu") -> dict[str, list[records.RunRecord]]:
    """Every combo's records, by the combo's key; the same for the same parameters."""
    return {combo.key: [_run(params, combo, seed, device) for seed in range(params.runs)] for combo in params.combos()}


def write_study(params: Params, device: str = "cpu") -> None:
    """Write params.yaml and every combo's record into the current folder, as `aggregate` reads them."""
    paths.PARAMS.write_text(yaml.safe_dump(params.model_dump(), sort_keys=False), encoding="utf-8")
    for key, runs in make_records(params, device).items():
        records.write(paths.record(key), runs)


def _run(params: Params, combo: Combo, seed: int, device: str) -> records.RunRecord:
    numbers = np.random.default_rng(zlib.crc32(f"{combo.key}/{seed}".encode()))
    digits = np.random.default_rng(seed).integers(0, 10, size=(2, params.data.test_pairs))  # alike for all techniques
    level = LEVELS.get(combo.technique, 0.85) + np.random.default_rng([seed, 1]).normal(0, 0.008)
    gap = digits[0] - digits[1]
    correct = numbers.random(gap.shape) < np.clip(level + 0.01 * (np.abs(gap) - 3), 0, 1)
    confusion = None
    if combo.has_aux_loss or combo.switches.answer == "digits":
        predicted = np.where(numbers.random(digits.shape) < level + 0.03, digits, numbers.integers(0, 10, digits.shape))
        confusion = np.zeros((2, 10, 10), dtype=int)
        for image in range(2):
            np.add.at(confusion[image], (digits[image], predicted[image]), 1)
    return records.RunRecord(
        data_set=params.data.source,
        architecture=combo.architecture,
        technique=combo.technique,
        seed=seed,
        parameters=50_000 * (2 if combo.switches.encoder == "separate" else 1) + len(combo.architecture),
        device=device,
        hardware="made up",
        torch="0.0",
        curves=_curves(combo, numbers, correct.mean(), confusion),
        gap_pairs=[int((gap == g).sum()) for g in records.GAPS],
        gap_correct=[int(correct[gap == g].sum()) for g in records.GAPS],
        digit_confusion=None if confusion is None else confusion.tolist(),
    )


def _curves(
    combo: Combo, numbers: np.random.Generator, accuracy: float, confusion: np.ndarray | None
) -> records.Curves:
    """Curves that rise or fall towards what the run ends with."""
    epochs = combo.recipe.epochs
    rise = 1 - 0.4 * np.exp(-np.arange(1, epochs + 1) / 2)  # towards 1
    wiggle = numbers.normal(0, 0.003, epochs)
    curves = {
        "train_accuracy": np.clip(rise - 0.01 + wiggle, 0, 1),
        "test_accuracy": np.clip(rise * accuracy + wiggle, 0, 1),
    }
    curves["test_accuracy"][-1] = accuracy
    parts = {}
    if combo.switches.answer == "comparator":
        parts["comparison_loss"] = 0.7 - 0.5 * rise + wiggle
    if confusion is not None:
        parts["aux_loss"] = 4.6 - 4 * rise + wiggle
        curves["digit_accuracy"] = rise / rise[-1] * np.trace(confusion, axis1=1, axis2=2).sum() / confusion.sum()
    weights = {"comparison_loss": 1, "aux_loss": combo.aux_weight if combo.has_aux_loss else 1}
    curves["loss"] = sum(weights[name] * part for name, part in parts.items())
    curves |= parts | {"seconds": np.full(epochs, 0.5)}
    undefined = dict.fromkeys(records.Curves.model_fields, [None] * epochs)
    return records.Curves(**(undefined | {name: curve.tolist() for name, curve in curves.items()}))

"""Made-up studies for the tests of whatever reads records: small parameters, and records of plausible size.

The numbers are invented, but hang together as a trained run's do: all techniques of a seed see the same pairs, the
last test accuracy is that of the gaps, and the last digit accuracy that of the confusion.
"""

import shutil
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import yaml

from pipeline import paths, protocols, records
from pipeline.params import Combo, Params
from pipeline.run import Run

ROOT = Path(__file__).resolve().parents[1]
LEVELS = {  # last test accuracies around which the made-up runs scatter
    "two_channel": 0.81,
    "baseline": 0.83,
    "weight_sharing": 0.86,
    "aux_loss": 0.89,
    "weight_sharing_aux_loss": 0.91,
    "latent_digits": 0.88,
    "latent_digits_aux_loss": 0.95,
    "digits_only": 0.94,
}


def make_params(
    architectures: Sequence[str] | None = None,
    techniques: Sequence[str] | None = None,
    seeds: int = 3,
    epochs: int = 4,
    source: str = "mnist",
) -> Params:
    """The project's params.yaml with fewer seeds and epochs, and those architectures and techniques (None: all)."""
    content = yaml.safe_load((ROOT / paths.PARAMS).read_text(encoding="utf-8"))
    content["seeds"] = seeds
    content["data"]["source"] = source
    for recipe in content["architectures"].values():
        recipe["epochs"] = epochs
    if architectures is not None:
        content["architectures"] = {name: content["architectures"][name] for name in architectures}
    if techniques is not None:
        for group, listed in content["techniques"].items():
            content["techniques"][group] = {name: s for name, s in listed.items() if name in techniques}
    return Params.model_validate(content)


def make_records(
    params: Params, device: str = "cpu", diverged: Collection[tuple[str, int]] = ()
) -> dict[Combo, list[records.Record]]:
    """Every combo's records, the same for the same parameters; runs of `diverged` (combo's key, seed) do in epoch 2."""
    return {
        combo: [_record(combo, run, device, (combo.key, run.seed) in diverged) for run in params.runs(combo)]
        for combo in params.combos()
    }


def write_study(params: Params, device: str = "cpu", diverged: Collection[tuple[str, int]] = ()) -> None:
    """Write params.yaml and every combo's records into the current folder, as `aggregate` reads them."""
    paths.PARAMS.write_text(yaml.safe_dump(params.model_dump(), sort_keys=False), encoding="utf-8")
    protocols.FILE.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / protocols.FILE, protocols.FILE)  # the published figures
    for combo, made in make_records(params, device, diverged).items():
        records.write(paths.record(combo.key), made)


def _record(combo: Combo, run: Run, device: str, diverges: bool) -> records.Record:
    numbers = np.random.default_rng(zlib.crc32(f"{combo.key}/{run.seed}".encode()))
    digits = np.random.default_rng(run.seed).integers(0, 10, (2, run.data.test_pairs))  # alike for all techniques
    level = LEVELS.get(combo.technique, 0.85) + np.random.default_rng([run.seed, 1]).normal(0, 0.008)
    gap = digits[0] - digits[1]
    correct = numbers.random(gap.shape) < np.clip(level + 0.01 * (np.abs(gap) - 3), 0, 1)
    confusion, readout = None, None
    if combo.has_aux_loss or combo.network.answer != "comparator":
        guesses = numbers.integers(0, 10, digits.shape)
        predicted = np.where(numbers.random(digits.shape) < min(level + 0.05, 0.99), digits, guesses)
        confusion = np.zeros((2, 10, 10), dtype=int)
        for image in range(2):
            np.add.at(confusion[image], (digits[image], predicted[image]), 1)
        if combo.network.answer == "comparator":
            readout = float(((predicted[0] <= predicted[1]) == (gap <= 0)).mean())
    return records.Record(
        run=run,
        engine="0" * 64,
        parameters=50_000 * (2 if combo.network.encoder == "separate" else 1) + len(combo.architecture),
        device=device,
        hardware="made up",
        torch="0.0",
        diverged=2 if diverges else None,
        curves=_curves(run, numbers, correct.mean(), confusion, readout, diverges),
        gap_pairs=[int((gap == g).sum()) for g in records.GAPS],
        gap_correct=[int(correct[gap == g].sum()) for g in records.GAPS],
        digit_confusion=None if confusion is None else confusion.tolist(),
    )


def _curves(
    run: Run,
    numbers: np.random.Generator,
    accuracy: float,
    confusion: np.ndarray | None,
    readout: float | None,
    diverges: bool,
) -> records.Curves:
    """Curves that rise or fall towards what the run ends with."""
    epochs = run.protocol.epochs
    rise = 1 - 0.4 * np.exp(-np.arange(1, epochs + 1) / 2)  # towards 1
    wiggle = numbers.normal(0, 0.003, epochs)
    curves = {
        "train_accuracy": np.clip(rise - 0.01 + wiggle, 0, 1),
        "test_accuracy": np.clip(rise * accuracy + wiggle, 0, 1),
    }
    curves["test_accuracy"][-1] = accuracy
    parts = {}
    if run.network.answer != "digits":
        parts["comparison_loss"] = 0.7 - 0.5 * rise + wiggle
    if run.trains_digits:
        parts["aux_loss"] = 4.6 - 4 * rise + wiggle
    if confusion is not None:
        curves["digit_accuracy"] = rise / rise[-1] * np.trace(confusion, axis1=1, axis2=2).sum() / confusion.sum()
    if readout is not None:
        curves["readout_accuracy"] = rise / rise[-1] * readout
    weights = {"comparison_loss": 1, "aux_loss": 1 if run.protocol.aux_weight is None else run.protocol.aux_weight}
    curves["loss"] = sum(weights[name] * part for name, part in parts.items())
    undefined = dict.fromkeys(records.Curves.model_fields, [None] * epochs)
    filled = undefined | {name: curve.tolist() for name, curve in (curves | parts).items()}
    if diverges:
        filled = {name: curve[:1] + [None] * (epochs - 1) for name, curve in filled.items()}
    return records.Curves(**filled)

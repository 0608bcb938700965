"""Made-up studies for the tests of whatever reads results: small parameters, and results of plausible size.

The numbers are invented, but hang together as a trained run's do: all techniques of a seed see the same pairs, the
last test accuracy is that of the gaps, and the last digit accuracy that of the confusion.
"""

import zlib
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
import yaml

from pipeline import paths
from pipeline.engine import result
from pipeline.engine.result import Curves, Result
from pipeline.engine.run import Run
from pipeline.params import Combo, Params
from tests import ROOT
from tests.made_up import NOWHERE

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
    if source == "digits":  # it has fewer images
        content["data"] |= {"train_pairs": 500, "test_pairs": 200}
    for recipe in content["architectures"].values():
        recipe["epochs"] = epochs
    if architectures is not None:
        content["architectures"] = {name: content["architectures"][name] for name in architectures}
    if techniques is not None:
        for group, listed in content["techniques"].items():
            content["techniques"][group] = {name: s for name, s in listed.items() if name in techniques}
    return Params.model_validate(content)


def write_study(params: Params, diverged: Collection[tuple[str, int]] = ()) -> None:
    """Write params.yaml and every combo's results, the same for the same parameters, into the current folder.

    Runs of `diverged` (a combo's key, seed) do in epoch 2.
    """
    paths.PARAMS.write_text(yaml.safe_dump(params.model_dump(), sort_keys=False), encoding="utf-8")
    paths.RESULTS.mkdir(parents=True, exist_ok=True)
    for combo in params.combos():
        made = [_result(combo, run, (combo.key, run.seed) in diverged) for run in params.runs(combo)]
        paths.results(combo.key).write_text(result.to_text(made), encoding="utf-8")


def row_of(table: pd.DataFrame, **keys) -> dict:
    """The one row of a table that has these values."""
    (row,) = table[(table[list(keys)] == pd.Series(keys)).all(axis="columns")].to_dict("records")
    return row


def _result(combo: Combo, run: Run, diverges: bool) -> Result:
    numbers = np.random.default_rng(zlib.crc32(f"{combo.key}/{run.seed}".encode()))
    digits = np.random.default_rng(run.seed).integers(0, 10, (run.data.test_pairs, 2))  # alike for all techniques
    level = LEVELS.get(combo.technique, 0.85) + np.random.default_rng([run.seed, 1]).normal(0, 0.008)
    gap = digits[:, 0] - digits[:, 1]
    correct = numbers.random(gap.shape) < np.clip(level + 0.01 * (np.abs(gap) - 3), 0, 1)
    predicted, ends = None, {"test_accuracy": correct.mean()}
    if combo.has_aux_loss or combo.network.answer != "comparator":
        guesses = numbers.integers(0, 10, digits.shape)
        predicted = np.where(numbers.random(digits.shape) < min(level + 0.05, 0.99), digits, guesses)
        ends["digit_accuracy"] = (predicted == digits).mean()
        if combo.network.answer == "comparator":
            ends["digit_derived_accuracy"] = ((predicted[:, 0] <= predicted[:, 1]) == (gap <= 0)).mean()
    return Result(
        run=run,
        **NOWHERE,
        parameters=50_000 * (2 if combo.network.encoder == "separate" else 1) + len(combo.architecture),
        diverged=2 if diverges else None,
        curves=_curves(run, numbers, ends, diverges),
        errors=result.errors(digits, (gap <= 0) == correct, predicted),
    )


def _curves(run: Run, numbers: np.random.Generator, ends: dict[str, float], diverges: bool) -> Curves:
    """Curves that rise or fall towards what the run ends with."""
    epochs = run.protocol.epochs
    rise = 1 - 0.4 * np.exp(-np.arange(1, epochs + 1) / 2)  # towards 1
    wiggle = numbers.normal(0, 0.003, epochs)
    curves = {name: np.clip(rise / rise[-1] * end, 0, 1) for name, end in ends.items()}
    curves["train_accuracy"] = np.clip(rise - 0.01 + wiggle, 0, 1)
    curves["loss"] = 0
    if run.network.answer != "digits":
        curves["comparison_loss"] = 0.7 - 0.5 * rise + wiggle
        curves["loss"] += curves["comparison_loss"]
    if run.trains_digits:
        curves["aux_loss"] = 4.6 - 4 * rise + wiggle
        curves["loss"] += curves["aux_loss"] * (1 if run.protocol.aux_weight is None else run.protocol.aux_weight)
    ended = 1 if diverges else epochs
    return Curves(**{name: result.rounded(curve.tolist()[:ended], epochs) for name, curve in curves.items()})

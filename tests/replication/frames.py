"""Made-up tables of the replication, for all published rows and their departures; numbers invented, but consistent."""

import math
import zlib

import numpy as np
import pandas as pd

from pipeline import protocols, tables
from pipeline.analysis.published import verdict
from pipeline.params import Params
from pipeline.protocols import Replication, Row

# Their effects, as (row, departure): shown along with what all departures do, against it, and both ways but apart.
SHOWN = {
    ("lenet5-aux_loss", "optimizer_memory"): 0.05,
    ("lenet5-aux_loss", "batch_order"): -0.03,
    ("mlpnet-two_channel", "answer_loss"): 0.02,
}
OUTSIDE = {"deep_fc-aux_loss": 0.03, "lenet5-weight_sharing": -0.03}  # ours minus published
SPREAD_OUTSIDE = "basenet-two_channel"


def make_frames(study: Params, published: Replication, dropped: tuple[str, ...] = ()) -> dict[str, pd.DataFrame]:
    """The three tables, by name; rows whose key is `dropped` are left out."""
    rows = [row for row in published.rows if row.key not in dropped]
    return {
        "replication/figures": tables.frame("replication/figures", [f for row in rows for f in _figures(row, study)]),
        "replication/departures": tables.frame(
            "replication/departures", [made for row in rows for made in _departures(row, study)]
        ),
        "replication/curves": tables.frame("replication/curves", [point for row in rows for point in _curves(row)]),
    }


def write_frames(study: Params, published: Replication) -> None:
    """Write them where the tables of the current folder are."""
    for name, frame in make_frames(study, published).items():
        tables.write(name, frame)


def _name(row: Row) -> dict:
    return {"report": row.report, "architecture": row.architecture, "technique": row.technique}


def _numbers(row: Row) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(row.key.encode()))


def _figures(row: Row, study: Params) -> list[dict]:
    numbers, n = _numbers(row), row.of_report.runs
    wanted = [("test_accuracy", measure, row.figure.test) for measure in row.of_report.measures]
    if row.figure.train:
        wanted.append(("train_accuracy", "last_epoch", row.figure.train))
    made = []
    for quantity, measure, (mean, std) in wanted:
        mean, std = mean / 100, std / 100
        ours = mean + OUTSIDE.get(row.key, numbers.normal(0, 0.002))
        difference, error = ours - mean, 2 * std * math.sqrt(2 / n)
        ratio = 3.0 if row.key == SPREAD_OUTSIDE else 0.9
        made.append(
            _name(row)
            | {
                "published_name": row.figure.name,
                "known_from": row.known_from,
                "quantity": quantity,
                "measure": measure,
                "main": measure == row.of_report.measures[0],
                "published_mean": mean,
                "published_std": std,
                "published_runs": n,
                "our_mean": ours,
                "our_std": std / ratio,
                "our_runs": n,
                "diverged": 0,
                "difference": difference,
                "ci_low": difference - error,
                "ci_high": difference + error,
                "verdict": verdict(difference - error, difference + error),
                "prediction_low": ours - error,
                "prediction_high": ours + error,
                "within": abs(difference) <= error,
                "spread_ratio": ratio,
                "spread_low": 0.5,
                "spread_high": 2.0,
                "spread_within": 0.5 <= ratio <= 2.0,
                "study_mean": ours - 0.01,
                "study_std": std,
                "study_runs": study.seeds,
                "protocol_differences": "; ".join(_in_words(row, study)),
            }
        )
    return made


def _in_words(row: Row, study: Params) -> list[str]:
    own = protocols.of_study(study, row.architecture, row.technique)
    return [
        f"{name.replace('_', ' ')} {getattr(row.description, name)} (study: {getattr(own, name)})"
        for name in protocols.Description.model_fields
        if getattr(row.description, name) != getattr(own, name)
    ]


def _departures(row: Row, study: Params) -> list[dict]:
    own, numbers, made = protocols.of_study(study, row.architecture, row.technique), _numbers(row), []
    for change in protocols.changed(row, own):
        departure = "+".join(change.departure)
        effect = SHOWN.get((row.key, departure))
        middle = numbers.normal(0, 0.002) if effect is None else effect + (0.005 if change.way == "made" else 0)
        said = [" and ".join(str(getattr(of, name)) for name in change.departure) for of in (row.description, own)]
        made.append(_effect(row, departure, change.way, middle, said, effect is not None))
    total = sum(effect for (key, _), effect in SHOWN.items() if key == row.key)
    total += 0.02 if row.key == "siamese_cnn-digits_only" else 0  # clear, and nothing shown that explains it
    made.append(_effect(row, "all", "both", total, ["all that it has", "none of it"], False))
    if row.of_report.measures[0] != "last_epoch":
        for way in ("put right", "made"):
            made.append(_effect(row, "measure", way, 0.001, [row.of_report.measures[0], "last_epoch"], False))
    return made


def _effect(row: Row, departure: str, way: str, middle: float, said: list[str], shown: bool) -> dict:
    return _name(row) | {
        "departure": departure,
        "published": said[0],
        "study": said[1],
        "way": way,
        "runs": row.departure_seeds,
        "mean_difference": middle,
        "ci_low": middle - 0.008,
        "ci_high": middle + 0.008,
        "shown": shown,
    }


def _curves(row: Row) -> list[dict]:
    numbers, epochs, made = _numbers(row), row.description.epochs, []
    for seed in range(row.of_report.runs):
        rise = 1 - 0.4 * np.exp(-np.arange(1, epochs + 1) / 3) + numbers.normal(0, 0.004, epochs)
        test = rise * row.figure.test[0] / 100
        train = np.clip(rise, 0, 1)
        for epoch in range(epochs):
            of_epoch = {"seed": seed, "epoch": epoch + 1, "train_accuracy": train[epoch], "test_accuracy": test[epoch]}
            made.append(_name(row) | of_epoch)
    return made

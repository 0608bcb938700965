"""What the sweeps show: accuracy and effects against a swept value, worth in training pairs, the best aux_weight.

All tables but `sweeps/runs` also have the average over architectures, taken within a seed. Runs of one seed are
compared; a seed of which a run diverged is left out of the comparisons concerned. Columns: pipeline/tables.py.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipeline import tables
from pipeline.analysis import effects, statistics
from pipeline.params import AVERAGE
from pipeline.sweeps.worth import worth

POINT = ["data_set", "sweep", "architecture", "technique", "value"]


def with_average(runs: pd.DataFrame) -> pd.DataFrame:
    """The table `sweeps/runs`, and for each seed the average over architectures; no average of one, or with a gap."""
    names = runs["architecture"].unique()
    if len(names) < 2:
        return runs
    keys = ["data_set", "sweep", "technique", "value", "seed"]
    groups = runs.groupby(keys, sort=False)[["test_accuracy", "train_accuracy"]]
    complete = groups.count()["test_accuracy"] == len(names)
    averages = groups.mean().where(complete).round(12).reset_index().assign(architecture=AVERAGE)
    return pd.concat([runs, averages], ignore_index=True)


def accuracy(runs: pd.DataFrame) -> pd.DataFrame:
    """The table `sweeps/accuracy`, from `sweeps/runs`."""
    rows = []
    for point, group in with_average(runs).groupby(POINT, sort=False):
        test = group["test_accuracy"].dropna().to_numpy()
        row = dict(zip(POINT, point, strict=True)) | {"runs": len(test), "mean_test_accuracy": _mean(test)}
        row |= {"std_test_accuracy": statistics.std(test), "mean_train_accuracy": group["train_accuracy"].mean()}
        row["ci_low"], row["ci_high"] = statistics.t_interval(test)
        rows.append({name: row[name] for name in tables.COLUMNS["sweeps/accuracy"]})
    return tables.frame("sweeps/accuracy", rows)


def effects_by_pairs(runs: pd.DataFrame) -> pd.DataFrame:
    """The table `sweeps/effects`, from `sweeps/runs`: every contrast of techniques that were swept."""
    rows = []
    for architecture, group in _of_pairs(runs):
        for effect, weights in effects.CONTRASTS.items():
            if not weights.keys() <= set(group["technique"]):
                continue
            for count in sorted(group["value"].unique()):
                differences = effects.seedwise(group[group["value"] == count], weights).to_numpy()
                row = {"data_set": group["data_set"].iloc[0], "effect": effect, "architecture": architecture}
                row |= {"train_pairs": int(count), "runs": len(differences), "mean_difference": _mean(differences)}
                row["ci_low"], row["ci_high"] = statistics.t_interval(differences)
                rows.append(row)
    return tables.frame("sweeps/effects", rows)


def worths(runs: pd.DataFrame, train_pairs: int) -> pd.DataFrame:
    """The table `sweeps/worth`, from `sweeps/runs`; `train_pairs`: the study's number."""
    rows = []
    for architecture, group in _of_pairs(runs):
        for effect, weights in effects.CONTRASTS.items():
            if sorted(weights.values()) != [-1, 1] or not weights.keys() <= set(group["technique"]):
                continue
            technique, reference = sorted(weights, key=weights.get, reverse=True)
            curve, reached = _wide(group, reference), _wide(group, technique)[train_pairs]
            known = curve.notna().all(axis=1) & reached.notna()
            row = {"data_set": group["data_set"].iloc[0], "effect": effect, "architecture": architecture}
            row |= {"technique": technique, "reference": reference, "runs": int(known.sum())}
            found = (np.nan, np.nan, np.nan)
            if known.any():
                found = worth(curve.columns.to_numpy(), curve[known].to_numpy(), reached[known].to_numpy())
            row |= dict(zip(("pairs", "pairs_low", "pairs_high"), found, strict=True))
            row |= {"target": _mean(reached[known].to_numpy())}
            row |= {"fewest": int(curve.columns.min()), "most": int(curve.columns.max())}
            rows.append(row)
    return tables.frame("sweeps/worth", rows)


def aux_weights(runs: pd.DataFrame) -> pd.DataFrame:
    """The table `sweeps/aux_weights`, from `sweeps/runs`. An aux_weight of which a run diverged is not the best."""
    rows = []
    swept = with_average(runs[runs["sweep"] == "aux_weight"])
    for (data_set, architecture, technique), group in swept.groupby(POINT[:1] + POINT[2:4], sort=False):
        wide = _wide(group, technique)
        means = wide.loc[:, (wide.columns > 0) & wide.notna().all()].mean()
        best = means.idxmax() if len(means) else None
        for weight in wide:
            behind = (wide[weight] - wide[best]).dropna().round(12).to_numpy() if len(means) else np.array([])
            row = {"data_set": data_set, "architecture": architecture, "technique": technique, "aux_weight": weight}
            row |= {"runs": int(wide[weight].count()), "mean_test_accuracy": wide[weight].mean()}
            row |= {"best": weight == best, "behind": _mean(behind)}
            row["behind_low"], row["behind_high"] = statistics.t_interval(behind)
            rows.append(row)
    return tables.frame("sweeps/aux_weights", rows)


def _of_pairs(runs: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The runs of the sweep over training pairs, by architecture and averaged over them."""
    yield from with_average(runs[runs["sweep"] == "train_pairs"]).groupby("architecture", sort=False)


def _wide(runs: pd.DataFrame, technique: str) -> pd.DataFrame:
    """One technique's test accuracies, a row a seed, a column a value; NaN for a run that diverged."""
    return runs[runs["technique"] == technique].pivot(index="seed", columns="value", values="test_accuracy")


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan

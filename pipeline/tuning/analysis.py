"""What the tuning shows: accuracies and effects with the recipes chosen beside the study's, and what leaking buys.

Differences are taken within a seed, whose pairs all techniques and recipes share; a seed of which a run diverged is
left out of the comparisons concerned. An average over architectures is taken within a seed. Columns:
pipeline/tables.py.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pipeline import tables
from pipeline.analysis import effects as study_effects
from pipeline.analysis import statistics
from pipeline.params import AVERAGE
from pipeline.tuning.tuned import STUDY

NOT_DEFINED = dict.fromkeys(("change", "change_low", "change_high"), np.nan)


def with_average(runs: pd.DataFrame) -> pd.DataFrame:
    """The table `tuning/runs`, and for each seed the average over architectures; no average of one, or with a gap."""
    names = runs["architecture"].unique()
    if len(names) < 2:
        return runs
    groups = runs.groupby(["data_set", "technique", "recipe", "seed"], sort=False)[["test_accuracy", "train_accuracy"]]
    complete = groups.count()["test_accuracy"] == len(names)
    averages = groups.mean().where(complete).round(12).reset_index().assign(architecture=AVERAGE)
    return pd.concat([runs, averages], ignore_index=True)


def accuracy(runs: pd.DataFrame) -> pd.DataFrame:
    """The table `tuning/accuracy`, from `tuning/runs`."""
    keys, rows = ["data_set", "architecture", "technique", "recipe"], []
    everything = with_average(runs)
    for key, group in everything.groupby(keys, sort=False):
        row = dict(zip(keys, key, strict=True))
        test = group["test_accuracy"].dropna().to_numpy()
        row |= {"runs": len(test), "mean_test_accuracy": _mean(test), "std_test_accuracy": statistics.std(test)}
        row["ci_low"], row["ci_high"] = statistics.t_interval(test)
        row["mean_train_accuracy"] = group["train_accuracy"].mean()
        same = (everything["architecture"] == row["architecture"]) & (everything["technique"] == row["technique"])
        reference = everything[same & (everything["recipe"] == STUDY)]
        by_seed = (rows_of.set_index("seed")["test_accuracy"] for rows_of in (group, reference))
        rows.append(row | _change(row["recipe"], *by_seed))
    return tables.frame("tuning/accuracy", rows)


def effects(runs: pd.DataFrame) -> pd.DataFrame:
    """The table `tuning/effects`, from `tuning/runs`: every contrast of techniques that were tuned."""
    rows = []
    everything = with_average(runs)
    for effect, weights in study_effects.CONTRASTS.items():
        if not weights.keys() <= set(runs["technique"]):
            continue
        for architecture, group in everything.groupby("architecture", sort=False):
            by_recipe = {
                recipe: study_effects.seedwise(of_recipe, weights).droplevel("architecture")
                for recipe, of_recipe in group.groupby("recipe", sort=False)
            }
            for recipe, by_seed in by_recipe.items():
                differences = by_seed.to_numpy()
                row = {"data_set": runs["data_set"].iloc[0], "effect": effect, "architecture": architecture}
                row |= {"recipe": recipe, "runs": len(differences), "mean_difference": _mean(differences)}
                row["ci_low"], row["ci_high"] = statistics.t_interval(differences)
                rows.append(row | _change(recipe, by_seed, by_recipe[STUDY]))
    return tables.frame("tuning/effects", rows)


def _change(recipe: str, by_seed: pd.Series, reference: pd.Series) -> dict[str, float]:
    """What a recipe changes against the study's, seed by seed."""
    if recipe == STUDY:
        return NOT_DEFINED
    changes = (by_seed - reference).dropna().round(12).to_numpy()
    low, high = statistics.t_interval(changes)
    return {"change": _mean(changes), "change_low": low, "change_high": high}


def leaking(names: Mapping[str, str], recipes: Sequence[dict], accuracies: np.ndarray) -> list[dict]:
    """Rows of the table `tuning/leaking`: each seed once chooses on its own test pairs.

    `names`: data set, architecture, technique; `recipes`: a candidate's number and fields each; `accuracies`:
    (candidates, seeds), NaN where a run diverged. Of equally accurate candidates the first is chosen.
    """
    rows = []
    for seed, on_own in enumerate(accuracies.T):
        if np.isnan(on_own).all():
            continue
        best = int(np.nanargmax(on_own))
        fresh = np.delete(accuracies[best], seed)
        fresh = _mean(fresh[~np.isnan(fresh)])
        row = dict(names) | {"seed": seed} | recipes[best]
        row |= {"choosing_accuracy": on_own[best], "fresh_accuracy": fresh, "optimism": on_own[best] - fresh}
        rows.append(row)
    return rows


def optimism(leaking: pd.DataFrame, candidates: Mapping[str, int]) -> pd.DataFrame:
    """The table `tuning/optimism`, from `tuning/leaking`; `candidates`: how many an architecture's grid has."""
    rows = []
    for key, group in leaking.groupby(["data_set", "architecture", "technique"], sort=False):
        row = dict(zip(("data_set", "architecture", "technique"), key, strict=True))
        row |= {"candidates": candidates[row["architecture"]], "seeds": len(group)}
        row |= {"choices": group["candidate"].nunique()}
        row |= {f"mean_{name}": group[name].mean() for name in ("choosing_accuracy", "fresh_accuracy")}
        gains = group["optimism"].dropna().to_numpy()
        row["optimism"] = _mean(gains)
        row["optimism_low"], row["optimism_high"] = statistics.t_interval(gains)
        rows.append(row)
    return tables.frame("tuning/optimism", rows)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan

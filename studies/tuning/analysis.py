"""What the tuning shows: accuracies and effects with the recipes chosen beside the study's, and test-set selection.

Differences are taken within a seed, whose pairs all techniques and recipes share; a seed of which a run diverged is
left out of the comparisons concerned. An average over architectures is taken within a seed. Columns: columns.yaml.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pipeline.analysis import effects as study_effects
from pipeline.analysis import measured, statistics
from pipeline.analysis.effects import AVERAGE_CONVERGED
from pipeline.params import AVERAGE
from studies.tuning.settings import STUDY, TABLES

AVERAGE_OTHERS = "average of the others"  # in place of an architecture: those not in AVERAGE_CONVERGED
AVERAGES = (AVERAGE, AVERAGE_CONVERGED, AVERAGE_OTHERS)
KEYS = ["data_set", "architecture", "technique", "recipe"]


def accuracy(runs: pd.DataFrame) -> pd.DataFrame:
    """The table `accuracy`, from the table `runs`."""
    everything, rows = measured.with_average(runs, ["data_set", "technique", "recipe"]), []
    by_seed = {key: group.set_index("seed")["test_accuracy"] for key, group in everything.groupby(KEYS, sort=False)}
    for key, group in everything.groupby(KEYS, sort=False):
        row = dict(zip(KEYS, key, strict=True)) | measured.accuracy_summary(group["test_accuracy"])
        row["mean_train_accuracy"] = group["train_accuracy"].mean()
        converged = measured.converged(group["train_accuracy"], group["late_gain"])
        row["converged"] = None if row["architecture"] == AVERAGE else converged
        rows.append(row | _change(row["recipe"], by_seed[key], by_seed[(*key[:-1], STUDY)]))
    return TABLES.frame("accuracy", rows)


def effects(runs: pd.DataFrame, accuracy: pd.DataFrame) -> pd.DataFrame:
    """The table `effects`, from these tables: every contrast of techniques that were tuned.

    An architecture counts as converged if all combos that the effect compares are, with the study's recipe.
    """
    rows = []
    for effect, weights in study_effects.CONTRASTS.items():
        if not weights.keys() <= set(runs["technique"]):
            continue
        own = accuracy[(accuracy["recipe"] == STUDY) & accuracy["technique"].isin(weights)]
        converged = own[own["architecture"] != AVERAGE].groupby("architecture", sort=False)["converged"].all()
        by_recipe = {
            recipe: _grouped(study_effects.seedwise(group, weights).unstack("seed").T, converged)
            for recipe, group in runs.groupby("recipe", sort=False)
        }
        names = {"data_set": runs["data_set"].iloc[0], "effect": effect}
        for architecture, (members, _) in by_recipe[STUDY].items():
            for recipe, groups in by_recipe.items():
                _, by_seed = groups[architecture]
                row = names | {"architecture": architecture, "recipe": recipe, "architectures": members}
                row |= {"runs": len(by_seed), "mean_difference": statistics.mean(by_seed.to_numpy())}
                row["ci_low"], row["ci_high"] = statistics.t_interval(by_seed.to_numpy())
                rows.append(row | _change(recipe, by_seed, by_recipe[STUDY][architecture][1]))
    return TABLES.frame("effects", rows)


def _grouped(wide: pd.DataFrame, converged: pd.Series) -> dict[str, tuple[int, pd.Series]]:
    """By architecture and average, how many architectures it is of, and its difference by seed.

    `wide`: differences (seeds, architectures).
    """
    found = {name: (1, wide[name].dropna()) for name in wide}
    these = [name for name in wide if converged[name]]
    others = [name for name in wide if not converged[name]]
    groups = {AVERAGE: list(wide)} if len(wide.columns) > 1 else {}
    groups |= {AVERAGE_CONVERGED: these, AVERAGE_OTHERS: others} if these and others else {}
    return found | {name: (len(of), wide[of].dropna().mean(axis=1).round(12)) for name, of in groups.items()}


def _change(recipe: str, by_seed: pd.Series, reference: pd.Series) -> dict[str, float]:
    """What a recipe changes against the study's, seed by seed."""
    if recipe == STUDY:
        return dict.fromkeys(("change", "change_low", "change_high"), math.nan)
    changes = (by_seed - reference).dropna().round(12).to_numpy()
    low, high = statistics.t_interval(changes)
    return {"change": statistics.mean(changes), "change_low": low, "change_high": high}


def selection(names: Mapping[str, str], recipes: Sequence[dict], accuracies: np.ndarray) -> list[dict]:
    """Rows of the table `selection`: each seed once chooses on its own test pairs.

    `names`: data set, architecture, technique; `recipes`: a candidate's number and recipe each; `accuracies`:
    (candidates, seeds), NaN where a run diverged. Of equally accurate candidates the first is chosen.
    """
    rows = []
    for seed, on_own in enumerate(accuracies.T):
        if np.isnan(on_own).all():
            continue
        best = int(np.nanargmax(on_own))
        others = np.delete(accuracies[best], seed)
        fresh = statistics.mean(others[~np.isnan(others)])
        row = dict(names) | {"seed": seed} | recipes[best]
        row |= {"choosing_accuracy": on_own[best], "fresh_accuracy": fresh, "optimism": on_own[best] - fresh}
        rows.append(row)
    return rows


def optimism(selection: pd.DataFrame, sizes: Mapping[str, int]) -> pd.DataFrame:
    """The table `optimism`, from `selection`; `sizes`: how many candidates an architecture's grid has."""
    rows = []
    for key, group in selection.groupby(KEYS[:-1], sort=False):
        row = dict(zip(KEYS[:-1], key, strict=True))
        row |= {"candidates": sizes[row["architecture"]], "seeds": len(group)}
        row |= {"choices": group["candidate"].nunique()}
        row |= {f"mean_{name}": group[name].mean() for name in ("choosing_accuracy", "fresh_accuracy")}
        gains = group["optimism"].dropna().to_numpy()
        row["optimism"] = statistics.mean(gains)
        row["optimism_low"], row["optimism_high"] = statistics.t_interval(gains)
        rows.append(row)
    return TABLES.frame("optimism", rows)

"""What a technique adds: paired effects, estimated from the differences between runs of one seed.

All techniques of a seed see the same pairs, so their difference is free of what the pairs do to both. The interval and
the test of an effect generalise over seeds. How far the architectures differ is said apart, by an interval over their
means. A seed of which a run diverged has no difference.
"""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
from pandas.api.typing import SeriesGroupBy

from pipeline.analysis import statistics
from pipeline.analysis.tables import STUDY
from pipeline.params import AVERAGE

# Before a technique: its digit-derived accuracy instead of its test accuracy.
DIGIT_DERIVED = "digit_derived answer of "
# In place of an architecture: the average over those whose compared combos are all converged.
AVERAGE_CONVERGED = "average of converged"
AVERAGES = (AVERAGE, AVERAGE_CONVERGED)
ROW = ["data_set", "effect", "architecture"]
Converged = dict[str, set[str]]  # the techniques of each architecture that have
# An effect is a weighted sum of the test accuracies of one seed's techniques: their names, and the weights.
CONTRASTS: dict[str, dict[str, int]] = {
    "weight_sharing": {"weight_sharing": 1, "baseline": -1},
    "aux_loss": {"aux_loss": 1, "baseline": -1},
    "both": {"weight_sharing_aux_loss": 1, "baseline": -1},
    # what both gain over the sum of their single gains: (both - baseline) - (sharing - baseline) - (aux - baseline)
    "interaction": {"weight_sharing_aux_loss": 1, "weight_sharing": -1, "aux_loss": -1, "baseline": 1},
    "weight_sharing_given_aux_loss": {"weight_sharing_aux_loss": 1, "aux_loss": -1},
    "aux_loss_given_weight_sharing": {"weight_sharing_aux_loss": 1, "weight_sharing": -1},
    "digit_derived": {f"{DIGIT_DERIVED}weight_sharing_aux_loss": 1, "weight_sharing_aux_loss": -1},
    "latent_digits": {"latent_digits": 1, "weight_sharing": -1},
    "latent_digits_given_aux_loss": {"latent_digits_aux_loss": 1, "weight_sharing_aux_loss": -1},
    "digits_only": {"digits_only": 1, "weight_sharing_aux_loss": -1},
    "latent_digits_over_digits_only": {"latent_digits_aux_loss": 1, "digits_only": -1},
    "separate_encoders": {"baseline": 1, "two_channel": -1},
}


def seedwise(runs: pd.DataFrame, weights: dict[str, int]) -> pd.Series:
    """A contrast of each architecture and seed, indexed by both; `runs` is the table of that name.

    Seeds of which a run diverged are left out.
    """
    contrast = sum(weight * _measured(runs, term) for term, weight in weights.items()).dropna().sort_index()
    contrast = contrast.reindex(runs["architecture"].unique(), level="architecture")
    return contrast.round(12).rename("difference")  # without the rounding noise that would turn a tie into a win


def _measured(runs: pd.DataFrame, term: str) -> pd.Series:
    technique = term.removeprefix(DIGIT_DERIVED)
    rows = runs[runs["technique"] == technique].set_index(["architecture", "seed"])
    return rows["test_accuracy" if term == technique else "digit_derived_accuracy"]


def effect_runs(runs: pd.DataFrame, converged: Converged) -> pd.DataFrame:
    """The table `effect_runs`: every contrast whose techniques were run, per architecture and averaged over them.

    An average is taken within a seed, over the seeds that every architecture has.
    """
    rows = []
    for effect, weights in CONTRASTS.items():
        if not _techniques(effect) <= set(runs["technique"]):
            continue  # params.yaml does not list one of the techniques
        differences = seedwise(runs, weights)
        listed = [(*key, difference) for key, difference in differences.items()]
        wide = differences.unstack("seed").T  # (seeds, architectures)
        those = members(effect, AVERAGE_CONVERGED, list(wide), converged)
        averages = {AVERAGE: wide} | ({AVERAGE_CONVERGED: wide[those]} if 0 < len(those) < len(wide.columns) else {})
        for average, chosen in averages.items():
            listed += [(average, *item) for item in chosen.dropna().mean(axis=1).round(12).items()]
        names = {"data_set": runs["data_set"].iloc[0], "effect": effect}
        rows += [names | {"architecture": name, "seed": seed, "difference": d} for name, seed, d in listed]
    return STUDY.frame("effect_runs", rows)


def effects(effect_runs: pd.DataFrame, converged: Converged) -> pd.DataFrame:
    """The table `effects`: mean, intervals, wins and sign-flip test of each effect and architecture.

    Holm corrects the p-values of an effect's architectures together; averages are summaries, not further tests.
    """
    rows = []
    for key, differences, of_members in _by_row(effect_runs, converged):
        means = of_members.mean()
        row = dict(zip(ROW, key, strict=True)) | {"architectures": len(means)}
        row |= {"converged": all(_techniques(row["effect"]) <= converged[name] for name in means.index)}
        row |= {"runs": len(differences), "mean_difference": differences.mean()}
        row["ci_low"], row["ci_high"] = statistics.t_interval(differences)
        row["spread_low"], row["spread_high"] = statistics.t_interval(means.to_numpy())
        row |= {"wins": (differences > 0).sum(), "ties": (differences == 0).sum()}
        rows.append(row | {"p_value": statistics.sign_flip_p(differences), "p_holm": math.nan})
    frame = STUDY.frame("effects", rows)
    families = frame[~frame["architecture"].isin(AVERAGES)].groupby("effect")["p_value"]
    frame["p_holm"] = families.transform(lambda family: statistics.holm(family.to_numpy()))
    return frame


def effect_checks(runs: pd.DataFrame, test_pairs: int, converged: Converged) -> pd.DataFrame:
    """The table `effect_checks`: the effects by medians, which no single run moves, and on the scale of log-odds."""
    on_log_odds = effect_runs(log_odds(runs, test_pairs), converged)
    by_key = {key: differences for key, differences, _ in _by_row(on_log_odds, converged)}
    rows = []
    for key, _, of_members in _by_row(effect_runs(runs, converged), converged):
        low, high = statistics.t_interval(by_key[key])
        row = dict(zip(ROW, key, strict=True)) | {"median_difference": of_members.median().mean()}
        rows.append(row | {"log_odds": by_key[key].mean(), "log_odds_low": low, "log_odds_high": high})
    return STUDY.frame("effect_checks", rows)


def digit_derived(runs: pd.DataFrame, groups: dict[str, str]) -> pd.DataFrame:
    """The table `digit_derived`; `groups`: by architecture, what its comparator reads."""
    rows, technique = [], "weight_sharing_aux_loss"
    for reads in sorted(set(groups.values()), reverse=True):
        of_group = runs[runs["architecture"].map(groups) == reads]
        wide = seedwise(of_group, CONTRASTS["digit_derived"]).unstack("seed").T.dropna()  # (seeds, architectures)
        differences, means = wide.mean(axis=1).to_numpy(), wide.mean()
        row = {"data_set": runs["data_set"].iloc[0], "comparator_reads": reads, "architectures": " ".join(means.index)}
        of_technique = of_group[of_group["technique"] == technique]
        for name in ("test_accuracy", "digit_derived_accuracy"):
            row[f"mean_{name}"] = of_technique.groupby("architecture")[name].mean().mean()
        row |= {"runs": len(differences), "mean_difference": statistics.mean(differences)}
        row["ci_low"], row["ci_high"] = statistics.t_interval(differences)
        row["spread_low"], row["spread_high"] = statistics.t_interval(means.to_numpy())
        rows.append(row)
    return STUDY.frame("digit_derived", rows)


def log_odds(runs: pd.DataFrame, test_pairs: int) -> pd.DataFrame:
    """The table `runs` with log-odds of a right answer in place of accuracies; half a pair more of either answer, so
    that a run without an error has some."""
    accuracies = runs[["test_accuracy", "digit_derived_accuracy"]]
    right, wrong = test_pairs * accuracies + 0.5, test_pairs * (1 - accuracies) + 0.5
    return runs.assign(**np.log(right / wrong))


def members(effect: str, architecture: str, names: list[str], converged: Converged) -> list[str]:
    """The architectures, out of these, that a row of the tables of effects is about."""
    if architecture == AVERAGE:
        return names
    if architecture == AVERAGE_CONVERGED:
        return [name for name in names if _techniques(effect) <= converged[name]]
    return [architecture]


def _by_row(effect_runs: pd.DataFrame, converged: Converged) -> Iterator[tuple[tuple, np.ndarray, SeriesGroupBy]]:
    """For each row of the tables of effects: its names, its differences seed by seed, and those of each member."""
    for (data_set, effect), of_effect in effect_runs.groupby(ROW[:2], sort=False):
        names = [name for name in of_effect["architecture"].unique() if name not in AVERAGES]
        for architecture, group in of_effect.groupby("architecture", sort=False):
            those = of_effect[of_effect["architecture"].isin(members(effect, architecture, names, converged))]
            of_members = those.groupby("architecture", sort=False)["difference"]
            yield (data_set, effect, architecture), group["difference"].to_numpy(), of_members


def _techniques(effect: str) -> set[str]:
    return {term.removeprefix(DIGIT_DERIVED) for term in CONTRASTS[effect]}

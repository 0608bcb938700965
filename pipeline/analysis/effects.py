"""What a technique adds: paired effects, estimated from the differences between runs of one seed.

All techniques of a seed see the same pairs, so their difference is free of what the pairs do to both. The interval and
the test of an effect generalise over seeds. How far the architectures differ is said apart, by an interval over their
means. A seed of which a run diverged has no difference.
"""

import math

import pandas as pd

from pipeline import tables
from pipeline.analysis import statistics
from pipeline.params import AVERAGE

READOUT = "readout of "  # before a technique: its readout accuracy instead of its test accuracy
# In place of an architecture: the average over those whose compared combos are all trained out.
AVERAGE_TRAINED_OUT = "average of trained out"
AVERAGES = (AVERAGE, AVERAGE_TRAINED_OUT)
# An effect is a weighted sum of the test accuracies of one seed's techniques: their names, and the weights.
CONTRASTS: dict[str, dict[str, int]] = {
    "weight_sharing": {"weight_sharing": 1, "baseline": -1},
    "aux_loss": {"aux_loss": 1, "baseline": -1},
    "both": {"weight_sharing_aux_loss": 1, "baseline": -1},
    # what both gain over the sum of their single gains: (both - baseline) - (sharing - baseline) - (aux - baseline)
    "interaction": {"weight_sharing_aux_loss": 1, "weight_sharing": -1, "aux_loss": -1, "baseline": 1},
    "weight_sharing_given_aux_loss": {"weight_sharing_aux_loss": 1, "aux_loss": -1},
    "aux_loss_given_weight_sharing": {"weight_sharing_aux_loss": 1, "weight_sharing": -1},
    "readout": {f"{READOUT}weight_sharing_aux_loss": 1, "weight_sharing_aux_loss": -1},
    "latent_digits": {"latent_digits": 1, "weight_sharing": -1},
    "latent_digits_given_aux_loss": {"latent_digits_aux_loss": 1, "weight_sharing_aux_loss": -1},
    "digits_only": {"digits_only": 1, "weight_sharing_aux_loss": -1},
    "latent_digits_over_digits_only": {"latent_digits_aux_loss": 1, "digits_only": -1},
    "separate_encoders": {"baseline": 1, "two_channel": -1},
}


def seedwise(runs: pd.DataFrame, weights: dict[str, int], measure: str = "test_accuracy") -> pd.Series:
    """A contrast of each architecture and seed, indexed by both; `runs` is the table of that name.

    Seeds of which a run diverged are left out.
    """
    contrast = sum(weight * _measured(runs, term, measure) for term, weight in weights.items()).dropna().sort_index()
    contrast = contrast.reindex(runs["architecture"].unique(), level="architecture")
    return contrast.round(12).rename("difference")  # without the rounding noise that would turn a tie into a win


def _measured(runs: pd.DataFrame, term: str, measure: str) -> pd.Series:
    technique = term.removeprefix(READOUT)
    rows = runs[runs["technique"] == technique].set_index(["architecture", "seed"])
    return rows[measure if term == technique else "readout_accuracy"]


def effect_runs(runs: pd.DataFrame, trained_out: dict[str, set[str]]) -> pd.DataFrame:
    """The table `effect_runs`: every contrast whose techniques were run, per architecture and averaged over them.

    An average is taken within a seed, over the seeds that every architecture has. `trained_out` holds the techniques of
    each architecture that are.
    """
    rows = []
    for effect, weights in CONTRASTS.items():
        if not _techniques(weights) <= set(runs["technique"]):
            continue  # params.yaml does not list one of the techniques
        differences = seedwise(runs, weights)
        listed = [(*key, difference) for key, difference in differences.items()]
        wide = differences.unstack("seed").T  # (seeds, architectures)
        kept = [name for name in wide if _techniques(weights) <= trained_out[name]]
        averages = {AVERAGE: wide} | ({AVERAGE_TRAINED_OUT: wide[kept]} if 0 < len(kept) < len(wide.columns) else {})
        for average, chosen in averages.items():
            listed += [(average, *item) for item in chosen.dropna().mean(axis=1).round(12).items()]
        rows += [
            {
                "data_set": runs["data_set"].iloc[0],
                "effect": effect,
                "architecture": name,
                "seed": seed,
                "difference": d,
            }
            for name, seed, d in listed
        ]
    return tables.frame("effect_runs", rows)


def effects(effect_runs: pd.DataFrame, trained_out: dict[str, set[str]]) -> pd.DataFrame:
    """The table `effects`: mean, intervals, wins and sign-flip test of each effect and architecture.

    Holm corrects the p-values of an effect's architectures together; averages are summaries, not further tests.
    """
    rows = []
    for key, group in effect_runs.groupby(["data_set", "effect", "architecture"], sort=False):
        _, effect, architecture = key
        is_trained_out = {name: _techniques(CONTRASTS[effect]) <= known for name, known in trained_out.items()}
        of_effect = effect_runs[effect_runs["effect"] == effect].groupby("architecture", sort=False)["difference"]
        means = of_effect.mean().drop(labels=list(AVERAGES), errors="ignore")
        if architecture == AVERAGE_TRAINED_OUT:
            means = means[[name for name in means.index if is_trained_out[name]]]
        elif architecture != AVERAGE:
            means = means[[architecture]]
        differences = group["difference"].to_numpy()
        row = dict(zip(("data_set", "effect", "architecture"), key, strict=True))
        row |= {"architectures": len(means), "trained_out": all(is_trained_out[name] for name in means.index)}
        row |= {"runs": len(differences), "mean_difference": differences.mean()}
        row["ci_low"], row["ci_high"] = statistics.t_interval(differences)
        row["spread_low"], row["spread_high"] = statistics.t_interval(means.to_numpy())
        row |= {"wins": (differences > 0).sum(), "ties": (differences == 0).sum()}
        rows.append(row | {"p_value": statistics.sign_flip_p(differences), "p_holm": math.nan})
    frame = tables.frame("effects", rows)
    families = frame[~frame["architecture"].isin(AVERAGES)].groupby("effect")["p_value"]
    frame["p_holm"] = families.transform(lambda family: statistics.holm(family.to_numpy()))
    return frame


def _techniques(weights: dict[str, int]) -> set[str]:
    return {term.removeprefix(READOUT) for term in weights}

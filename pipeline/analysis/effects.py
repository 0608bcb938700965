"""What a technique adds: paired effects, estimated from the differences between runs of one seed.

All techniques of a seed see the same pairs, so their difference is free of what the pairs do to both. The interval and
the test of an effect generalise over seeds; those of its average do not generalise over architectures either.
"""

import math

import pandas as pd

from pipeline.analysis import statistics, tables
from pipeline.params import AVERAGE

# An effect is a weighted sum of the test accuracies of one seed's techniques: their names, and the weights.
CONTRASTS: dict[str, dict[str, int]] = {
    "weight_sharing": {"weight_sharing": 1, "baseline": -1},
    "aux_loss": {"aux_loss": 1, "baseline": -1},
    "both": {"weight_sharing_aux_loss": 1, "baseline": -1},
    "weight_sharing_given_aux_loss": {"weight_sharing_aux_loss": 1, "aux_loss": -1},
    "aux_loss_given_weight_sharing": {"weight_sharing_aux_loss": 1, "weight_sharing": -1},
    # what both gain over the sum of their single gains: (both - baseline) - (sharing - baseline) - (aux - baseline)
    "interaction": {"weight_sharing_aux_loss": 1, "weight_sharing": -1, "aux_loss": -1, "baseline": 1},
    "separate_encoders": {"baseline": 1, "two_channel": -1},
    "digits_only": {"digits_only": 1, "weight_sharing_aux_loss": -1},
}


def seedwise(runs: pd.DataFrame, weights: dict[str, int], measure: str = "test_accuracy") -> pd.Series:
    """A contrast of each architecture and seed, indexed by both; `runs` is the table of that name."""
    wide = runs.set_index(["architecture", "seed", "technique"])[measure].unstack("technique")
    wide = wide.reindex(runs["architecture"].unique(), level="architecture")
    contrast = sum(weight * wide[technique] for technique, weight in weights.items())
    return contrast.round(12).rename("difference")  # without the rounding noise that would turn a tie into a win


def effect_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """The table `effect_runs`: every contrast whose techniques were run, per architecture and averaged over them."""
    data_set = runs["data_set"].iloc[0]
    rows = []
    for effect, weights in CONTRASTS.items():
        if not weights.keys() <= set(runs["technique"]):
            continue  # params.yaml does not list one of the techniques
        differences = seedwise(runs, weights)
        rows += [(data_set, effect, *run, difference) for run, difference in differences.items()]
        average = differences.groupby("seed").mean().round(12)
        rows += [(data_set, effect, AVERAGE, seed, difference) for seed, difference in average.items()]
    return tables.frame("effect_runs", rows)


def effects(effect_runs: pd.DataFrame) -> pd.DataFrame:
    """The table `effects`: mean, interval, wins and sign-flip test of each effect and architecture.

    Holm corrects the p-values of an effect's architectures together; their average is a summary, not one more test.
    """
    rows = []
    for key, group in effect_runs.groupby(["data_set", "effect", "architecture"], sort=False):
        differences = group["difference"].to_numpy()
        wins, ties = (differences > 0).sum(), (differences == 0).sum()
        interval, p_value = statistics.t_interval(differences), statistics.sign_flip_p(differences)
        rows.append((*key, len(differences), differences.mean(), *interval, wins, ties, p_value, math.nan))
    frame = tables.frame("effects", rows)
    families = frame[frame["architecture"] != AVERAGE].groupby("effect")["p_value"]
    frame["p_holm"] = families.transform(lambda family: statistics.holm(family.to_numpy()))
    return frame

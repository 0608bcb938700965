"""The published figures beside ours: how far apart they are, and what the published runs did otherwise.

published.csv has a row per published figure, as its report prints it: 35 test accuracies, and the 8 training accuracies
of report 4. Its columns:

    published_in              where the figure stands, and the code behind it (owner/repository, commit)
    measure                   what it is compared with: a column of the table `runs`. Report 2 publishes each run's
                              highest test accuracy. Report 0's text speaks of the best epoch, its code of the last, and
                              its Table 1 is too low for the mean of each run's highest.
    mean_percent, std_percent, std_divisor, runs
                              as printed; what the standard deviation divides by: n, n-1 or unknown (then taken for n,
                              which gives the wider interval)
    train_pairs ... aux_weight
                              the recipe, by its keys in params.yaml; empty where the network has no such thing. An aux
                              weight is per digit and relative to the comparison loss.
    other_differences         from the study as params.yaml describes it, one after another, in words
"""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import tables
from pipeline.analysis import statistics
from pipeline.analysis.effects import CONTRASTS, seedwise
from pipeline.params import Combo, Params

FILE = Path(__file__).with_name("published.csv")
MARGIN = 0.02  # two points: what counts as agreement
VERDICTS = ("agrees", "higher", "lower", "unclear")
DIVISORS = {
    "n-1": [],
    "n": ["standard deviation divides by n"],
    "unknown": ["divisor of the standard deviation not stated"],
}
# What the reports conclude. Where an effect has baseline, the report's own basic network takes its place: two_channel
# in reports 1, 3 and 4. The last is for report 3, which has the auxiliary loss only on top of weight sharing.
GAINS = ("weight_sharing", "aux_loss", "both", "aux_loss_given_weight_sharing")


def prepared(published: pd.DataFrame) -> pd.DataFrame:
    """published.csv with three columns more: the fractions `mean` and `std`, and `std_unbiased`, which is with n-1."""
    mean, std, n = published["mean_percent"] / 100, published["std_percent"] / 100, published["runs"]
    unbiased = std.where(published["std_divisor"] == "n-1", std * np.sqrt(n / (n - 1)))
    return published.assign(mean=mean, std=std, std_unbiased=unbiased)


def verdict(low: float, high: float) -> str:
    """What the 95% interval of a difference, ours minus published, says: exactly one of four words.

    agrees: it lies within MARGIN of nought, bounds included. If it does not: higher, it lies above nought; lower, it
    lies below nought (neither touches it); unclear, it holds nought or is not defined. So a small difference agrees
    even where it is surely not nought, and more runs may settle an unclear one.
    """
    if low >= -MARGIN and high <= MARGIN:
        return "agrees"
    if low > 0:
        return "higher"
    return "lower" if high < 0 else "unclear"


def published_vs_ours(params: Params, runs: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """The table `published_vs_ours`; `runs` is the table of that name, `published` is published.csv."""
    rows = []
    for figure in _figures(params, published):
        of_combo = (runs["architecture"] == figure["architecture"]) & (runs["technique"] == figure["technique"])
        values = runs.loc[of_combo, figure["measure"]].dropna().to_numpy()
        row = {"data_set": params.data.source}
        row |= {key: figure[key] for key in ("report", "architecture", "technique", "published_name", "measure")}
        row |= {f"published_{key}": figure[key] for key in ("mean", "std", "runs")}
        row |= {"our_mean": _mean(values), "our_std": statistics.std(values), "our_runs": len(values)}
        row["difference"] = row["our_mean"] - figure["mean"]
        spreads = [_spread(figure), (row["our_std"], row["our_runs"])]
        row |= _judged(row["difference"], spreads) | {"protocol_differences": "; ".join(figure["differences"])}
        rows.append(row)
    return tables.frame("published_vs_ours", rows)


def published_gains(params: Params, runs: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """The table `published_gains`; `runs` is the table of that name, `published` is published.csv.

    The two published means are taken as independent. Those of reports 1 and 2 are not, all their techniques seeing the
    same pairs, and those of report 4 each stand on one set of pairs: their intervals are to be read with that in mind.
    """
    rows = []
    for effect, with_it, without in _gains(params, published):
        technique, reference, measure = with_it["technique"], without["technique"], with_it["measure"]
        of_architecture = runs[runs["architecture"] == with_it["architecture"]]
        values = seedwise(of_architecture, {technique: 1, reference: -1}, measure).to_numpy()
        spreads = [_spread(with_it), _spread(without)]
        row = {"data_set": params.data.source, "report": with_it["report"], "architecture": with_it["architecture"]}
        row |= {"effect": effect, "technique": technique, "reference": reference, "measure": measure}
        row["published_gain"], row["our_gain"] = with_it["mean"] - without["mean"], _mean(values)
        theirs, ours = statistics.welch_interval(row["published_gain"], spreads), statistics.t_interval(values)
        row |= {"published_ci_low": theirs[0], "published_ci_high": theirs[1]}
        row |= {"our_ci_low": ours[0], "our_ci_high": ours[1], "our_runs": len(values)}
        row["difference"] = row["our_gain"] - row["published_gain"]
        row |= _judged(row["difference"], [*spreads, (statistics.std(values), len(values))])
        rows.append(row | {"protocol_differences": _protocol_of_both(with_it, without)})
    return tables.frame("published_gains", rows)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan


def _judged(difference: float, spreads: list[tuple[float, int]]) -> dict:
    """The Welch interval of a difference and its verdict."""
    low, high = statistics.welch_interval(difference, spreads)
    return {"ci_low": low, "ci_high": high, "verdict": verdict(low, high)}


def _figures(params: Params, published: pd.DataFrame) -> Iterator[dict]:
    """The published figures of the combos in params.yaml, in its order, each with its `differences` of protocol."""
    if params.data.source != "mnist":
        return
    published = prepared(published)
    for combo in params.combos():
        is_combo = (published["architecture"] == combo.architecture) & (published["technique"] == combo.technique)
        for figure in published[is_combo].to_dict("records"):
            yield figure | {"differences": _protocol_differences(figure, combo, params)}


def _gains(params: Params, published: pd.DataFrame) -> Iterator[tuple[str, dict, dict]]:
    """Each effect of GAINS that a report publishes: its name, the figure with the technique, and the one without."""
    tested = [figure for figure in _figures(params, published) if figure["measure"] != "train_accuracy"]
    figures = {(figure["architecture"], figure["technique"]): figure for figure in tested}
    for architecture, effect in itertools.product(params.architectures, GAINS):
        (technique, _), (reference, _) = CONTRASTS[effect].items()  # with the weights 1 and -1
        if reference == "baseline" and (architecture, reference) not in figures:
            reference = "two_channel"
        keys = (architecture, technique), (architecture, reference)
        if all(key in figures for key in keys):
            yield effect, *(figures[key] for key in keys)


def _protocol_differences(figure: dict, combo: Combo, params: Params) -> list[str]:
    """What the published run did otherwise: its recipe where params.yaml has another value, then the rest in words."""
    pairs = params.data.model_dump(include={"train_pairs", "test_pairs"})
    recipe_here = params.architectures[combo.architecture].model_dump()
    study = pairs | recipe_here | {"aux_weight": combo.protocol.aux_weight}
    recipe = [
        f"{key.replace('_', ' ')} {_shown(figure[key])} (study: {_shown(study[key])})"
        for key in study
        if not pd.isna(figure[key]) and figure[key] != study[key]
    ]
    return recipe + figure["other_differences"].split("; ") + DIVISORS[figure["std_divisor"]]


def _protocol_of_both(with_it: dict, without: dict) -> str:
    """The differences that two figures share, then those of one alone under the name of its technique."""
    shared = [difference for difference in with_it["differences"] if difference in without["differences"]]
    own = [
        f"{figure['technique']}: {difference}"
        for figure in (with_it, without)
        for difference in figure["differences"]
        if difference not in shared
    ]
    return "; ".join(shared + own)


def _spread(figure: dict) -> tuple[float, int]:
    return figure["std_unbiased"], figure["runs"]


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else f"{value:g}"

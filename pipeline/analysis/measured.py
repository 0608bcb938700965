"""What was measured: the results of all runs retold as tables (their columns: columns.yaml).

A run that diverged is counted and named, and left out of every mean.
"""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.analysis import statistics
from pipeline.analysis.tables import STUDY
from pipeline.engine.result import GAPS, Result
from pipeline.params import AVERAGE, Combo

Results = dict[Combo, list[Result]]  # the study's, in the order of its tables
COMBO = ["data_set", "architecture", "technique"]
CURVES = STUDY.columns("curves")[len(COMBO) + 2 :]  # without seed and epoch
MEANS = [name.removeprefix("mean_") for name in STUDY.columns("summary") if name.startswith("mean_")]
AT_THE_END = ("test_accuracy", "late_gain", "train_accuracy", "digit_accuracy", "digit_derived_accuracy")
COLLAPSED = 0.1  # see `collapsed`


def runs(results: Results) -> pd.DataFrame:
    """The table `runs`."""
    rows = []
    for combo, of_combo in results.items():
        for result in of_combo:
            about = {"seed": result.run.seed, "parameters": result.parameters, "device": result.device}
            best = {"best_test_accuracy": _curve(result, "test_accuracy").max()}  # NaN where the run diverged
            rows.append(_names(combo, result) | about | scores(result, *AT_THE_END) | best | _rates(result))
    return STUDY.frame("runs", rows)


def scores(result: Result, *names: str) -> dict:
    """What a table of an annex's runs has of a result: these accuracies at the end, or late_gain, and what trained it.

    NaN where the run diverged, or has none.
    """
    late_gain = statistics.late_gain(_curve(result, "test_accuracy"))
    found = {name: late_gain if name == "late_gain" else _curve(result, name)[-1] for name in names}
    if result.diverged is not None:
        found = dict.fromkeys(names, math.nan)
    return found | {"diverged": result.diverged, "hardware": result.hardware, "torch": result.torch}


def _rates(result: Result) -> dict[str, float]:
    """The share of test pairs to be answered yes, and of these and the others the share that is; NaN if it diverged."""
    pairs, correct = np.array(result.errors.gap_pairs), np.array(result.errors.gap_correct)
    yes = np.array(GAPS) <= 0
    rates = {"yes_share": pairs[yes].sum() / pairs.sum()}
    for rate, gaps in (("sensitivity", yes), ("specificity", ~yes)):
        known = pairs[gaps].any() and result.diverged is None
        rates[rate] = correct[gaps].sum() / pairs[gaps].sum() if known else math.nan
    return rates


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """The table `summary`, from the table `runs`."""
    rows = []
    for combo, group in runs.groupby(COMBO, sort=False):
        left = group[group["diverged"].isna()]
        row = dict(zip(COMBO, combo, strict=True)) | accuracy_summary(group["test_accuracy"])
        row |= {"diverged": len(group) - len(left), "parameters": group["parameters"].iloc[0]}
        row |= {f"mean_{name}": left[name].mean() for name in MEANS}
        row["late_gain_low"], row["late_gain_high"] = statistics.t_interval(left["late_gain"].to_numpy())
        row["converged"] = statistics.converged(row["mean_train_accuracy"], row["mean_late_gain"], row["late_gain_low"])
        rows.append(row)
    return STUDY.frame("summary", rows)


def converged(train_accuracies: Sequence[float], late_gains: Sequence[float]) -> bool:
    """Whether the runs of a combo have, by the study's rule; NaN stands for one that diverged, and is left out."""
    train, late = (values[~np.isnan(values)] for values in map(np.asarray, (train_accuracies, late_gains)))
    return statistics.converged(statistics.mean(train), statistics.mean(late), statistics.t_interval(late)[0])


def accuracy_summary(test_accuracies: Sequence[float]) -> dict[str, float]:
    """What the runs of a combo come to; NaN stands for a run that diverged, and is left out.

    `runs` (how many are left), `mean_test_accuracy`, `std_test_accuracy` (n-1), and the mean's interval, `ci_low` to
    `ci_high`.
    """
    known = np.asarray(test_accuracies, dtype=float)
    known = known[~np.isnan(known)]
    low, high = statistics.t_interval(known)
    mean = {"runs": len(known), "mean_test_accuracy": statistics.mean(known)}
    return mean | {"std_test_accuracy": statistics.std(known), "ci_low": low, "ci_high": high}


def with_average(runs: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """A table of runs, and below them, for each seed, the average over architectures of every column `*_accuracy`.

    `keys`: the columns, beside architecture and seed, that tell rows apart. There is no average of a single
    architecture; where a run diverged, its seed's average is not defined.
    """
    names = runs["architecture"].unique()
    if len(names) < 2:
        return runs
    groups = runs.groupby([*keys, "seed"], sort=False)[[name for name in runs if name.endswith("_accuracy")]]
    complete = groups.count()["test_accuracy"] == len(names)
    averages = groups.mean().where(complete, axis="index").round(12).reset_index().assign(architecture=AVERAGE)
    return pd.concat([runs, averages], ignore_index=True)


def collapsed(runs: pd.DataFrame) -> pd.DataFrame:
    """Those rows of the table `runs` whose training went wrong, with their combo's `median`.

    Such a run's test accuracy lies more than COLLAPSED below the median of its combo's runs: the study's rule.
    """
    median = runs.groupby(COMBO, sort=False)["test_accuracy"].transform("median")
    return runs.assign(median=median)[runs["test_accuracy"] < median - COLLAPSED]


def curves(results: Results) -> pd.DataFrame:
    """The table `curves`."""
    parts = [STUDY.frame("curves", [])] if not results else []
    for combo, of_combo in results.items():
        for result in of_combo:
            values = {name: _curve(result, name) for name in CURVES}
            epochs = np.arange(1, len(values["loss"]) + 1)
            parts.append(pd.DataFrame(_names(combo, result) | {"seed": result.run.seed, "epoch": epochs} | values))
    return pd.concat(parts, ignore_index=True)


def learning_curves(curves: pd.DataFrame) -> pd.DataFrame:
    """The table `learning_curves`, from the table `curves`."""
    groups = curves.groupby([*COMBO, "epoch"], sort=False)
    mean, std = groups[CURVES].mean(), groups[CURVES].std(ddof=1)
    table = mean.add_prefix("mean_").join(std.add_prefix("std_")).assign(runs=groups["loss"].count())
    return table.reset_index()[STUDY.columns("learning_curves")]


def gaps(results: Results) -> pd.DataFrame:
    """The table `gaps`."""
    rows = []
    for combo, group in _that_did_not_diverge(results).items():
        pairs = np.sum([result.errors.gap_pairs for result in group], axis=0)
        correct = np.sum([result.errors.gap_correct for result in group], axis=0)
        for gap, n, right in zip(GAPS, pairs, correct, strict=True):
            score = {"gap": gap, "pairs": n, "test_accuracy": right / n if n else math.nan}
            rows.append(_names(combo, group[0]) | score)
    return STUDY.frame("gaps", rows)


def confusion(results: Results) -> pd.DataFrame:
    """The table `confusion`."""
    rows = []
    for combo, group in _that_did_not_diverge(results).items():
        if any(result.errors.digit_confusion is None for result in group):
            continue
        counts = np.sum(
            [result.errors.digit_confusion for result in group], axis=0
        )  # (images, digits, predicted digits)
        for (image, digit, predicted), n in np.ndenumerate(counts):
            where = {"image": image + 1, "digit": digit, "predicted": predicted, "count": n}
            rows.append(_names(combo, group[0]) | where)
    return STUDY.frame("confusion", rows)


def metrics(runs: pd.DataFrame) -> dict:
    """What `dvc metrics` shows: the mean test accuracy of each combo, and of each technique over architectures.

    A combo without a run that did not diverge has none, nor has the average of its technique. The data set and the
    device ("mixed" if the runs were trained on several) say which metrics may be compared.
    """
    means = runs.groupby(["architecture", "technique"], sort=False)["test_accuracy"].mean().unstack("technique")
    means = means.loc[runs["architecture"].unique(), runs["technique"].unique()]
    means = pd.concat([means.mean(skipna=False).to_frame(AVERAGE).T, means])
    devices = runs["device"].unique()
    said = {"data_set": runs["data_set"].iloc[0], "device": devices[0] if len(devices) == 1 else "mixed"}
    return said | {
        name: {technique: float(f"{mean:.6g}") for technique, mean in row.dropna().items()}
        for name, row in means.iterrows()
    }


def _names(combo: Combo, result: Result) -> dict[str, str]:
    values = (result.run.data.source, combo.architecture, combo.technique)
    return dict(zip(COMBO, values, strict=True))


def _that_did_not_diverge(results: Results) -> Results:
    """Those results, and the combos that have any."""
    left = {combo: [result for result in group if result.diverged is None] for combo, group in results.items()}
    return {combo: group for combo, group in left.items() if group}


def _curve(result: Result, name: str) -> np.ndarray:
    """A curve as an array, one value an epoch; NaN where it is not defined."""
    curve = getattr(result.curves, name)
    return np.array([None] * len(result.curves.test_accuracy) if curve is None else curve, dtype=float)

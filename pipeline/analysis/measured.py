"""What was measured: the records of all runs retold as tables (columns: pipeline/tables.py).

A run that diverged is counted and named, and left out of every mean.
"""

import math

import numpy as np
import pandas as pd

from pipeline import tables
from pipeline.analysis import statistics
from pipeline.params import AVERAGE, Combo
from pipeline.records import GAPS, Record

Records = dict[Combo, list[Record]]  # the study's, in the order of its tables
COMBO = ["data_set", "architecture", "technique"]


def runs(records: Records) -> pd.DataFrame:
    """The table `runs`."""
    rows = []
    for combo, of_combo in records.items():
        for record in of_combo:
            scores = _scores(record)
            if record.diverged is not None:
                scores = dict.fromkeys(scores, math.nan)
            about = {name: getattr(record, name) for name in ("parameters", "device", "hardware", "torch", "diverged")}
            pairs = np.array(record.gap_pairs)
            share = {"yes_share": pairs[_to_answer_yes()].sum() / pairs.sum()}
            rows.append(_names(combo, record) | {"seed": record.run.seed} | about | scores | share)
    return tables.frame("runs", rows)


def _scores(record: Record) -> dict[str, float]:
    test = _curve(record, "test_accuracy")
    pairs, correct = np.array(record.gap_pairs), np.array(record.gap_correct)
    recall = {}
    for answer, gaps in (("yes", _to_answer_yes()), ("no", ~_to_answer_yes())):
        recall[f"{answer}_recall"] = correct[gaps].sum() / pairs[gaps].sum() if pairs[gaps].any() else math.nan
    last = {f"{name}_accuracy": _curve(record, f"{name}_accuracy")[-1] for name in ("train", "digit", "readout")}
    scores = {"test_accuracy": test[-1], "best_test_accuracy": test.max(), "late_gain": statistics.late_gain(test)}
    return scores | last | recall


def _to_answer_yes() -> np.ndarray:
    """Of each of GAPS, whether the first digit is at most the second."""
    return np.array(GAPS) <= 0


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """The table `summary`, from the table `runs`."""
    rows = []
    for combo, group in runs.groupby(COMBO, sort=False):
        left = group[group["diverged"].isna()]
        test, late = left["test_accuracy"].to_numpy(), left["late_gain"].to_numpy()
        row = dict(zip(COMBO, combo, strict=True))
        row |= {"runs": len(left), "diverged": len(group) - len(left), "parameters": group["parameters"].iloc[0]}
        row |= {f"mean_{name}": left[name].mean() for name in ("test_accuracy", "best_test_accuracy", "train_accuracy")}
        row |= {f"mean_{name}": left[name].mean() for name in ("digit_accuracy", "readout_accuracy", "late_gain")}
        row |= {f"mean_{name}": left[name].mean() for name in ("yes_share", "yes_recall", "no_recall")}
        row["std_test_accuracy"] = statistics.std(test)
        row["ci_low"], row["ci_high"] = statistics.t_interval(test)
        row["late_gain_low"], row["late_gain_high"] = statistics.t_interval(late)
        row["trained_out"] = statistics.trained_out(
            row["mean_train_accuracy"], row["mean_late_gain"], row["late_gain_low"]
        )
        rows.append(row)
    return tables.frame("summary", rows)


def curves(records: Records) -> pd.DataFrame:
    """The table `curves`."""
    parts = [pd.DataFrame(columns=list(tables.COLUMNS["curves"]))] if not records else []
    for combo, of_combo in records.items():
        for record in of_combo:
            values = {name: _curve(record, name) for name in tables.CURVES}
            epochs = np.arange(1, len(values["loss"]) + 1)
            parts.append(pd.DataFrame(_names(combo, record) | {"seed": record.run.seed, "epoch": epochs} | values))
    return pd.concat(parts, ignore_index=True)


def learning_curves(curves: pd.DataFrame) -> pd.DataFrame:
    """The table `learning_curves`, from the table `curves`."""
    groups = curves.groupby([*COMBO, "epoch"], sort=False)
    mean, std = groups[list(tables.CURVES)].mean(), groups[list(tables.CURVES)].std(ddof=1)
    table = mean.add_prefix("mean_").join(std.add_prefix("std_")).assign(runs=groups["loss"].count())
    return table.reset_index()[list(tables.COLUMNS["learning_curves"])]


def gaps(records: Records) -> pd.DataFrame:
    """The table `gaps`."""
    rows = []
    for combo, group in _that_did_not_diverge(records).items():
        pairs = np.sum([record.gap_pairs for record in group], axis=0)
        correct = np.sum([record.gap_correct for record in group], axis=0)
        for gap, n, right in zip(GAPS, pairs, correct, strict=True):
            score = {"gap": gap, "pairs": n, "test_accuracy": right / n if n else math.nan}
            rows.append(_names(combo, group[0]) | score)
    return tables.frame("gaps", rows)


def confusion(records: Records) -> pd.DataFrame:
    """The table `confusion`."""
    rows = []
    for combo, group in _that_did_not_diverge(records).items():
        if any(record.digit_confusion is None for record in group):
            continue
        counts = np.sum([record.digit_confusion for record in group], axis=0)  # (images, digits, predicted digits)
        for (image, digit, predicted), n in np.ndenumerate(counts):
            where = {"image": image + 1, "digit": digit, "predicted": predicted, "count": n}
            rows.append(_names(combo, group[0]) | where)
    return tables.frame("confusion", rows)


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


def _names(combo: Combo, record: Record) -> dict[str, str]:
    values = (record.run.data.source, combo.architecture, combo.technique)
    return dict(zip(COMBO, values, strict=True))


def _that_did_not_diverge(records: Records) -> Records:
    """Those records, and the combos that have any."""
    left = {combo: [record for record in group if record.diverged is None] for combo, group in records.items()}
    return {combo: group for combo, group in left.items() if group}


def _curve(record: Record, name: str) -> np.ndarray:
    """A curve as an array, one value an epoch; NaN where it is not defined."""
    return np.array(getattr(record.curves, name), dtype=float)

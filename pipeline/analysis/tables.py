"""The tables of the study, reports/*.csv: their columns, what those mean, and how they are written and read.

Accuracies, gains and differences are fractions from 0 to 1. An empty cell is a value that is not defined: an interval
of one run, the digit accuracy of a network that reads no digit. Rows come in the order in which params.yaml lists
architectures and `Params.technique_names` orders techniques; wall times are in the records, never here.
"""

import pandas as pd

from pipeline import paths
from pipeline.records import Curves
from pipeline.script import StudyError

_COMBO = {
    "data_set": "mnist, or digits (the offline demonstration)",
    "architecture": "as in params.yaml",
    "technique": "as in params.yaml",
}
CURVES = [name for name in Curves.model_fields if name != "seconds"]  # what learning_curves has

COLUMNS: dict[str, dict[str, str]] = {
    "runs": _COMBO  # a row a run
    | {
        "seed": "of the run: its pairs, initial weights and batch order depend on it alone",
        "test_accuracy": "on the run's test pairs, after the last epoch",
        "best_test_accuracy": "the highest of any epoch, chosen on the test pairs: optimistic",
        "train_accuracy": "of the last epoch, from the batches as they passed (dropout on)",
        "digit_accuracy": "of the digits read from both test images, after the last epoch; empty if none is trained",
        "parameters": "trainable weights of the network",
        "device": "that trained it",
    },
    "summary": _COMBO  # a row a combo
    | {
        "runs": "n",
        "parameters": "trainable weights of the network",
        "mean_test_accuracy": "over runs, after the last epoch",
        "std_test_accuracy": "over runs, with n-1",
        "ci_low": "of the 95% Student t interval of the mean test accuracy",
        "ci_high": "of the 95% Student t interval of the mean test accuracy",
        "mean_best_test_accuracy": "mean of each run's highest of any epoch, chosen on the test pairs: optimistic",
        "mean_train_accuracy": "over runs, of the last epoch (dropout on)",
        "mean_digit_accuracy": "over runs; empty if no digit is trained",
    },
    "learning_curves": _COMBO  # a row a combo and epoch
    | {"epoch": "from 1"}
    | {
        f"{statistic}_{curve}": f"{words} over runs of {curve} (see pipeline/records.py)"
        for curve in CURVES
        for statistic, words in (("mean", "mean"), ("std", "standard deviation with n-1"))
    },
    "gaps": _COMBO  # a row a combo and gap
    | {
        "gap": "first digit minus second digit",
        "pairs": "test pairs with that gap, over all runs",
        "test_accuracy": "of those pairs, after the last epoch, pooled over runs; empty where there is none",
    },
    "confusion": _COMBO  # a row a combo, image, digit and predicted digit; only combos that read digits
    | {
        "image": "1 or 2",
        "digit": "that it shows",
        "predicted": "digit that the network reads, after the last epoch",
        "count": "of test images, summed over runs",
    },
    "effect_runs": {  # a row an effect, architecture and seed: the differences that `effects` sums up
        "data_set": _COMBO["data_set"],
        "effect": "a key of pipeline.analysis.effects.CONTRASTS, which says what is compared",
        "architecture": "as in params.yaml, or average: over all architectures, within the seed",
        "seed": "of the runs compared",
        "difference": "in test accuracy after the last epoch, between techniques of one seed",
    },
    "effects": {  # a row an effect and architecture
        "data_set": _COMBO["data_set"],
        "effect": "a key of pipeline.analysis.effects.CONTRASTS, which says what is compared",
        "architecture": "as in params.yaml, or average: over all architectures, within the seed",
        "runs": "n",
        "mean_difference": "of the seedwise differences",
        "ci_low": "of the 95% Student t interval of the mean difference: over seeds, not over architectures",
        "ci_high": "of the 95% Student t interval of the mean difference: over seeds, not over architectures",
        "wins": "runs with a positive difference",
        "ties": "runs with no difference",
        "p_value": "two-sided, of the exact sign-flip test",
        "p_holm": "p_value corrected by Holm over the effect's architectures; empty for the average",
    },
    "published_vs_ours": {  # a row a published figure; no row for a data set other than mnist
        "data_set": _COMBO["data_set"],
        "report": "its number, 0 to 4",
        "architecture": "as in params.yaml",
        "technique": "as in params.yaml",
        "published_name": "of the system, in its report",
        "measure": "the column of `runs` that the figure is compared with; report 4 also publishes train_accuracy",
        "published_mean": "as printed",
        "published_std": "as printed; where that divides by n, the interval takes it with n-1",
        "published_runs": "n of the published figure",
        "our_mean": "of the measure, over runs",
        "our_std": "of the measure, over runs, with n-1",
        "our_runs": "n",
        "difference": "ours minus published",
        "ci_low": "of the difference's 95% Welch interval: descriptive, since protocols differ",
        "ci_high": "of the difference's 95% Welch interval: descriptive, since protocols differ",
        "verdict": "agrees, higher, lower or unclear: see pipeline.analysis.published.verdict",
        "protocol_differences": "what the published run did that the study does not",
    },
    "published_gains": {  # a row a report's architecture and effect that it publishes; none unless mnist
        "data_set": _COMBO["data_set"],
        "report": "its number, 0 to 4",
        "architecture": "as in params.yaml",
        "effect": "a key of pipeline.analysis.published.GAINS, which says what is compared",
        "technique": "whose gain it is",
        "reference": "over which technique; where the effect has baseline, the report's basic network",
        "measure": "the column of `runs` that is compared",
        "published_gain": "difference of the two published means",
        "published_ci_low": "of its 95% Welch interval, as if the two were independent",
        "published_ci_high": "of its 95% Welch interval, as if the two were independent",
        "our_gain": "mean of the seedwise differences between the same two techniques",
        "our_ci_low": "of its 95% Student t interval",
        "our_ci_high": "of its 95% Student t interval",
        "our_runs": "n",
        "difference": "our gain minus the published gain",
        "ci_low": "of the difference's 95% Welch interval: descriptive, since protocols differ",
        "ci_high": "of the difference's 95% Welch interval: descriptive, since protocols differ",
        "verdict": "agrees, higher, lower or unclear: see pipeline.analysis.published.verdict",
        "protocol_differences": "what the published runs did that the study does not",
    },
    "what_if": _COMBO  # a row a change tried; written by pipeline.what_if, not by a stage
    | {
        "measure": "the column of `runs` that the published figure is compared with",
        "published_mean": "as printed",
        "change": "what was done as the published code does it; none: the study's own runs",
        "runs": "n",
        "mean": "of the measure, over runs",
        "std": "of the measure, over runs, with n-1",
        "gain": "mean of the seedwise differences to the study's own runs",
        "ci_low": "of the gain's 95% Student t interval",
        "ci_high": "of the gain's 95% Student t interval",
    },
}


def frame(name: str, rows: list[tuple]) -> pd.DataFrame:
    """A table from its rows, each with a value for every column."""
    return pd.DataFrame(rows, columns=list(COLUMNS[name]))


def write(name: str, frame: pd.DataFrame) -> None:
    """Write a table to reports/NAME.csv with six significant digits; its columns must be those of COLUMNS, in order."""
    if list(frame.columns) != list(COLUMNS[name]):
        raise ValueError(f"table {name}: columns {list(frame.columns)}, not {list(COLUMNS[name])}")
    frame = frame.copy()
    floats = frame.select_dtypes("float").columns
    frame[floats] = frame[floats].round(12) + 0.0  # neither 1e-17 nor -0 where a difference is nought
    path = paths.table(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, float_format="%.6g", lineterminator="\n", encoding="utf-8")


def read(name: str) -> pd.DataFrame:
    """Read a table back, empty cells as NaN; StudyError names the file and the remedy if it is missing or another."""
    path = paths.table(name)
    remedy = "`dvc repro aggregate` writes it"
    try:
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""], encoding="utf-8")
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; {remedy}") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        raise StudyError(f"{path}: damaged; {remedy} anew") from None
    if list(frame.columns) != list(COLUMNS[name]):
        raise StudyError(f"{path}: has other columns than pipeline/analysis/tables.py lists; {remedy} anew")
    return frame

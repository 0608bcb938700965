"""The tables of the study, reports/*.csv: their columns, what those mean, and how they are written and read.

Accuracies, gains and differences are fractions from 0 to 1. An empty cell is a value that is not defined: an interval
of one run, the digit accuracy of a network that reads no digit, any accuracy of a run that diverged. Rows come in the
order in which params.yaml lists architectures and `Params.technique_names` orders techniques.
"""

from collections.abc import Callable

import pandas as pd

from pipeline import paths
from pipeline.script import StudyError, write_whole

_COMBO = {
    "data_set": "mnist, or digits (the offline demonstration)",
    "architecture": "as in params.yaml",
    "technique": "as in params.yaml",
}
CURVES = {  # by epoch, over the epoch's training pairs, or over the test pairs after it; see pipeline/records.py
    "loss": "what was minimised",
    "comparison_loss": "of the answer; empty where the digits alone are trained",
    "aux_loss": "cross-entropies of the two digits, added; empty where no digit is trained",
    "train_accuracy": "from the batches as they passed (dropout on)",
    "test_accuracy": "of the answers to the test pairs",
    "digit_accuracy": "of the digits read from both test images; empty where the network reads none",
    "readout_accuracy": "of comparing the two digits read; empty where there are none, or where they answer",
}
_SEEDS_ALONE = "over seeds, not over architectures"
_SWEPT = {
    "data_set": _COMBO["data_set"],
    "sweep": "what is swept: aux_weight or train_pairs",
    "architecture": "as in params.yaml, or the average over those swept",
    "technique": "as in params.yaml",
    "value": "aux_weight (0: the technique without its auxiliary loss), or the number of training pairs",
}

_TUNED = {
    "data_set": _COMBO["data_set"],
    "architecture": "as in params.yaml",
    "technique": "as in params.yaml",
}
_TUNED_AVERAGE = "as in params.yaml, or the average over those tuned"
_RECIPE = {
    "learning_rate": "per step",
    "batch_size": "pairs a step",
    "dropout": "probability",
    "batch_norm": "whether there is",
    "aux_weight": "factor of the digit losses; empty without an auxiliary loss",
}
_CHOSEN_BY = "study: as in params.yaml; best, one_standard_error: chosen by that rule of pipeline.tuning.halving.choose"

COLUMNS: dict[str, dict[str, str]] = {
    "runs": _COMBO  # a row a run
    | {
        "seed": "of the run: its pairs, initial weights and batch order depend on it alone",
        "parameters": "trainable weights of the network",
        "device": "that trained it: cpu or cuda",
        "hardware": "that trained it, for instance a processor's name",
        "torch": "version",
        "diverged": "first epoch whose loss or weights were not finite; empty if none. Such a run has no accuracies",
        "test_accuracy": "on the run's test pairs, after the last epoch",
        "best_test_accuracy": "the highest of any epoch, chosen on the test pairs: optimistic",
        "train_accuracy": "of the last epoch, from the batches as they passed (dropout on)",
        "digit_accuracy": "of the digits read from both test images, after the last epoch; empty if it reads none",
        "readout_accuracy": "of comparing the two digits read; empty where there are none, or where they answer",
        "late_gain": "mean test accuracy over the last fifth of the epochs minus that over the fifth before",
        "yes_share": "of the run's test pairs: how many are to be answered yes",
        "yes_recall": "test accuracy of the pairs to be answered yes (first digit <= second)",
        "no_recall": "test accuracy of the pairs to be answered no",
    },
    "summary": _COMBO  # a row a combo
    | {
        "runs": "n: those that did not diverge; all means are theirs",
        "diverged": "how many runs did",
        "parameters": "trainable weights of the network",
        "mean_test_accuracy": "over runs, after the last epoch",
        "std_test_accuracy": "over runs, with n-1",
        "ci_low": "of the 95% Student t interval of the mean test accuracy",
        "ci_high": "of the 95% Student t interval of the mean test accuracy",
        "mean_best_test_accuracy": "mean of each run's highest of any epoch, chosen on the test pairs: optimistic",
        "mean_train_accuracy": "over runs, of the last epoch (dropout on)",
        "mean_digit_accuracy": "over runs; empty where no digit is read",
        "mean_readout_accuracy": "over runs; empty where no digits are read, or where they answer",
        "mean_yes_share": "over runs: test accuracy of always answering yes",
        "mean_yes_recall": "over runs",
        "mean_no_recall": "over runs",
        "mean_late_gain": "over runs",
        "late_gain_low": "of the 95% Student t interval of the mean late gain",
        "late_gain_high": "of the 95% Student t interval of the mean late gain",
        "trained_out": "see pipeline.analysis.statistics.trained_out",
    },
    "curves": _COMBO  # a row a run and epoch
    | {"seed": "of the run", "epoch": "from 1"}
    | CURVES,
    "learning_curves": _COMBO  # a row a combo and epoch
    | {"epoch": "from 1", "runs": "n: those that had not diverged by then"}
    | {
        f"{statistic}_{curve}": f"{words} over runs of {curve} in `curves`"
        for curve in CURVES
        for statistic, words in (("mean", "mean"), ("std", "standard deviation with n-1"))
    },
    "gaps": _COMBO  # a row a combo and gap
    | {
        "gap": "first digit minus second digit",
        "pairs": "test pairs with that gap, over all runs that did not diverge",
        "test_accuracy": "of those pairs, after the last epoch, pooled over runs; empty where there is none",
    },
    "confusion": _COMBO  # a row a combo, image, digit and predicted digit; only combos that read digits
    | {
        "image": "1 or 2",
        "digit": "that it shows",
        "predicted": "digit that the network reads, after the last epoch",
        "count": "of test images, summed over runs that did not diverge",
    },
    "effect_runs": {  # a row an effect, architecture and seed: the differences that `effects` sums up
        "data_set": _COMBO["data_set"],
        "effect": "a key of pipeline.analysis.effects.CONTRASTS, which says what is compared",
        "architecture": "as in params.yaml, or one of the averages over architectures in pipeline.analysis.effects",
        "seed": "of the runs compared, none of which diverged",
        "difference": "in test accuracy after the last epoch, between techniques of one seed",
    },
    "effects": {  # a row an effect and architecture
        "data_set": _COMBO["data_set"],
        "effect": "a key of pipeline.analysis.effects.CONTRASTS, which says what is compared",
        "architecture": "as in params.yaml, or one of the averages over architectures in pipeline.analysis.effects",
        "architectures": "how many the row speaks of",
        "trained_out": "whether all combos that are compared are (see `summary`)",
        "runs": "n: seeds of which no run diverged",
        "mean_difference": "of the seedwise differences",
        "ci_low": f"of the 95% Student t interval of the mean difference: {_SEEDS_ALONE}",
        "ci_high": f"of the 95% Student t interval of the mean difference: {_SEEDS_ALONE}",
        "spread_low": "of the 95% Student t interval over the architectures' mean differences; averages alone have it",
        "spread_high": "of the 95% Student t interval over the architectures' mean differences; averages alone have it",
        "wins": "runs with a positive difference",
        "ties": "runs with no difference",
        "p_value": "two-sided, of the exact sign-flip test",
        "p_holm": "p_value corrected by Holm over the effect's architectures; empty for averages",
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
        "our_mean": "of the measure, over runs that did not diverge",
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
        "our_runs": "n: seeds of which neither run diverged",
        "difference": "our gain minus the published gain",
        "ci_low": "of the difference's 95% Welch interval: descriptive, since protocols differ",
        "ci_high": "of the difference's 95% Welch interval: descriptive, since protocols differ",
        "verdict": "agrees, higher, lower or unclear: see pipeline.analysis.published.verdict",
        "protocol_differences": "what the published runs did that the study does not",
    },
    # Of studies/sweeps, in reports/sweeps/.
    "sweeps/runs": _SWEPT  # a row a run and sweep
    | {
        "seed": "of the run",
        "diverged": "first epoch whose loss or weights were not finite; empty if none. Such a run has no accuracies",
        "test_accuracy": "on the run's test pairs, after the last epoch",
        "train_accuracy": "of the last epoch, from the batches as they passed (dropout on)",
        "hardware": "that trained it",
        "torch": "version",
    },
    "sweeps/accuracy": _SWEPT  # a row a point of a sweep, also averaged over architectures within a seed
    | {
        "runs": "n: those that did not diverge",
        "mean_test_accuracy": "over runs, after the last epoch",
        "std_test_accuracy": "over runs, with n-1",
        "ci_low": "of the 95% Student t interval of the mean test accuracy",
        "ci_high": "of the 95% Student t interval of the mean test accuracy",
        "mean_train_accuracy": "over runs, of the last epoch (dropout on)",
    },
    "sweeps/effects": {  # a row an effect, architecture (or average) and number of training pairs
        "data_set": _COMBO["data_set"],
        "effect": "a key of pipeline.analysis.effects.CONTRASTS, which says what is compared",
        "architecture": _SWEPT["architecture"],
        "train_pairs": "that all techniques compared were trained on",
        "runs": "n: seeds of which no run diverged",
        "mean_difference": "in test accuracy, of the seedwise differences",
        "ci_low": f"of the 95% Student t interval of the mean difference: {_SEEDS_ALONE}",
        "ci_high": f"of the 95% Student t interval of the mean difference: {_SEEDS_ALONE}",
    },
    "sweeps/worth": {  # a row an effect that compares two techniques, and an architecture (or average)
        "data_set": _COMBO["data_set"],
        "effect": "a key of pipeline.analysis.effects.CONTRASTS: the technique whose worth this is, and its reference",
        "architecture": _SWEPT["architecture"],
        "technique": "whose accuracy with the study's training pairs is to be reached",
        "reference": "that reaches it with more, or fewer, training pairs",
        "runs": "n: seeds of which no run diverged",
        "target": "mean test accuracy of the technique with the study's training pairs",
        "pairs": "with which the reference reaches it; inf: more than `most`, 0: fewer than `fewest`",
        "pairs_low": "of the 95% interval, see pipeline.analysis.worth; 0: not bounded within the sweep",
        "pairs_high": "of the 95% interval, see pipeline.analysis.worth; inf: not bounded within the sweep",
        "fewest": "training pairs swept",
        "most": "training pairs swept",
    },
    "sweeps/aux_weights": {  # a row a technique, architecture (or average) and aux_weight
        "data_set": _COMBO["data_set"],
        "architecture": _SWEPT["architecture"],
        "technique": "as in params.yaml, under auxiliary",
        "aux_weight": "0: without the auxiliary loss",
        "runs": "n: those that did not diverge",
        "mean_test_accuracy": "over runs, after the last epoch",
        "best": "whether it has the highest mean of those above 0 of which no run diverged: optimistic, by test pairs",
        "behind": "mean of the seedwise differences to the best aux_weight",
        "behind_low": "of its 95% Student t interval, as if the best had been known beforehand",
        "behind_high": "of its 95% Student t interval, as if the best had been known beforehand",
    },
    # Of studies/tuning, in reports/tuning/. Accuracies called cross-validated are on the tuning's own training pairs.
    "tuning/candidates": _TUNED  # a row a technique, rung and candidate that took part in it
    | {"rung": "from 1", "candidate": "its number; 0 is the report's own recipe"}
    | _RECIPE
    | {
        "trained_epochs": "of every run in this rung",
        "splits": "a fold of a draw each: how many runs there are",
        "diverged": "how many of them did; their accuracy counts as nought",
        "accuracy": "cross-validated: mean over splits and over the last few epochs (`smoothing`), at the best epoch",
        "epochs": "after which that is highest",
    },
    "tuning/chosen": _TUNED  # a row a technique and recipe
    | {"recipe": _CHOSEN_BY, "candidate": "its number; 0 is the report's own recipe"}
    | _RECIPE
    | {
        "epochs": "chosen with it, off the curve",
        "cross_validated": "accuracy in the last rung: optimistic for what was chosen by it",
        "standard_error": "of that mean, over splits",
    },
    "tuning/runs": _TUNED  # a row a run on the study's pairs
    | {
        "recipe": _CHOSEN_BY,
        "seed": "of the run",
        "diverged": "first epoch whose loss or weights were not finite; empty if none. Such a run has no accuracies",
        "test_accuracy": "on the run's test pairs, after the last epoch",
        "train_accuracy": "of the last epoch, from the batches as they passed (dropout on)",
        "hardware": "that trained it",
        "torch": "version",
    },
    "tuning/accuracy": _TUNED  # a row a technique and recipe, also averaged over architectures within a seed
    | {
        "architecture": _TUNED_AVERAGE,
        "recipe": _CHOSEN_BY,
        "runs": "n: those that did not diverge",
        "mean_test_accuracy": "over runs, after the last epoch",
        "std_test_accuracy": "over runs, with n-1",
        "ci_low": "of the 95% Student t interval of the mean test accuracy",
        "ci_high": "of the 95% Student t interval of the mean test accuracy",
        "mean_train_accuracy": "over runs, of the last epoch (dropout on)",
        "change": "mean of the seedwise differences to the study's recipe; empty for that one",
        "change_low": "of its 95% Student t interval",
        "change_high": "of its 95% Student t interval",
    },
    "tuning/effects": {  # a row an effect, architecture (or average) and recipe
        "data_set": _COMBO["data_set"],
        "effect": "a key of pipeline.analysis.effects.CONTRASTS, which says what is compared",
        "architecture": _TUNED_AVERAGE,
        "recipe": _CHOSEN_BY + "; each technique with its own",
        "runs": "n: seeds of which no run diverged",
        "mean_difference": "in test accuracy, of the seedwise differences",
        "ci_low": f"of the 95% Student t interval of the mean difference: {_SEEDS_ALONE}",
        "ci_high": f"of the 95% Student t interval of the mean difference: {_SEEDS_ALONE}",
        "change": "of the effect against that under the study's recipe, mean over seeds; empty for that one",
        "change_low": "of its 95% Student t interval",
        "change_high": "of its 95% Student t interval",
    },
    "tuning/leaking": _TUNED  # a row a leaking grid and seed that chooses
    | {"seed": "on whose test pairs the choice is made", "candidate": "that is most accurate on them: its number"}
    | _RECIPE
    | {
        "choosing_accuracy": "of the chosen, on the test pairs that chose it",
        "fresh_accuracy": "of the same recipe, trained and tested on the other seeds' pairs: mean over those",
        "optimism": "choosing_accuracy minus fresh_accuracy",
    },
    "tuning/optimism": _TUNED  # a row a leaking grid
    | {
        "candidates": "in the grid",
        "seeds": "that each once chose",
        "choices": "how many different candidates were chosen",
        "mean_choosing_accuracy": "over seeds",
        "mean_fresh_accuracy": "over seeds",
        "optimism": "mean over seeds",
        "optimism_low": "of its 95% Student t interval, as if seeds were independent; they share the fresh runs",
        "optimism_high": "of its 95% Student t interval, likewise",
    },
    # Of studies/replication, in reports/replication/. Rows come in the order of its params.
    "replication/figures": {  # a row a published figure and measure
        "report": "its number, 0 to 4",
        "architecture": "as in params.yaml",
        "technique": "as in params.yaml",
        "published_name": "of the system, in its report",
        "known_from": "what the description of its runs is from: code, text or inferred",
        "quantity": "test_accuracy; report 4 also publishes train_accuracy",
        "measure": "of pipeline.protocols.MEASURES",
        "main": "whether this is the measure that the report's code prints; else it is what its text says",
        "published_mean": "as printed",
        "published_std": "as printed",
        "published_runs": "n of the published figure",
        "our_mean": "of the same measure, by the report's own protocol; over runs that did not diverge",
        "our_std": "over runs, with n-1",
        "our_runs": "n",
        "diverged": "how many runs did",
        "difference": "ours minus published",
        "ci_low": "of the difference's 95% Welch interval",
        "ci_high": "of the difference's 95% Welch interval",
        "verdict": "agrees, higher, lower or unclear: see pipeline.analysis.published.verdict",
        "prediction_low": "of the 95% interval in which the mean of another experiment of that size is to be expected",
        "prediction_high": "likewise; both are widened by half of what the report rounds to",
        "within": "whether the published mean lies in it",
        "spread_ratio": "published standard deviation (with n-1) to ours",
        "spread_low": "of the ratios to be expected in 95% of such experiments (F distribution)",
        "spread_high": "likewise; both are widened by what rounding the published one may do",
        "spread_within": "whether the ratio lies between them",
        "study_mean": "of the controlled study's combo of that name, after the last epoch; empty where it has none",
        "study_std": "over runs, with n-1",
        "study_runs": "n",
        "protocol_differences": "what the report's runs do otherwise than the study's",
    },
    "replication/departures": {  # a row a published row, departure and way
        "report": "its number, 0 to 4",
        "architecture": "as in params.yaml",
        "technique": "as in params.yaml",
        "departure": "fields of pipeline.description.Description in which the row departs from the study, joined by +; "
        "or a measure of pipeline.protocols.MEASURES, read off the same runs; or `all`, as the report has it",
        "published": "what the report has, in words; for `all`, what its only departure is",
        "study": "what the study has, in words",
        "way": "put right: in the row alone, all else as published; made: in the study alone; both: for `all`",
        "runs": "n: seeds of which neither run diverged",
        "mean_difference": "of test accuracy with the departure minus without it, seed by seed; after the last epoch, "
        "unless the departure is a measure",
        "ci_low": "of its 95% Student t interval",
        "ci_high": "of its 95% Student t interval",
        "shown": "whether both ways stand clear of nought on one side: then, and only then, it is called a cause",
    },
    "replication/curves": {  # a row a run and epoch of the published rows
        "report": "its number, 0 to 4",
        "architecture": "as in params.yaml",
        "technique": "as in params.yaml",
        "seed": "of the run",
        "epoch": "from 1",
        "train_accuracy": "from the batches as they passed (dropout on)",
        "test_accuracy": "on the run's test pairs, tested as the report does",
    },
}


def frame(name: str, rows: list[dict]) -> pd.DataFrame:
    """A table from its rows, each with a value for every column, by name."""
    columns = list(COLUMNS[name])
    for row in rows:
        if row.keys() != COLUMNS[name].keys():
            raise ValueError(f"table {name}: a row has or lacks {sorted(row.keys() ^ COLUMNS[name].keys())}")
    return pd.DataFrame(rows, columns=columns)


def write(name: str, frame: pd.DataFrame) -> None:
    """Write a table to reports/NAME.csv with six significant digits; its columns must be those of COLUMNS, in order."""
    if list(frame.columns) != list(COLUMNS[name]):
        raise ValueError(f"table {name}: columns {list(frame.columns)}, not {list(COLUMNS[name])}")
    frame = frame.copy()
    floats = frame.select_dtypes("float").columns
    frame[floats] = frame[floats].round(12) + 0.0  # neither 1e-17 nor -0 where a difference is nought
    text = frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    write_whole(paths.table(name), text.encode())


def say_diverged(runs: pd.DataFrame, which: Callable[[dict], str] = lambda run: "") -> None:
    """Print the runs of a table that diverged; `which` tells those of one combo and seed apart."""
    for run in runs[runs["diverged"].notna()].to_dict("records"):
        name = f"{run['architecture']}-{run['technique']}{which(run)}"
        print(f"diverged, and left out of all means: {name}, seed {run['seed']}, in epoch {run['diverged']:.0f}")


def read(name: str) -> pd.DataFrame:
    """Read a table back, empty cells as NaN; StudyError names the file and the remedy if it is missing or another."""
    path = paths.table(name)
    study, _, _ = name.rpartition("/")
    remedy = f"`dvc repro {f'studies/{study}/dvc.yaml' if study else 'aggregate'}` writes it"
    try:
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""], encoding="utf-8")
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; {remedy}") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        raise StudyError(f"{path}: damaged; {remedy} anew") from None
    if list(frame.columns) != list(COLUMNS[name]):
        raise StudyError(f"{path}: has other columns than pipeline/tables.py lists; {remedy} anew")
    return frame

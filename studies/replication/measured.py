"""What was measured: the published figures beside ours, and what they gain over one another.

Frames of studies/replication/columns.yaml from rows and results. A run that diverged is left out of all means.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.analysis import statistics
from pipeline.analysis.tables import Tables
from pipeline.engine.result import Result
from pipeline.engine.run import Run
from pipeline.params import Params
from studies.replication.description import Description, Words, in_words
from studies.replication.reports import FOLDER, LAST_EPOCH, Replication, Row

TABLES = Tables(FOLDER / "reports", Path(__file__).with_name("columns.yaml"), "make replication")
Results = Mapping[Run, Result]
DIVISORS = {
    "n-1": [],
    "n": ["standard deviation divides by n"],
    "unknown": ["divisor of the standard deviation not stated"],
}
# What the reports conclude: technique and reference. Where a report has no baseline, its two_channel takes that place.
# The last is for report 3, which has the auxiliary loss only on top of weight sharing.
GAINS = {
    "weight_sharing": ("weight_sharing", "baseline"),
    "aux_loss": ("aux_loss", "baseline"),
    "both": ("weight_sharing_aux_loss", "baseline"),
    "aux_loss_given_weight_sharing": ("weight_sharing_aux_loss", "weight_sharing"),
}


@dataclass(frozen=True)
class Printed:
    """A figure as a report prints it: fractions, over the report's runs."""

    row: Row
    quantity: str  # test_accuracy or train_accuracy
    mean: float
    std: float

    @property
    def runs(self) -> int:
        return self.row.of_report.runs

    @property
    def std_unbiased(self) -> float:
        """With n-1; a divisor that is not stated is taken for n, which gives the wider interval."""
        n = self.runs
        return self.std if self.row.of_report.divisor == "n-1" else self.std * math.sqrt(n / (n - 1))

    @property
    def rounding(self) -> float:
        """How far what was rounded may lie from what is printed."""
        return self.row.of_report.printed_to / 100 / 2

    @property
    def measures(self) -> list[str]:
        return self.row.of_report.measures if self.quantity == "test_accuracy" else [LAST_EPOCH]

    @property
    def common_measure(self) -> str:
        """When the accuracy of the common protocol is read: only each run's best epoch is not its last one."""
        return "best_epoch" if self.measures[0] == "best_epoch" else LAST_EPOCH

    def own(self, results: Results, measure: str, by_text: bool = False) -> np.ndarray:
        """Ours by the report's protocol, as `measured`."""
        return measured([results[run] for run in self.row.runs(by_text)], measure, self.quantity)

    def common(self, study: Params, results: Results) -> np.ndarray:
        """Ours by the common protocol, as `measured`."""
        runs = self.row.common(study).runs(study.seeds)
        return measured([results[run] for run in runs], self.common_measure, self.quantity)


def printed(row: Row) -> list[Printed]:
    """The published figures of a row."""
    figures = (("test_accuracy", row.figure.test), ("train_accuracy", row.figure.train))
    return [Printed(row, name, figure[0] / 100, figure[1] / 100) for name, figure in figures if figure]


def measured(results: Sequence[Result], measure: str = LAST_EPOCH, quantity: str = "test_accuracy") -> np.ndarray:
    """The measure of each run, (n,), NaN of one that diverged; `quantity`: test_accuracy or train_accuracy."""
    curves = np.array([getattr(result.curves, quantity) for result in results], dtype=float)  # (n, epochs)
    diverged = np.array([result.diverged is not None for result in results])
    curves[diverged] = math.nan
    match measure:
        case "last_epoch":
            return curves[:, -1]
        case "epoch_49":
            return curves[:, :49][:, -1]
        case "best_epoch":
            return curves.max(1)
        case "best_epoch_of_mean":
            return curves[:, -1] if diverged.all() else curves[:, np.nanmean(curves, 0).argmax()]
    raise ValueError(f"no measure {measure}")


def figures(replication: Replication, study: Params, results: Results) -> pd.DataFrame:
    """The table `figures`: a row a published figure and measure."""
    rows = []
    for figure in itertools.chain.from_iterable(map(printed, replication.rows)):
        row = figure.row
        ways = [(measure, False) for measure in figure.measures]
        if row.by_text and figure.quantity == "test_accuracy":
            ways.append((figure.measures[0], True))
        for measure, by_text in ways:
            own, described = figure.own(results, measure, by_text), row.by_text if by_text else row.description
            differences = _differences(row, described, row.common(study), replication.words)
            rows.append(
                row.names
                | {
                    "published_name": row.figure.name,
                    "known_from": "text" if by_text else row.known_from,
                    "quantity": figure.quantity,
                    "measure": measure,
                    "main": measure == row.of_report.measures[0] and not by_text,
                    "published_mean": figure.mean,
                    "published_std": figure.std,
                    "published_runs": figure.runs,
                }
                | _compared("own", own, figure)
                | _spread(own, figure)
                | {"common_measure": figure.common_measure}
                | _compared("common", figure.common(study, results), figure)
                | {"protocol_differences": "; ".join(differences)}
            )
    return TABLES.frame("figures", rows)


def main_figures(figures: pd.DataFrame) -> pd.DataFrame:
    """The published test accuracies, a row each: by the measure that the report's code prints."""
    return figures[figures["main"] & (figures["quantity"] == "test_accuracy")]


def _compared(whose: str, values: np.ndarray, figure: Printed) -> dict:
    """Runs of ours against a published mean: the difference, and where another experiment's mean is to be expected."""
    values, runs = _known(values), len(values)
    mean, std = statistics.mean(values), statistics.std(values)
    difference = mean - figure.mean
    low, high = statistics.welch_interval(difference, [(figure.std_unbiased, figure.runs), (std, len(values))])
    least, most = statistics.prediction_interval(values, figure.runs)
    least, most = least - figure.rounding, most + figure.rounding
    compared = {
        "mean": mean,
        "std": std,
        "runs": len(values),
        "diverged": runs - len(values),
        "difference": difference,
        "ci_low": low,
        "ci_high": high,
        "prediction_low": least,
        "prediction_high": most,
        "within": least <= figure.mean <= most,
    }
    return {f"{whose}_{name}": value for name, value in compared.items()}


def _spread(values: np.ndarray, figure: Printed) -> dict:
    """The published standard deviation over that of these runs, and which ratios are to be expected."""
    values = _known(values)
    std = statistics.std(values) or math.nan  # no ratio to 0
    low, high = statistics.spread_interval(figure.runs, len(values))
    low, high = low - figure.rounding / std, high + figure.rounding / std
    ratio = figure.std_unbiased / std
    return {
        "spread_ratio": ratio,
        "spread_low": max(low, 0),
        "spread_high": high,
        "spread_within": low <= ratio <= high,
    }


def _known(values: np.ndarray) -> np.ndarray:
    return values[~np.isnan(values)]


def _differences(row: Row, described: Description, common: Description, words: Words) -> list[str]:
    """What a row's runs did otherwise than the study's, each as `this (ours: that)`, and what no run holds."""
    said = []
    for name in described.differing(common):
        ours = in_words(name, common, words).removeprefix(f"{name.replace('_', ' ')} ")
        said.append(f"{in_words(name, described, words)} (ours: {ours})")
    rounded = ["printed in whole percents"] if row.of_report.printed_to == 1 else []
    return said + row.of_report.notes + rounded + DIVISORS[row.of_report.divisor]


def gains(replication: Replication, study: Params, results: Results) -> pd.DataFrame:
    """The table `gains`: a row an architecture and effect of GAINS that its report publishes.

    The two published means are taken as independent. Those of reports 1 and 2 are not, all their techniques seeing the
    same pairs, and those of report 4 each stand on one set of pairs: their intervals are to be read with that in mind.
    """
    rows = []
    by_combo = {(row.architecture, row.technique): printed(row)[0] for row in replication.rows}
    for architecture, (effect, (technique, reference)) in itertools.product(replication.architectures, GAINS.items()):
        if reference == "baseline" and (architecture, reference) not in by_combo:
            reference = "two_channel"
        pair = by_combo.get((architecture, technique)), by_combo.get((architecture, reference))
        if None in pair:
            continue
        gain, spreads = pair[0].mean - pair[1].mean, [(of.std_unbiased, of.runs) for of in pair]
        low, high = statistics.welch_interval(gain, spreads)
        row = {"report": pair[0].row.report, "architecture": architecture, "effect": effect}
        row |= {"technique": technique, "reference": reference}
        row |= {"published_gain": gain, "published_ci_low": low, "published_ci_high": high}
        ours = {"own": [of.own(results, of.measures[0]) for of in pair]}
        ours["common"] = [of.common(study, results) for of in pair]
        for whose, (with_it, without) in ours.items():
            values = _known(with_it - without)  # seed by seed
            low, high = statistics.t_interval(values)
            of_gain = {"gain": statistics.mean(values), "ci_low": low, "ci_high": high, "runs": len(values)}
            row |= {f"{whose}_{name}": value for name, value in of_gain.items()}
        rows.append(row)
    return TABLES.frame("gains", rows)

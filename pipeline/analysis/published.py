"""The published figures beside ours: how far apart they are, and what the published runs did otherwise.

The figures and what their runs did are the replication's params (pipeline/protocols.py): a difference of
protocol is what a row's description has and the study's has not. Report 2 publishes each run's highest test accuracy,
and is compared with ours; report 0's table is too low for the mean of each run's highest, and is compared with the last
epoch.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline import tables
from pipeline.analysis import statistics
from pipeline.analysis.effects import CONTRASTS, seedwise
from pipeline.description import Description, of_study, words
from pipeline.params import Params
from pipeline.protocols import MEASURES, Replication, Row

MARGIN = 0.02  # two points: what counts as agreement
VERDICTS = ("agrees", "higher", "lower", "unclear")
DIVISORS = {
    "n-1": [],
    "n": ["standard deviation divides by n"],
    "unknown": ["divisor of the standard deviation not stated"],
}
# By its first measure. Each run's best epoch is no difference: it is compared with ours.
MEASURED = {
    "last_epoch": [],
    "best_epoch": [],
    "epoch_49": [f"measured {MEASURES['epoch_49']} (code) or {MEASURES['best_epoch_of_mean']} (text)"],
}
# What the reports conclude. Where an effect has baseline, the report's own basic network takes its place: two_channel
# in reports 1, 3 and 4. The last is for report 3, which has the auxiliary loss only on top of weight sharing.
GAINS = ("weight_sharing", "aux_loss", "both", "aux_loss_given_weight_sharing")


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
    def spread(self) -> tuple[float, int]:
        """As `statistics.welch_interval` takes it."""
        return self.std_unbiased, self.runs

    @property
    def measure(self) -> str:
        """The column of the study's table `runs` that it is compared with."""
        if self.quantity == "train_accuracy":
            return self.quantity
        return "best_test_accuracy" if self.row.of_report.measures[0] == "best_epoch" else "test_accuracy"


def printed(replication: Replication) -> list[Printed]:
    """Every published figure, in the order of the replication's rows."""
    found = []
    for row in replication.rows:
        figures = (("test_accuracy", row.figure.test), ("train_accuracy", row.figure.train))
        found += [Printed(row, name, figure[0] / 100, figure[1] / 100) for name, figure in figures if figure]
    return found


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


def published_vs_ours(params: Params, runs: pd.DataFrame, replication: Replication) -> pd.DataFrame:
    """The table `published_vs_ours`; `runs` is the table of that name."""
    rows = []
    for figure in _figures(params, replication):
        row = figure.row
        of_combo = (runs["architecture"] == row.architecture) & (runs["technique"] == row.technique)
        values = runs.loc[of_combo, figure.measure].dropna().to_numpy()
        differences = _differences(row, params, replication)
        ours = {"our_mean": _mean(values), "our_std": statistics.std(values), "our_runs": len(values)}
        difference = ours["our_mean"] - figure.mean
        rows.append(
            {
                "data_set": params.data.source,
                "report": row.report,
                "architecture": row.architecture,
                "technique": row.technique,
                "published_name": row.figure.name,
                "measure": figure.measure,
                "published_mean": figure.mean,
                "published_std": figure.std,
                "published_runs": figure.runs,
                **ours,
                "difference": difference,
                **judged(difference, [figure.spread, (ours["our_std"], ours["our_runs"])]),
                "protocol_differences": "; ".join(differences),
            }
        )
    return tables.frame("published_vs_ours", rows)


def published_gains(params: Params, runs: pd.DataFrame, replication: Replication) -> pd.DataFrame:
    """The table `published_gains`; `runs` is the table of that name.

    The two published means are taken as independent. Those of reports 1 and 2 are not, all their techniques seeing the
    same pairs, and those of report 4 each stand on one set of pairs: their intervals are to be read with that in mind.
    """
    rows = []
    for effect, with_it, without in _gains(params, replication):
        technique, reference = with_it.row.technique, without.row.technique
        architecture, measure = with_it.row.architecture, with_it.measure
        of_architecture = runs[runs["architecture"] == architecture]
        values = seedwise(of_architecture, {technique: 1, reference: -1}, measure).to_numpy()
        spreads = [with_it.spread, without.spread]
        row = {"data_set": params.data.source, "report": with_it.row.report, "architecture": architecture}
        row |= {"effect": effect, "technique": technique, "reference": reference, "measure": measure}
        row["published_gain"], row["our_gain"] = with_it.mean - without.mean, _mean(values)
        theirs, ours = statistics.welch_interval(row["published_gain"], spreads), statistics.t_interval(values)
        row |= {"published_ci_low": theirs[0], "published_ci_high": theirs[1]}
        row |= {"our_ci_low": ours[0], "our_ci_high": ours[1], "our_runs": len(values)}
        row["difference"] = row["our_gain"] - row["published_gain"]
        row |= judged(row["difference"], [*spreads, (statistics.std(values), len(values))])
        differences = [_differences(of.row, params, replication) for of in (with_it, without)]
        rows.append(row | {"protocol_differences": _of_both(technique, reference, *differences)})
    return tables.frame("published_gains", rows)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan


def judged(difference: float, spreads: list[tuple[float, int]]) -> dict:
    """The Welch interval of a difference and its verdict; `spreads` as `statistics.welch_interval` takes them."""
    low, high = statistics.welch_interval(difference, spreads)
    return {"ci_low": low, "ci_high": high, "verdict": verdict(low, high)}


def _figures(params: Params, replication: Replication) -> Iterator[Printed]:
    """The published figures of the combos in params.yaml, in its order."""
    if params.data.source != "mnist":
        return
    figures = printed(replication)
    for combo in params.combos():
        yield from (figure for figure in figures if figure.row.key == combo.key)


def _gains(params: Params, replication: Replication) -> Iterator[tuple[str, Printed, Printed]]:
    """Each effect of GAINS that a report publishes: its name, the figure with the technique, and the one without."""
    tested = [figure for figure in _figures(params, replication) if figure.quantity == "test_accuracy"]
    figures = {(figure.row.architecture, figure.row.technique): figure for figure in tested}
    for architecture, effect in itertools.product(params.architectures, GAINS):
        (technique, _), (reference, _) = CONTRASTS[effect].items()  # with the weights 1 and -1
        if reference == "baseline" and (architecture, reference) not in figures:
            reference = "two_channel"
        keys = (architecture, technique), (architecture, reference)
        if all(key in figures for key in keys):
            yield effect, *(figures[key] for key in keys)


def _differences(row: Row, params: Params, replication: Replication) -> list[str]:
    study = of_study(params, row.architecture, row.technique)
    return protocol_differences(row, row.description, study, replication.variants)


def protocol_differences(row: Row, described: Description, study: Description, variants: dict[str, str]) -> list[str]:
    """What a row's runs did otherwise than these of the study, each as `this (study: that)`, and what no run holds."""
    said = []
    for name in Description.model_fields:
        if getattr(described, name) != getattr(study, name):
            theirs, ours = words(name, described, variants), words(name, study, variants)
            said.append(f"{theirs} (study: {_without_common_beginning(ours, theirs)})")
    of_report = row.of_report
    rounded = ["printed in whole percents"] if of_report.printed_to == 1 else []
    return said + of_report.notes + MEASURED[of_report.measures[0]] + rounded + DIVISORS[of_report.divisor]


def _without_common_beginning(text: str, other: str) -> str:
    """Without the words that both begin with, so that `learning rate` is said once."""
    words = text.split()
    same = len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], zip(words, other.split(), strict=False))))
    return " ".join(words[same:])


def _of_both(technique: str, reference: str, with_it: list[str], without: list[str]) -> str:
    """The differences that two figures share, then those of one alone under the name of its technique."""
    shared = [difference for difference in with_it if difference in without]
    own = [f"{technique}: {difference}" for difference in with_it if difference not in shared]
    own += [f"{reference}: {difference}" for difference in without if difference not in shared]
    return "; ".join(shared + own)

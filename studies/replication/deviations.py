"""What each deviation from the common protocol does to test accuracy.

A row's deviations are the fields in which its description differs from that of the study's combo of the same name. Each
is seen in two ways: removed alone from the report's protocol, and added alone to the common protocol. Only where both
change test accuracy, with 95% intervals on the same side of 0, is it called a cause.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.analysis import statistics
from pipeline.engine.run import Run
from pipeline.params import Params
from studies.replication.description import Description, Words, in_words
from studies.replication.measured import TABLES, Results, measured
from studies.replication.reports import LAST_EPOCH, MEASURES, Replication, Row

# The ways of a comparison. A row's only deviation has one: removing it gives the study's runs, adding it the row's. So
# there are no two ways to agree, and it is not called a cause.
REMOVED, ADDED, ONLY, ALL = "removed", "added", "only", "all"


@dataclass(frozen=True)
class Comparison:
    """Runs with a deviation against runs without it."""

    deviation: tuple[str, ...]  # fields, several at once; or ("all",)
    way: str
    with_it: Description
    without: Description
    seeds: int


def tried(row: Row, common: Description) -> list[tuple[str, ...]]:
    """The fields in which a row deviates, each alone, or the groups that its report names."""
    every = [(name,) for name in row.description.differing(common)]
    return every if row.deviations_tried is None else list(row.deviations_tried)


def comparisons(row: Row, study: Params) -> Iterator[Comparison]:
    """Each deviation of a row removed alone and added alone, where that can make a difference; then all at once."""
    published, common = row.description, row.common(study)
    few, many = (min(seeds, study.seeds) for seeds in (row.deviation_seeds, row.of_report.runs))
    for names in tried(row, common):
        removed, added = published.taking(common, names), common.taking(published, names)
        if removed == common:
            yield Comparison(names, ONLY, published, common, many)
            continue
        if published.matters(names):
            yield Comparison(names, REMOVED, published, removed, few)
        if common.matters(names):
            yield Comparison(names, ADDED, added, common, few)
    yield Comparison(("all",), ALL, published, common, many)


def runs(replication: Replication, architecture: str, study: Params) -> list[Run]:
    """All runs that an architecture's rows ask for: theirs, those of comparisons, and the study's own."""
    wanted = {}
    for row in replication.rows:
        if row.architecture == architecture:
            wanted |= dict.fromkeys(row.runs() + row.runs(by_text=True) + row.common(study).runs(study.seeds))
            for of in comparisons(row, study):
                wanted |= dict.fromkeys(of.with_it.runs(of.seeds) + of.without.runs(of.seeds))
    return list(wanted)


def deviations(replication: Replication, study: Params, results: Results) -> pd.DataFrame:
    """The table `deviations`: a row a published row, deviation and way."""
    rows = []
    for row in replication.rows:
        for names, ways in _effects(row, study, results).items():
            published, common = _in_words(names, row, study, replication.words)
            intervals = {way: statistics.t_interval(differences) for way, differences in ways.items()}
            for way, differences in ways.items():
                rows.append(
                    row.names
                    | {
                        "deviation": "+".join(names),
                        "published": published,
                        "common": common,
                        "way": way,
                        "runs": len(differences),
                        "mean_difference": statistics.mean(differences),
                        "ci_low": intervals[way][0],
                        "ci_high": intervals[way][1],
                        "shown": len(ways) == 2 and on_one_side(intervals.values()),
                    }
                )
    return TABLES.frame("deviations", rows)


def on_one_side(intervals: Iterable[tuple[float, float]]) -> bool:
    """Whether all intervals lie on the same side of 0, and none touches it."""
    return {1 if low > 0 else -1 if high < 0 else 0 for low, high in intervals} in ({1}, {-1})


def _effects(row: Row, study: Params, results: Results) -> dict[tuple[str, ...], dict[str, np.ndarray]]:
    """By deviation and way, the differences in test accuracy, one a seed; measures are read off the same runs."""

    def last(description: Description, seeds: int) -> np.ndarray:
        return measured([results[run] for run in description.runs(seeds)])

    effects: dict[tuple[str, ...], dict[str, np.ndarray]] = {}
    for of in comparisons(row, study):
        found = _differences(last(of.with_it, of.seeds), last(of.without, of.seeds))
        effects.setdefault(of.deviation, {})[of.way] = found
    groups = {REMOVED: row.runs(), ADDED: row.common(study).runs(study.seeds)}
    for measure in row.of_report.measures:
        if measure != LAST_EPOCH:
            found = {way: [results[run] for run in runs] for way, runs in groups.items()}
            effects[(measure,)] = {way: _differences(measured(of, measure), measured(of)) for way, of in found.items()}
    return effects


def _differences(with_it: np.ndarray, without: np.ndarray) -> np.ndarray:
    """Seed by seed, (seeds,) each; without those of which a run diverged."""
    differences = (with_it - without).round(12)
    return differences[~np.isnan(differences)]


def _in_words(names: tuple[str, ...], row: Row, study: Params, words: Words) -> tuple[str, str]:
    """What the report has in these fields, and what the study has."""
    if names == ("all",):
        return "as published", "the common protocol"
    if names[0] in MEASURES:
        return MEASURES[names[0]], MEASURES[LAST_EPOCH]
    described = (row.description, row.common(study))
    published, common = (" and ".join(in_words(name, of, words) for name in names) for of in described)
    return published, common

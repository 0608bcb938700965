"""What the replication shows: the published figures beside ours by their own protocol, and what each departure does.

Frames of pipeline/tables.py (replication/...) from rows and outcomes. A run that diverged is left out of all means.
"""

import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from pipeline import tables
from pipeline.analysis import statistics
from pipeline.analysis.published import Printed, judged, printed, protocol_differences
from pipeline.description import Description, of_study, words
from pipeline.outcomes import Outcome
from pipeline.params import Params
from pipeline.protocols import (
    AS_IN_STUDY,
    AS_PUBLISHED,
    MEASURES,
    SOUND_MEASURE,
    Changed,
    Measure,
    Replication,
    Row,
    changed,
)
from pipeline.run import Run

Outcomes = Mapping[str, Outcome]  # by the digests of their runs: those of the rows, of departures and of the study


def measured(outcomes: Iterable[Outcome], measure: Measure, quantity: str = "test_accuracy") -> np.ndarray:
    """The measure of each run that did not diverge, (n,); `quantity`: test_accuracy or train_accuracy."""
    curves = np.array([getattr(outcome, quantity) for outcome in outcomes if outcome.diverged is None], dtype=float)
    if not len(curves):
        return np.empty(0)
    match measure:  # (n, epochs) -> (n,)
        case "last_epoch":
            return curves[:, -1]
        case "epoch_49":
            return curves[:, :49][:, -1]
        case "best_epoch":
            return curves.max(1)
        case "best_epoch_of_mean":
            return curves[:, curves.mean(0).argmax()]


def figures(replication: Replication, study: Params, outcomes: Outcomes) -> pd.DataFrame:
    """The table `replication/figures`."""
    rows = []
    for figure in printed(replication):
        row = figure.row
        measures = row.of_report.measures if figure.quantity == "test_accuracy" else [SOUND_MEASURE]
        rows += [_figure(figure, measure, study, outcomes, replication.variants) for measure in measures]
        if row.by_text and figure.quantity == "test_accuracy":
            rows.append(_figure(figure, measures[0], study, outcomes, replication.variants, by_text=True))
    return tables.frame("replication/figures", rows)


def _figure(
    figure: Printed,
    measure: Measure,
    study: Params,
    outcomes: Outcomes,
    variants: dict[str, str],
    by_text: bool = False,
) -> dict:
    row, source = figure.row, study.data.source
    group = [outcomes[run.digest()] for run in row.runs(source, by_text)]
    ours = measured(group, measure, figure.quantity)
    own = of_study(study, row.architecture, row.technique)
    sound = measured(
        (outcomes[run.digest()] for run in _seeds(own, study.seeds, source)), SOUND_MEASURE, figure.quantity
    )
    mean, spread = (float(ours.mean()) if len(ours) else math.nan), statistics.std(ours)
    rounding = row.of_report.printed_to / 100 / 2
    low, high = statistics.prediction_interval(ours, figure.runs)
    least, most = statistics.spread_interval(figure.runs, len(ours))
    ratio = figure.std_unbiased / spread if spread else math.nan
    least, most = least - rounding / (spread or math.nan), most + rounding / (spread or math.nan)
    described = row.by_text if by_text else row.description
    return {
        "report": row.report,
        "architecture": row.architecture,
        "technique": row.technique,
        "published_name": row.figure.name,
        "known_from": "text" if by_text else row.known_from,
        "quantity": figure.quantity,
        "measure": measure,
        "main": measure == row.of_report.measures[0] and not by_text,
        "published_mean": figure.mean,
        "published_std": figure.std,
        "published_runs": figure.runs,
        "our_mean": mean,
        "our_std": spread,
        "our_runs": len(ours),
        "diverged": len(group) - len(ours),
        "difference": mean - figure.mean,
        **judged(mean - figure.mean, [figure.spread, (spread, len(ours))]),
        "prediction_low": low - rounding,
        "prediction_high": high + rounding,
        "within": low - rounding <= figure.mean <= high + rounding,
        "spread_ratio": ratio,
        "spread_low": max(least, 0),
        "spread_high": most,
        "spread_within": least <= ratio <= most,
        "study_mean": float(sound.mean()) if len(sound) else math.nan,
        "study_std": statistics.std(sound),
        "study_runs": len(sound),
        "protocol_differences": "; ".join(protocol_differences(row, described, own, variants)),
    }


def departures(replication: Replication, study: Params, outcomes: Outcomes) -> pd.DataFrame:
    """The table `replication/departures`."""
    rows = []
    for row in replication.rows:
        own = of_study(study, row.architecture, row.technique)
        for names, said in _departures(row, own, study, outcomes, replication.variants):
            ways = {way: statistics.t_interval(differences) for way, differences, _, _ in said}
            clear = {1 if low > 0 else -1 if high < 0 else 0 for low, high in ways.values()}
            for way, differences, theirs, ours in said:
                low, high = ways[way]
                rows.append(
                    {
                        "report": row.report,
                        "architecture": row.architecture,
                        "technique": row.technique,
                        "departure": "+".join(names),
                        "published": theirs,
                        "study": ours,
                        "way": way,
                        "runs": len(differences),
                        "mean_difference": float(differences.mean()) if len(differences) else math.nan,
                        "ci_low": low,
                        "ci_high": high,
                        "shown": len(ways) == 2 and clear in ({1}, {-1}),
                    }
                )
    return tables.frame("replication/departures", rows)


Said = list[tuple[str, np.ndarray, str, str]]  # way, differences by seed, what the report has, what the study has


def _departures(
    row: Row, own: Description, study: Params, outcomes: Outcomes, variants: dict[str, str]
) -> Iterator[tuple[tuple[str, ...], Said]]:
    """Each departure of a row with both ways; then its measures; then all at once, which a single departure is."""
    source, seeds = study.data.source, min(row.of_report.runs, study.seeds)
    published, sound = (_seeds(description, seeds, source) for description in (row.description, own))
    every = (AS_PUBLISHED, AS_IN_STUDY)
    by_departure: dict[tuple[str, ...], list[Changed]] = {}
    for change in changed(row, own):
        by_departure.setdefault(change.departure, []).append(change)
    for names, changes in by_departure.items():
        theirs, ours = (" and ".join(words(name, of, variants) for name in names) for of in (row.description, own))
        if any(change.description == change.other for change in changes):  # the only one: putting it right is all
            every = (theirs, ours)
            continue
        said = []
        for change in changes:
            others = _seeds(change.description, seeds, source)
            pair = (published, others) if change.way == "put right" else (others, sound)
            said.append((change.way, _differences(*pair, outcomes), theirs, ours))
        yield names, said
    for measure in row.of_report.measures:
        if measure != SOUND_MEASURE:
            ways = (("put right", row.runs(source)), ("made", _seeds(own, study.seeds, source)))
            said = [
                (way, _by_measure(runs, measure, outcomes), MEASURES[measure], MEASURES[SOUND_MEASURE])
                for way, runs in ways
            ]
            yield (measure,), said
    yield ("all",), [("both", _differences(published, sound, outcomes), *every)]


def _seeds(description: Description, seeds: int, source: str) -> list[Run]:
    return [description.run(seed, source) for seed in range(seeds)]


def _differences(with_it: list[Run], without: list[Run], outcomes: Outcomes) -> np.ndarray:
    """Seed by seed, after the last epoch; of the seeds that were trained in both ways, and did not diverge."""
    pairs = [(outcomes.get(a.digest()), outcomes.get(b.digest())) for a, b in zip(with_it, without, strict=True)]
    sound = [pair for pair in pairs if all(outcome and outcome.diverged is None for outcome in pair)]
    return np.array([a.test_accuracy[-1] - b.test_accuracy[-1] for a, b in sound]).round(12)


def _by_measure(runs: list[Run], measure: Measure, outcomes: Outcomes) -> np.ndarray:
    """What the measure adds to the last epoch's, run by run."""
    group = [outcomes[run.digest()] for run in runs]
    return (measured(group, measure) - measured(group, SOUND_MEASURE)).round(12)


def curves(replication: Replication, study: Params, outcomes: Outcomes) -> pd.DataFrame:
    """The table `replication/curves`."""
    rows = []
    for row in replication.rows:
        for run in row.runs(study.data.source):
            outcome = outcomes[run.digest()]
            for epoch, (train, test) in enumerate(zip(outcome.train_accuracy, outcome.test_accuracy, strict=True), 1):
                rows.append(
                    {
                        "report": row.report,
                        "architecture": row.architecture,
                        "technique": row.technique,
                        "seed": run.seed,
                        "epoch": epoch,
                        "train_accuracy": math.nan if train is None else train,
                        "test_accuracy": math.nan if test is None else test,
                    }
                )
    return tables.frame("replication/curves", rows)

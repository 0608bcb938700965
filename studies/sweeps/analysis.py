"""What the sweeps show: accuracy, gap and effects at every point, and what a swept number is equivalent to.

Runs of one seed are compared, and a run that diverged is left out. Averages are over a sweep's architectures, which may
have different numbers of seeds (`summed_up`). Tables' columns: columns.yaml.
"""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from pipeline.analysis import effects as contrasts
from pipeline.analysis import measured, statistics
from pipeline.analysis.effects import AVERAGE_CONVERGED, CONTRASTS, DIGIT_DERIVED
from pipeline.analysis.tables import Tables
from pipeline.params import AVERAGE
from studies.sweeps import swept
from studies.sweeps.equivalent import UNKNOWN, equivalent
from studies.sweeps.swept import Sweeps

TABLES = Tables(swept.REPORTS, Path(__file__).with_name("columns.yaml"), "make sweeps")
POINT = ["data_set", "sweep", "point", "value"]
ACCURACIES = ("test_accuracy", "train_accuracy", "digit_accuracy", "digit_derived_accuracy")
MEASURES = (*ACCURACIES, "late_gain")


def summed_up(values: np.ndarray) -> dict[str, float]:
    """What (seeds, architectures) values come to: of each architecture the mean over its seeds, and the mean of those.

    `runs` (of the architecture that has most), `mean`; the mean's interval over seeds, `low` to `high`, and that over
    the architectures' means, `spread_low` to `spread_high`. NaN where an architecture has no run of a seed. A seed
    weighs in the variance with the sum of its deviations in all architectures, so that what these share is counted;
    degrees of freedom are Welch and Satterthwaite's, over the groups of architectures with equally many seeds. With as
    many seeds for all, it is Student's interval of the seeds' averages.
    """
    known = ~np.isnan(values)
    counts = known.sum(axis=0)
    found = {"runs": int(counts.max(initial=0)), "mean": math.nan}
    found |= dict.fromkeys(("low", "high", "spread_low", "spread_high"), math.nan)
    if not len(counts) or not counts.all():
        return found
    means = np.where(known, values, 0).sum(axis=0) / counts
    found["mean"] = float(means.mean())
    if len(means) > 1:
        found["spread_low"], found["spread_high"] = statistics.t_interval(means)
    if (counts < 2).any():
        return found
    shares = np.where(known, values - means, 0) / np.sqrt(counts * (counts - 1)) / len(counts)
    groups = [((shares[:, counts == n].sum(axis=1) ** 2).sum(), n - 1) for n in np.unique(counts)]
    squares = sum(part**2 / freedom for part, freedom in groups)
    freedom = sum(part for part, _ in groups) ** 2 / squares if squares else 1
    half = stats.t.ppf((1 + statistics.LEVEL) / 2, freedom) * np.sqrt((shares.sum(axis=1) ** 2).sum())
    return found | {"low": found["mean"] - half, "high": found["mean"] + half}


class Cube(NamedTuple):
    """The runs of one sweep."""

    points: list[dict]  # what POINT lists, of each
    techniques: list[str]
    architectures: list[str]
    values: dict[str, np.ndarray]  # by measure (points, techniques, seeds, architectures), NaN where there is no run
    own: np.ndarray  # (points, techniques, architectures): whether its runs are the study's own
    converged: np.ndarray  # likewise

    @property
    def reference(self) -> int:
        """With which point the others are compared: the study's own, if the sweep has that, or else its first."""
        return int(self.own.all(axis=(1, 2)).argmax())


def cube(of_sweep: pd.DataFrame) -> Cube:
    """The runs of one sweep out of the table `runs`."""
    names = ("point", "technique", "architecture", "seed")
    codes, found = zip(*(pd.factorize(of_sweep[name]) for name in names), strict=True)
    values = {measure: np.full([len(part) for part in found], np.nan) for measure in MEASURES}
    for measure, array in values.items():
        array[codes] = of_sweep[measure]
    own = np.zeros([len(part) for part in found[:3]], dtype=bool)
    own[codes[:3]] = of_sweep["own"]
    values = {measure: array.swapaxes(2, 3) for measure, array in values.items()}
    points = of_sweep[POINT].drop_duplicates().to_dict("records")
    return Cube(points, list(found[1]), list(found[2]), values, own, _converged(values, own.shape))


def _converged(values: dict[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """By the study's rule."""
    found = np.zeros(shape, dtype=bool)
    for point, technique, architecture in np.ndindex(shape):
        runs = (values[name][point, technique, :, architecture] for name in ("train_accuracy", "late_gain"))
        found[point, technique, architecture] = measured.converged(*runs)
    return found


def accuracy(runs: pd.DataFrame) -> pd.DataFrame:
    """The table `accuracy`, from `runs`."""
    rows = []
    for _, of_sweep in runs.groupby("sweep", sort=False):
        whole = cube(of_sweep)
        values, (points, techniques) = whole.values, whole.own.shape[:2]
        values["change"] = (values["test_accuracy"] - values["test_accuracy"][whole.reference]).round(12)
        values["gap"] = (values["digit_derived_accuracy"] - values["test_accuracy"]).round(12)
        for t, p in np.ndindex(techniques, points):
            for architecture, members in _rows(whole.architectures, whole.converged[p, t]):
                of = {name: summed_up(array[p, t][:, members]) for name, array in values.items()}
                test, averages = of["test_accuracy"], values["test_accuracy"][p, t][:, members].mean(axis=1)
                row = whole.points[p] | {"architecture": architecture, "technique": whole.techniques[t]}
                row |= {"own": whole.own[p, t, members].all(), "converged": whole.converged[p, t, members].all()}
                row |= {"runs": test["runs"]} | {f"mean_{name}": of[name]["mean"] for name in ACCURACIES}
                row |= {"std_test_accuracy": statistics.std(averages[~np.isnan(averages)])}
                row |= {"ci_low": test["low"], "ci_high": test["high"]}
                rows.append(row | _renamed(of["change"], "change") | _renamed(of["gap"], "gap"))
    return _by_architecture("accuracy", rows, runs)


def effects(runs: pd.DataFrame, test_pairs: int) -> pd.DataFrame:
    """The table `effects`, from `runs`: every contrast of techniques that a sweep has, at each of its points."""
    rows, on_log_odds = [], contrasts.log_odds(runs, test_pairs)
    for _, of_sweep in runs.groupby("sweep", sort=False):
        whole, on_logs = cube(of_sweep), cube(on_log_odds.loc[of_sweep.index])
        for effect, weights in CONTRASTS.items():
            techniques = [term.removeprefix(DIGIT_DERIVED) for term in weights]
            if not set(techniques) <= set(whole.techniques):
                continue
            differences, logs = _contrast(whole, weights), _contrast(on_logs, weights)
            changes = (differences - differences[whole.reference]).round(12)
            have = whole.converged[:, [whole.techniques.index(name) for name in techniques]].all(axis=1)
            for p, point in enumerate(whole.points):
                for architecture, members in _rows(whole.architectures, have[p]):
                    both = members & have[whole.reference] if architecture == AVERAGE_CONVERGED else members
                    found = summed_up(differences[p][:, members])
                    row = point | {"effect": effect, "architecture": architecture, "architectures": members.sum()}
                    row |= {"converged": have[p, members].all(), "runs": found["runs"]}
                    row |= {"mean_difference": found["mean"], "ci_low": found["low"], "ci_high": found["high"]}
                    row |= {name: found[name] for name in ("spread_low", "spread_high")}
                    row |= _renamed(summed_up(changes[p][:, both]), "change")
                    rows.append(row | _renamed(summed_up(logs[p][:, members]), "log_odds", spread=False))
    return _by_architecture("effects", rows, runs)


def _contrast(whole: Cube, weights: dict[str, int]) -> np.ndarray:
    """A contrast of techniques, (points, seeds, architectures)."""
    found = 0
    for term, weight in weights.items():
        technique = term.removeprefix(DIGIT_DERIVED)
        measure = "test_accuracy" if term == technique else "digit_derived_accuracy"
        found = found + weight * whole.values[measure][:, whole.techniques.index(technique)]
    return found.round(12)


def equivalents(runs: pd.DataFrame, sweeps: Sweeps) -> pd.DataFrame:
    """The table `equivalents`: at which value a reference is as accurate as a technique at the study's own value."""
    rows = []
    for names, group, own in _of_architectures(runs, [n for n, sweep in sweeps.sweeps.items() if sweep.equivalent]):
        for effect, weights in CONTRASTS.items():
            if sorted(weights.values()) != [-1, 1] or not weights.keys() <= set(group["technique"]):
                continue
            technique, reference = sorted(weights, key=weights.get, reverse=True)
            row = names | {"effect": effect, "technique": technique, "reference": reference}
            rows.append(row | _reaches(_curve(group, reference), _curve(group, technique)[own]))
    return TABLES.frame("equivalents", rows)


def half_gains(runs: pd.DataFrame, sweeps: Sweeps) -> pd.DataFrame:
    """The table `half_gains`: at which value half of what the study's own value adds to value 0 is there."""
    rows = []
    for names, group, own in _of_architectures(runs, [n for n, sweep in sweeps.sweeps.items() if sweep.half_gain]):
        for technique in group["technique"].unique():
            curve = _curve(group, technique)
            row = names | {"technique": technique, "gain": (curve[own] - curve[0]).mean()}
            rows.append(row | _reaches(curve, (curve[own] + curve[0]) / 2))
    return TABLES.frame("half_gains", rows)


def best(runs: pd.DataFrame) -> pd.DataFrame:
    """The table `best`, of every sweep over numbers. A value of which a run diverged is not the best, nor is 0."""
    rows = []
    for names, group, _ in _of_architectures(runs, runs.loc[runs["value"].notna(), "sweep"].unique()):
        for technique in group["technique"].unique():
            wide = _curve(group, technique)
            means = wide.loc[:, (wide.columns > 0) & wide.notna().all()].mean()
            highest = means.idxmax() if len(means) else None
            for value in wide:
                behind = (wide[value] - wide[highest]).dropna().round(12).to_numpy() if len(means) else np.array([])
                row = names | {"technique": technique, "value": value, "runs": int(wide[value].count())}
                row |= {"mean_test_accuracy": wide[value].mean(), "best": value == highest}
                row["behind"] = statistics.mean(behind)
                row["behind_low"], row["behind_high"] = statistics.t_interval(behind)
                rows.append(row)
    return TABLES.frame("best", rows)


def _rows(names: list[str], converged: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """What a table has a row for, and which of the architectures it is about; `converged`: which have."""
    yield from ((name, np.array(names) == name) for name in names)
    if len(names) > 1:
        yield AVERAGE, np.full(len(names), True)
    if converged.any() and not converged.all():
        yield AVERAGE_CONVERGED, converged


def _by_architecture(table: str, rows: list[dict], runs: pd.DataFrame) -> pd.DataFrame:
    """The rows as a table: sweep by sweep, architecture by architecture, averages last."""
    frame = TABLES.frame(table, rows)
    names, sweeps = [*runs["architecture"].unique(), AVERAGE, AVERAGE_CONVERGED], list(runs["sweep"].unique())
    places = [frame["architecture"].map(names.index), frame["sweep"].map(sweeps.index)]
    return frame.iloc[np.lexsort(places)].reset_index(drop=True)


def _renamed(found: dict[str, float], name: str, spread: bool = True) -> dict[str, float]:
    bounds = ("low", "high", "spread_low", "spread_high")[: 4 if spread else 2]
    return {name: found["mean"]} | {f"{name}_{bound}": found[bound] for bound in bounds}


def _of_architectures(runs: pd.DataFrame, sweeps: Iterable[str]) -> Iterator[tuple[dict, pd.DataFrame, float]]:
    """Of these sweeps over numbers, architecture by architecture and averaged over them: names, runs, own value."""
    keys = [*POINT, "own", "technique"]
    for sweep in sweeps:
        of_sweep = runs[runs["sweep"] == sweep]
        whole = cube(of_sweep)
        own = whole.points[whole.reference]["value"]
        for architecture, group in measured.with_average(of_sweep, keys).groupby("architecture", sort=False):
            names = {"data_set": group["data_set"].iloc[0], "sweep": sweep, "architecture": architecture}
            yield names, group, own


def _curve(runs: pd.DataFrame, technique: str) -> pd.DataFrame:
    """One technique's test accuracies, a row a seed, a column a value; NaN for a run that diverged."""
    of_technique = runs[runs["technique"] == technique]
    return of_technique.pivot(index="seed", columns="value", values="test_accuracy").dropna(how="all")


def _reaches(curve: pd.DataFrame, target: pd.Series) -> dict:
    """With which value above 0 this curve reaches the seeds' targets."""
    curve = curve.loc[:, curve.columns > 0]
    known = curve.notna().all(axis=1) & target.reindex(curve.index).notna()
    seeds = curve.index[known]
    found = UNKNOWN
    if known.any():
        found = equivalent(curve.columns.to_numpy(), curve.loc[seeds].to_numpy(), target[seeds].to_numpy())
    row = {"runs": len(seeds), "target": statistics.mean(target.reindex(seeds).to_numpy())} | found._asdict()
    return row | {"fewest": curve.columns.min(), "most": curve.columns.max()}

"""What was measured: the records of all runs, checked against params.yaml, and the tables that only retell them."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipeline import paths, records
from pipeline.analysis import statistics, tables
from pipeline.params import AVERAGE, Combo, Params
from pipeline.records import GAPS, RunRecord
from pipeline.script import StudyError


def read_records(params: Params) -> list[RunRecord]:
    """The records of every combo that params.yaml lists, in its order; other files beside them are not looked at.

    Raises StudyError, naming the file, if one is missing or damaged, or is not of the data set, combo, seeds and epochs
    that params.yaml asks for.
    """
    return [run for combo in params.combos() for run in _read_combo(combo, params)]


def _read_combo(combo: Combo, params: Params) -> list[RunRecord]:
    path = paths.record(combo.key)
    runs = records.read(path)
    checks = {
        "seeds": ([run.seed for run in runs], list(range(params.runs))),
        "data sets": ({run.data_set for run in runs}, {params.data.source}),
        "combos": ({f"{run.architecture}-{run.technique}" for run in runs}, {combo.key}),
        "epochs": ({len(curve) for run in runs for _, curve in run.curves}, {combo.recipe.epochs}),
    }
    for what, (found, wanted) in checks.items():
        if found != wanted:
            listed = [", ".join(map(str, sorted(values))) for values in (found, wanted)]
            raise StudyError(f"{path}: {what} {listed[0]}, not {listed[1]} as in params.yaml; run `dvc repro`")
    return runs


def runs(records: list[RunRecord]) -> pd.DataFrame:
    """The table `runs`."""
    rows = []
    for run in records:
        test, train, digit = (_curve(run, f"{name}_accuracy") for name in ("test", "train", "digit"))
        scores = (test[-1], test.max(), train[-1], digit[-1])
        rows.append((*_combo(run), run.seed, *scores, run.parameters, run.device))
    return tables.frame("runs", rows)


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """The table `summary`, from the table `runs`."""
    rows = []
    for combo, group in runs.groupby(["data_set", "architecture", "technique"], sort=False):
        test = group["test_accuracy"].to_numpy()
        spread = (test.mean(), statistics.std(test), *statistics.t_interval(test))
        others = [group[f"{name}_accuracy"].mean() for name in ("best_test", "train", "digit")]
        rows.append((*combo, len(group), group["parameters"].iloc[0], *spread, *others))
    return tables.frame("summary", rows)


def learning_curves(records: list[RunRecord]) -> pd.DataFrame:
    """The table `learning_curves`."""
    rows = []
    for combo, group in _by_combo(records):
        values = np.array([[_curve(run, name) for name in tables.CURVES] for run in group])  # (runs, curves, epochs)
        for epoch in range(values.shape[2]):
            spread = [(at.mean(), statistics.std(at)) for at in values[:, :, epoch].T]
            rows.append((*combo, epoch + 1, *itertools.chain(*spread)))
    return tables.frame("learning_curves", rows)


def gaps(records: list[RunRecord]) -> pd.DataFrame:
    """The table `gaps`."""
    rows = []
    for combo, group in _by_combo(records):
        pairs = np.sum([run.gap_pairs for run in group], axis=0)
        correct = np.sum([run.gap_correct for run in group], axis=0)
        for gap, n, right in zip(GAPS, pairs, correct, strict=True):
            rows.append((*combo, gap, n, right / n if n else math.nan))
    return tables.frame("gaps", rows)


def confusion(records: list[RunRecord]) -> pd.DataFrame:
    """The table `confusion`."""
    rows = []
    for combo, group in _by_combo([run for run in records if run.digit_confusion is not None]):
        counts = np.sum([run.digit_confusion for run in group], axis=0)  # (images, digits, predicted digits)
        rows += [(*combo, image + 1, digit, predicted, n) for (image, digit, predicted), n in np.ndenumerate(counts)]
    return tables.frame("confusion", rows)


def metrics(runs: pd.DataFrame) -> dict:
    """What `dvc metrics` shows: the mean test accuracy of each combo, and of each technique over architectures.

    The data set and the device ("mixed" if the runs were trained on several) say which metrics may be compared.
    """
    means: dict[str, dict[str, float]] = {AVERAGE: {}}
    for (architecture, technique), group in runs.groupby(["architecture", "technique"], sort=False):
        means.setdefault(architecture, {})[technique] = group["test_accuracy"].mean()
    for technique in runs["technique"].unique():
        means[AVERAGE][technique] = np.mean([of[technique] for name, of in means.items() if name != AVERAGE])
    devices = runs["device"].unique()
    said = {"data_set": runs["data_set"].iloc[0], "device": devices[0] if len(devices) == 1 else "mixed"}
    return said | {name: {t: float(f"{mean:.6g}") for t, mean in of.items()} for name, of in means.items()}


def _combo(run: RunRecord) -> tuple[str, str, str]:
    return run.data_set, run.architecture, run.technique


def _by_combo(records: list[RunRecord]) -> Iterator[tuple[tuple[str, str, str], list[RunRecord]]]:
    return ((combo, list(group)) for combo, group in itertools.groupby(records, key=_combo))


def _curve(run: RunRecord, name: str) -> np.ndarray:
    """A curve as an array, one value an epoch; NaN where it is not defined."""
    return np.array(getattr(run.curves, name), dtype=float)

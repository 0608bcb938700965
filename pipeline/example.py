"""Stage `example`: reads reports/ and models/, writes examples/network.safetensors, a network small enough for Git.

It is run 0 of the combo with the fewest weights among those that are nearly as good as the best and answer with a
probability. The file is replaced only if it is not those weights already: so a clone without models/ keeps it.
"""

import hashlib
from pathlib import Path

from pandas import DataFrame

from pipeline import params, paths
from pipeline.analysis import tables
from pipeline.cli import StudyError, run_script, say, write_whole
from pipeline.engine import result

NEARLY = 0.02  # of test accuracy, below the best combo's mean


def smallest_good(runs: DataFrame, combos: dict[str, params.Combo]) -> str:
    """The key of that combo, by the table of runs; StudyError if run 0 of all of them diverged."""
    means = {}
    for (architecture, technique), of_combo in runs.groupby(["architecture", "technique"], sort=False):
        combo = combos.get(f"{architecture}-{technique}")
        first = of_combo[of_combo["seed"] == 0]
        if combo and combo.network.answer != "digits" and first["test_accuracy"].notna().any():
            means[combo.key] = (of_combo["test_accuracy"].mean(), int(first["parameters"].iloc[0]))
    if not means:
        raise StudyError(f"{tables.STUDY.path('runs')}: every run 0 diverged; mend the recipes")
    best = max(mean for mean, _ in means.values())
    return min((key for key in means if means[key][0] >= best - NEARLY), key=lambda key: means[key][1])


def is_those(path: Path, expected: str) -> bool:
    """Whether the file is there and has this SHA-256."""
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == expected


def main() -> None:
    combos = {combo.key: combo for combo in params.load().combos()}
    key = smallest_good(tables.STUDY.read("runs"), combos)
    expected = next(made.weights for made in result.read(paths.results(key)) if made.run.seed == 0)
    trained = paths.weights(key, 0)
    if not is_those(paths.EXAMPLE, expected):
        if not is_those(trained, expected):
            raise StudyError(f"{trained}: missing, or not the weights of its result; `dvc checkout` or `dvc repro`")
        write_whole(paths.EXAMPLE, trained.read_bytes())
    say(f"{paths.EXAMPLE}: run 0 of {key}, {paths.EXAMPLE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    run_script(main, arguments=False)

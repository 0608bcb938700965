"""Stage `aggregate` of this annex: from the results of all its runs to its tables.

Reads params.yaml, studies/best/params.yaml and studies/best/reports/runs/*.json; writes studies/best/reports/*.csv,
whose columns columns.yaml describes.
"""

import math
from collections.abc import Iterator

import pandas as pd

from pipeline.analysis import measured, statistics
from pipeline.analysis.tables import Tables
from pipeline.cli import run_script, say
from pipeline.engine.result import Result
from pipeline.params import Params
from studies.best import choices, settings
from studies.best.choices import WHOLE
from studies.best.settings import TABLES, Best
from studies.tuning.halving import looked_up

CURVES = ("test_accuracy", "train_accuracy", "digit_accuracy")


def candidate_rows(study: Params, best: Best) -> Iterator[dict]:
    """The rows of the table `candidates`."""
    for group, rungs in choices.searched(study, best).items():
        chosen = choices.winner(rungs[-1]).number
        for number, standings in enumerate(rungs, start=1):
            for one in standings:
                proposal = best.groups[group][one.candidate.number]
                fields = ", ".join(f"{name.rpartition('.')[2]} {value}" for name, value in proposal.fields.items())
                splits, epochs = one.curves.shape
                row = {"group": group, "candidate": one.candidate.number, "architecture": proposal.architecture}
                row |= {"technique": proposal.technique, "fields": fields, "rung": number, "splits": splits}
                row |= {"diverged": one.diverged, "accuracy": float(one.mean[-1])}
                row["standard_error"] = one.standard_error(epochs)
                yield row | {"chosen": one.candidate.number == chosen}


def run_rows(study: Params, best: Best) -> Iterator[dict]:
    """The rows of the table `runs`."""
    whole = {(group, WHOLE): runs for group, runs in choices.confirmed(study, best).items()}
    for stage, groups in (("confirmed", whole), ("ablated", choices.ablated(study, best))):
        known = looked_up(settings.results(stage))([run for runs in groups.values() for run in runs])
        for (group, without), runs in groups.items():
            for run in runs:
                yield {"group": group, "without": without, "seed": run.seed} | _scores(known[run])


def _scores(found: Result) -> dict:
    """What the table has of a result: NaN where it diverged."""
    lost = found.diverged is not None
    last = {name: math.nan if lost else getattr(found.curves, name)[-1] for name in CURVES}
    return {"diverged": found.diverged, **last, "hardware": found.hardware, "torch": found.torch}


def accuracy(runs: pd.DataFrame) -> pd.DataFrame:
    """The table `accuracy`, from the table `runs`: gains are taken within a seed."""
    rows = []
    for (group, without), of_row in runs.groupby(["group", "without"], sort=False):
        whole = runs[(runs["group"] == group) & (runs["without"] == WHOLE)].set_index("seed")["test_accuracy"]
        gains = (whole - of_row.set_index("seed")["test_accuracy"]).dropna().round(12).to_numpy()
        gains = gains if without != WHOLE else gains[:0]
        row = {"group": group, "without": without} | measured.accuracy_summary(of_row["test_accuracy"])
        row |= {"mean_digit_accuracy": of_row["digit_accuracy"].mean(), "gain": statistics.mean(gains)}
        row["gain_low"], row["gain_high"] = statistics.t_interval(gains)
        rows.append(row)
    return TABLES.frame("accuracy", rows)


def tables_made() -> tuple[Tables, dict[str, pd.DataFrame]]:
    """Where the tables are, and every one of them by name."""
    study, best = settings.load()
    runs = TABLES.frame("runs", list(run_rows(study, best)))
    candidates = TABLES.frame("candidates", list(candidate_rows(study, best)))
    return TABLES, {"candidates": candidates, "runs": runs, "accuracy": accuracy(runs)}


def main() -> None:
    tables, made = tables_made()
    for name, table in made.items():
        tables.write(name, table)
    say(f"{len(made['runs'])} runs: {len(made)} tables in {tables.folder}/")


if __name__ == "__main__":
    run_script(main)

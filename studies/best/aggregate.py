"""Stage `aggregate` of this annex: from the results of all its runs to its tables.

Reads params.yaml, studies/best/params.yaml and studies/best/reports/runs/*.json; writes studies/best/reports/*.csv,
whose columns columns.yaml describes.
"""

from collections.abc import Iterator

import pandas as pd

from pipeline.analysis import measured, statistics
from pipeline.analysis.tables import Tables, write_all
from pipeline.cli import run_script
from pipeline.params import Params
from studies.best import choices, settings
from studies.best.choices import WHOLE
from studies.best.settings import TABLES, Best
from studies.tuning.halving import looked_up


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
    """The rows of the table `runs`, those with all ingredients first."""
    groups = choices.chosen(study, best)
    known = looked_up(settings.results("confirmed"))([run for runs in groups.values() for run in runs])
    for (group, without), runs in sorted(groups.items(), key=lambda item: item[0][1] != WHOLE):
        for run in runs:
            scores = measured.scores(known[run], "test_accuracy", "train_accuracy", "digit_accuracy")
            yield {"group": group, "without": without, "seed": run.seed} | scores


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


if __name__ == "__main__":
    run_script(lambda: write_all(*tables_made()), arguments=False)

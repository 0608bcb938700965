"""Stage `aggregate` of the tuning: from the outcomes of all runs of the tuning to its tables.

Reads params.yaml, studies/tuning/params.yaml, reports/tuning/{searched,confirmed,leaked}/ARCHITECTURE.json and, for
the runs that the study has, reports/runs/COMBO.json; writes reports/tuning/*.csv, whose columns pipeline/tables.py
describes.
"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from pipeline import outcomes, shared_runs, tables
from pipeline.params import Params
from pipeline.script import run_script
from pipeline.tuning import analysis, retrained, tuned
from pipeline.tuning.candidates import Candidate
from pipeline.tuning.halving import Standing
from pipeline.tuning.tuned import SEARCHED, Tuning

Searches = Mapping[str, dict[str, list[list[Standing]]]]  # by architecture and technique, the standings of every rung


def fields(study: Params, technique: str, candidate: Candidate) -> dict:
    """A candidate's number and what it is, as tables have it."""
    recipe = {name: getattr(candidate.recipe, name) for name in SEARCHED}
    has_aux_loss = technique in study.techniques.auxiliary
    return {"candidate": candidate.number} | recipe | {"aux_weight": candidate.aux_weight if has_aux_loss else math.nan}


def _combos(study: Params, found: Searches) -> Iterator[tuple[dict, list[list[Standing]]]]:
    """Names and rungs of every combo that was searched."""
    for architecture, of_architecture in found.items():
        for technique, rungs in of_architecture.items():
            yield {"data_set": study.data.source, "architecture": architecture, "technique": technique}, rungs


def candidate_rows(study: Params, found: Searches) -> Iterator[dict]:
    """The rows of the table `tuning/candidates`."""
    for names, rungs in _combos(study, found):
        for number, standings in enumerate(rungs, start=1):
            for one in standings:
                splits, trained_epochs = one.curves.shape
                row = names | {"rung": number} | fields(study, names["technique"], one.candidate)
                row |= {"trained_epochs": trained_epochs, "splits": splits, "diverged": one.diverged}
                yield row | {"accuracy": one.accuracy, "epochs": one.epochs}


def chosen_rows(study: Params, found: Searches) -> Iterator[dict]:
    """The rows of the table `tuning/chosen`."""
    for names, rungs in _combos(study, found):
        for recipe, choice in retrained.choices(rungs[-1]).items():
            row = names | {"recipe": recipe} | fields(study, names["technique"], choice.candidate)
            row |= {"epochs": choice.epochs, "cross_validated": choice.accuracy}
            yield row | {"standard_error": choice.standard_error}


def run_rows(study: Params, tuning: Tuning, found: Searches) -> Iterator[dict]:
    """The rows of the table `tuning/runs`."""
    for architecture, of_architecture in found.items():
        asked = retrained.confirmed(study, tuning, architecture, of_architecture)
        path = tuned.outcomes_file("confirmed", architecture)
        known = shared_runs.outcomes_of(study, architecture, (run for runs in asked.values() for run in runs), path)
        for (technique, recipe), runs in asked.items():
            names = {"data_set": study.data.source, "architecture": architecture, "technique": technique}
            for run in runs:
                yield names | {"recipe": recipe, "seed": run.seed} | outcomes.scores(known[run])


def leaking_rows(study: Params, tuning: Tuning) -> Iterator[dict]:
    """The rows of the table `tuning/leaking`."""
    for architecture, leaking in tuning.leaking.items():
        asked = retrained.leaked(study, tuning, architecture)
        path = tuned.outcomes_file("leaked", architecture)
        known = shared_runs.outcomes_of(study, architecture, (run for _, runs in asked for run in runs), path)
        accuracies = np.array([[outcomes.scores(known[run])["test_accuracy"] for run in runs] for _, runs in asked])
        recipes = [fields(study, leaking.technique, candidate) for candidate, _ in asked]
        names = {"data_set": study.data.source, "architecture": architecture, "technique": leaking.technique}
        yield from analysis.leaking(names, recipes, accuracies)


def make_tables(study: Params, tuning: Tuning) -> dict[str, pd.DataFrame]:
    """Every table of the tuning, by name."""
    found = {name: retrained.searched(study, tuning, name) for name in tuning.architectures}
    runs = tables.frame("tuning/runs", list(run_rows(study, tuning, found)))
    leaking = tables.frame("tuning/leaking", list(leaking_rows(study, tuning)))
    sizes = {name: math.prod(map(len, grid.grid.values())) for name, grid in tuning.leaking.items()}
    return {
        "tuning/candidates": tables.frame("tuning/candidates", list(candidate_rows(study, found))),
        "tuning/chosen": tables.frame("tuning/chosen", list(chosen_rows(study, found))),
        "tuning/runs": runs,
        "tuning/accuracy": analysis.accuracy(runs),
        "tuning/effects": analysis.effects(runs),
        "tuning/leaking": leaking,
        "tuning/optimism": analysis.optimism(leaking, sizes),
    }


def main() -> None:
    made = make_tables(*tuned.load())
    for name, table in made.items():
        tables.write(name, table)
    runs = made["tuning/runs"]
    counts = f"{len(made['tuning/candidates'])} rows of candidates, {len(runs)} of runs"
    print(f"{counts}: {len(made)} tables in {tuned.REPORTS}/")
    tables.say_diverged(runs, lambda run: f", recipe {run['recipe']}")


if __name__ == "__main__":
    run_script(main)

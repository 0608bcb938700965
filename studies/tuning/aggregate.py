"""Stage `aggregate` of the tuning: from the results of all its runs to its tables.

Reads params.yaml, studies/tuning/params.yaml and studies/tuning/reports/runs/{searched,confirmed,selected}; writes
studies/tuning/reports/*.csv, whose columns columns.yaml describes.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from pipeline.analysis import measured
from pipeline.analysis.tables import Tables, write_all
from pipeline.cli import run_script
from pipeline.engine.result import Result
from pipeline.engine.run import Run
from pipeline.params import Params
from studies.tuning import analysis, choices, recipes, settings
from studies.tuning.halving import Candidate, Standings, looked_up
from studies.tuning.settings import TABLES, Tuning

Searches = Mapping[str, dict[str, Standings]]  # by architecture and technique


def fields(candidate: Candidate) -> dict:
    """A candidate's number and recipe, as tables have them."""
    return {"candidate": candidate.number} | recipes.of(candidate.run)


def _known(stage: str, architecture: str, groups: Iterable[list[Run]]) -> Mapping[Run, Result]:
    """The results of these runs."""
    return looked_up(settings.results(stage, architecture))([run for group in groups for run in group])


def search_rows(study: Params, found: Searches) -> tuple[list[dict], list[dict]]:
    """The rows of the tables `candidates` and `chosen`."""
    candidates, chosen = [], []
    combos = [(architecture, *combo) for architecture, of_one in found.items() for combo in of_one.items()]
    for architecture, technique, rungs in combos:
        names = {"data_set": study.data.source, "architecture": architecture, "technique": technique}
        for number, standings in enumerate(rungs, start=1):
            for one in standings:
                splits, trained_epochs = one.curves.shape
                row = names | {"rung": number} | fields(one.candidate)
                row |= {"trained_epochs": trained_epochs, "splits": splits, "diverged": one.diverged}
                candidates.append(row | {"accuracy": one.accuracy, "epochs": one.epochs})
        for recipe, choice in choices.by_recipe(rungs[-1]).items():
            row = names | {"recipe": recipe} | fields(choice.candidate)
            row |= {"epochs": choice.epochs, "most_epochs": rungs[-1][0].curves.shape[1]}
            chosen.append(row | {"cross_validated": choice.accuracy, "standard_error": choice.standard_error})
    return candidates, chosen


def run_rows(study: Params, tuning: Tuning, found: Searches) -> Iterator[dict]:
    """The rows of the table `runs`."""
    for architecture, of_architecture in found.items():
        asked = choices.confirmed(tuning, of_architecture)
        known = _known("confirmed", architecture, asked.values())
        for (technique, recipe), runs in asked.items():
            names = {"data_set": study.data.source, "architecture": architecture, "technique": technique}
            for run in runs:
                scores = measured.scores(known[run], "test_accuracy", "train_accuracy", "late_gain")
                yield names | {"recipe": recipe, "seed": run.seed} | scores


def selection_rows(study: Params, tuning: Tuning) -> Iterator[dict]:
    """The rows of the table `selection`."""
    for architecture, asked in tuning.test_set_selection.items():
        candidates, groups = zip(*choices.selected(study, tuning, architecture), strict=True)
        known = _known("selected", architecture, groups)
        accuracies = np.array([[known[run].curves.test_accuracy[-1] for run in runs] for runs in groups], dtype=float)
        names = {"data_set": study.data.source, "architecture": architecture, "technique": asked.technique}
        yield from analysis.selection(names, list(map(fields, candidates)), accuracies)


def tables_made() -> tuple[Tables, dict[str, pd.DataFrame]]:
    """Where the tables are, and every one of them by name."""
    study, tuning = settings.load()
    found = {name: choices.searched(study, tuning, name) for name in tuning.architectures}
    runs = TABLES.frame("runs", list(run_rows(study, tuning, found)))
    accuracy, (candidates, chosen) = analysis.accuracy(runs), search_rows(study, found)
    selection = TABLES.frame("selection", list(selection_rows(study, tuning)))
    return TABLES, {
        "candidates": TABLES.frame("candidates", candidates),
        "chosen": TABLES.frame("chosen", chosen),
        "runs": runs,
        "accuracy": accuracy,
        "effects": analysis.effects(runs, accuracy),
        "selection": selection,
        "optimism": analysis.optimism(
            selection, {name: asked.size for name, asked in tuning.test_set_selection.items()}
        ),
    }


if __name__ == "__main__":
    run_script(lambda: write_all(*tables_made()), arguments=False)

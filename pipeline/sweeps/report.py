"""Stage `report` of the sweeps: the sweeps on one page that needs nothing else.

Reads params.yaml, studies/sweeps/params.yaml, reports/sweeps/*.csv and reports/sweeps/figures/*.png; writes
reports/sweeps/index.html. The page is laid out by pages/sweeps.html; every number on it comes from the tables.
"""

import pandas as pd

from pipeline import paths, tables, wording
from pipeline.analysis import statistics
from pipeline.pages import render
from pipeline.params import AVERAGE, Params
from pipeline.script import run_script
from pipeline.sweeps import swept
from pipeline.sweeps import wording as say
from pipeline.sweeps.figures.sources import TABLES
from pipeline.sweeps.swept import Sweeps

SHOWN = ("runs", "accuracy", "effects", "worth", "aux_weights")  # tables that the page takes from
TITLE = "How the effects change with the number of training pairs and with aux_weight"


def by_architecture(table: pd.DataFrame, row: str) -> list[tuple[str, list[dict]]]:
    """The rows of a table, grouped by what a row of the page is for; cells in the order of architectures."""
    return [(name, group.to_dict("records")) for name, group in table.groupby(row, sort=False)]


def accuracy_rows(accuracy: pd.DataFrame, sweep: str) -> list[tuple[str, str, list[dict]]]:
    """An architecture, a technique and its cells, in the order of the swept values; averages left out."""
    of_sweep = accuracy[(accuracy["sweep"] == sweep) & (accuracy["architecture"] != AVERAGE)]
    groups = of_sweep.groupby(["architecture", "technique"], sort=False)
    return [(*names, group.sort_values("value").to_dict("records")) for names, group in groups]


def page(study: Params, sweeps: Sweeps, frames: dict[str, pd.DataFrame]) -> str:
    """The page, from the tables SHOWN and the figures."""
    machines = frames["runs"][["hardware", "torch"]].drop_duplicates().to_dict("records")
    return render.page(
        "sweeps.html",
        TITLE,
        swept.FIGURES,
        TABLES,
        study=study,
        sweeps=sweeps,
        average=AVERAGE,
        say=say,
        headline=say.headline(study, **{name: frames[name] for name in ("worth", "effects", "aux_weights")}),
        worth=by_architecture(frames["worth"], "effect"),
        places=list(frames["worth"]["architecture"].unique()),
        pairs=accuracy_rows(frames["accuracy"], "train_pairs"),
        pair_counts=swept.pair_counts(study, sweeps),
        weights=accuracy_rows(frames["accuracy"], "aux_weight"),
        aux_weights=swept.aux_weights(study, sweeps),
        best=[say.about_best(group, study.aux_weight) for _, group in _of_technique(frames["aux_weights"])],
        shared=statistics.shared_images(2 * study.data.test_pairs, wording.TEST_IMAGES[study.data.source]),
        machines=[f"{row['hardware']} (torch {row['torch']})" for row in machines],
        params_file=swept.PARAMS,
        root_page=f"../{paths.PAGE.name}",
    )


def _of_technique(aux_weights: pd.DataFrame):
    return aux_weights.groupby(["architecture", "technique"], sort=False)


def main() -> None:
    """Write the page."""
    study, sweeps = swept.load()
    render.write(swept.PAGE, page(study, sweeps, {name: tables.read(f"sweeps/{name}") for name in SHOWN}))


if __name__ == "__main__":
    run_script(main)

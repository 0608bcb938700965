"""Stage `report`: the study on one page that needs nothing else.

Reads params.yaml, reports/*.csv, reports/runs and reports/figures/*.png; writes reports/index.html, figures and style
inside. The page is laid out by report.html beside this file; every number and verdict on it comes from the tables.
"""

import base64
from pathlib import Path

import jinja2
import pandas as pd

from pipeline import params, paths, wording
from pipeline.analysis import measured, published, tables
from pipeline.params import AVERAGE, Params
from pipeline.script import StudyError, run_script

TEMPLATE = Path(__file__).with_suffix(".html")


def embedded_figure(name: str) -> str:
    """A figure as a data URL; StudyError if it has not been drawn."""
    path = paths.FIGURES / f"{name}.png"
    try:
        return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; `dvc repro plot` draws it") from None


def accuracy_rows(study: Params) -> list[dict]:
    """The table `summary`, a row per architecture: its combos, in the techniques' order, the best of them marked."""
    summary = tables.read("summary")
    best = summary.groupby("architecture")["mean_test_accuracy"].transform("max") == summary["mean_test_accuracy"]
    cells = {(cell["architecture"], cell["technique"]): cell for cell in summary.assign(best=best).to_dict("records")}
    techniques = study.technique_names()
    return [{"architecture": name, "cells": [cells[name, t] for t in techniques]} for name in study.architectures]


def effect_rows(study: Params, effects: pd.DataFrame) -> list[dict]:
    """The table `effects`, a row per architecture, then their average if there are several: a cell per effect."""
    cells = {(cell["architecture"], cell["effect"]): cell for cell in effects.to_dict("records")}
    names = list(effects["effect"].unique())
    rows = [*study.architectures, *([AVERAGE] if len(study.architectures) > 1 else [])]
    return [{"architecture": name, "cells": [cells[name, effect] for effect in names]} for name in rows if names]


def page(study: Params) -> str:
    """The page, from the tables, the figures and what the records say of device and versions."""
    effects = tables.read("effects")
    records = measured.read_records(study)
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        study=study,
        wording=wording,
        figure=embedded_figure,
        margin=100 * published.MARGIN,
        accuracies=accuracy_rows(study),
        effects=effect_rows(study, effects),
        headline=wording.headline(effects),
        findings={effect: wording.finding(rows) for effect, rows in effects.groupby("effect", sort=False)},
        published=tables.read("published_vs_ours").to_dict("records"),
        gains=tables.read("published_gains").to_dict("records"),
        machines=sorted({f"{run.hardware} ({run.device}, torch {run.torch})" for run in records}),
    )


def main() -> None:
    """Write the page."""
    content = page(params.load())
    paths.PAGE.write_text(content, encoding="utf-8")
    print(f"{paths.PAGE}: {len(content) / 1e6:.1f} MB")


if __name__ == "__main__":
    run_script(main)

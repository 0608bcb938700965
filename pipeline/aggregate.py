"""Stage `aggregate`: from the records of all runs to the tables and metrics of the study.

Reads params.yaml and reports/runs/COMBO.json of the combos it lists; writes reports/*.csv, whose columns
pipeline/analysis/tables.py describes, and reports/metrics.json for `dvc metrics`.
"""

import json

import pandas as pd

from pipeline import params, paths
from pipeline.analysis import effects, measured, published, tables
from pipeline.params import Params
from pipeline.records import RunRecord
from pipeline.script import run_script


def make_tables(params: Params, records: list[RunRecord]) -> dict[str, pd.DataFrame]:
    """Every table of the study, by name."""
    runs = measured.runs(records)
    effect_runs = effects.effect_runs(runs)
    return {
        "runs": runs,
        "summary": measured.summary(runs),
        "learning_curves": measured.learning_curves(records),
        "gaps": measured.gaps(records),
        "confusion": measured.confusion(records),
        "effect_runs": effect_runs,
        "effects": effects.effects(effect_runs),
        "published_vs_ours": published.published_vs_ours(params, runs),
        "published_gains": published.published_gains(params, runs),
    }


def main() -> None:
    study = params.load()
    made = make_tables(study, measured.read_records(study))
    for name, table in made.items():
        tables.write(name, table)
    metrics = measured.metrics(made["runs"])
    paths.METRICS.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    print(f"{len(made['runs'])} runs of {len(made['summary'])} combos: {len(made)} tables in {paths.REPORTS}/")


if __name__ == "__main__":
    run_script(main)

"""Stage `aggregate`: from the records of all runs to the tables and metrics of the study.

Reads params.yaml, reports/runs/COMBO.json of the combos it lists and the published figures in
studies/replication/params.yaml; writes reports/*.csv, whose columns pipeline/tables.py describes, and
reports/metrics.json for `dvc metrics`.
"""

import json

import pandas as pd

from pipeline import params, paths, protocols, records, tables
from pipeline.analysis import effects, measured, published
from pipeline.analysis.measured import Records
from pipeline.params import Params
from pipeline.protocols import Replication
from pipeline.run import Run
from pipeline.script import StudyError, run_script, write_whole


def read_records(study: Params) -> Records:
    """The records of every combo that params.yaml lists, in its order; other files beside them are not looked at.

    Raises StudyError, naming the file, if one is missing or damaged, or holds other runs than params.yaml asks for.
    """
    found = {}
    for combo in study.combos():
        path = paths.record(combo.key)
        found[combo] = records.read(path)
        wanted = study.runs(combo)
        difference = _difference([record.run for record in found[combo]], wanted)
        if difference:
            raise StudyError(f"{path}: {difference}; `dvc repro` trains what {paths.PARAMS} asks for")
        lengths = {len(curve) for record in found[combo] for _, curve in record.curves}
        if lengths != {combo.protocol.epochs}:
            raise StudyError(f"{path}: damaged; `dvc repro -f` of that combo's stage trains it again")
    return found


def _difference(found: list[Run], wanted: list[Run]) -> str:
    """What tells the runs of a record from those that are wanted, in words; empty if nothing does."""
    if len(found) != len(wanted):
        return f"{len(found)} runs, not {len(wanted)}"
    for run, other in zip(found, wanted, strict=True):
        have, want = _flat(run.model_dump()), _flat(other.model_dump())
        parts = [f"{key} {have[key]}, not {want[key]}" for key in want if have[key] != want[key]]
        if parts:
            return f"the run of seed {other.seed} has {'; '.join(parts)}"
    return ""


def _flat(value: dict, prefix: str = "") -> dict:
    """Nested keys joined by dots."""
    flat = {}
    for key, item in value.items():
        # `fold` is None or a mapping: as a leaf, it is in either case one key.
        flat |= _flat(item, f"{prefix}{key}.") if isinstance(item, dict) and key != "fold" else {f"{prefix}{key}": item}
    return flat


def make_tables(study: Params, of_runs: Records, published_rows: Replication) -> dict[str, pd.DataFrame]:
    """Every table of the study, by name."""
    runs, curves = measured.runs(of_runs), measured.curves(of_runs)
    summary = measured.summary(runs)
    by_architecture = summary[summary["trained_out"]].groupby("architecture")["technique"].agg(set)
    trained_out = {name: by_architecture.get(name, set()) for name in study.architectures}
    effect_runs = effects.effect_runs(runs, trained_out)
    return {
        "runs": runs,
        "summary": summary,
        "curves": curves,
        "learning_curves": measured.learning_curves(curves),
        "gaps": measured.gaps(of_runs),
        "confusion": measured.confusion(of_runs),
        "effect_runs": effect_runs,
        "effects": effects.effects(effect_runs, trained_out),
        "published_vs_ours": published.published_vs_ours(study, runs, published_rows),
        "published_gains": published.published_gains(study, runs, published_rows),
    }


def main() -> None:
    study = params.load()
    made = make_tables(study, read_records(study), protocols.load())
    for name, table in made.items():
        tables.write(name, table)
    write_whole(paths.METRICS, (json.dumps(measured.metrics(made["runs"]), indent=2) + "\n").encode())
    runs = made["runs"]
    print(f"{len(runs)} runs of {len(made['summary'])} combos: {len(made)} tables in {paths.REPORTS}/")
    tables.say_diverged(runs)


if __name__ == "__main__":
    run_script(main)

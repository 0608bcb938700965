"""The replication's stage `aggregate`: from the outcomes of all runs to its tables.

Reads studies/replication/params.yaml, params.yaml, reports/replication/runs/ARCHITECTURE.json and the study's own
records, reports/runs/COMBO.json; writes reports/replication/*.csv, whose columns pipeline/tables.py describes.
"""

from pipeline import outcomes, params, paths, protocols, records, tables
from pipeline.description import of_study
from pipeline.params import Params
from pipeline.protocols import Replication
from pipeline.replication.analysis import Outcomes, curves, departures, figures
from pipeline.script import run_script


def read(rows: Replication, study: Params) -> Outcomes:
    """The outcomes of all runs: the rows', with departures, and the study's. StudyError names a file that lacks any."""
    found = {}
    for name in dict.fromkeys(row.architecture for row in rows.rows):
        of_architecture = [row for row in rows.rows if row.architecture == name]
        path, wanted = protocols.path(name), protocols.runs(of_architecture, study)
        found |= {outcome.run: outcome for outcome in outcomes.chosen(outcomes.read(path), wanted, path)}
        for row in of_architecture:
            path, own = paths.record(row.key), of_study(study, name, row.technique)
            trained = {record.run.digest(): outcomes.of(record) for record in records.read(path)}
            wanted = [own.run(seed, study.data.source) for seed in range(study.seeds)]
            found |= {outcome.run: outcome for outcome in outcomes.chosen(trained, wanted, path)}
    return found


def main() -> None:
    study, rows = params.load(), protocols.load()
    found = read(rows, study)
    made = {
        "replication/figures": figures(rows, study, found),
        "replication/departures": departures(rows, study, found),
        "replication/curves": curves(rows, study, found),
    }
    for name, table in made.items():
        tables.write(name, table)
    tested = made["replication/figures"].query("quantity == 'test_accuracy' and main")
    print(f"{tested['within'].sum()} of {len(tested)} published means lie within the prediction interval of ours")


if __name__ == "__main__":
    run_script(main)

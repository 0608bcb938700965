"""The stage `aggregate`: from records in files to tables in files."""

import json

import pytest

from pipeline import aggregate, paths, records
from pipeline.analysis import tables
from pipeline.script import StudyError
from tests.synthetic import AGGREGATED, make_params, make_records, write_study


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def written() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in paths.REPORTS.iterdir() if path.is_file()}


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_writes_every_table_and_the_metrics(runs, capsys):
    params = make_params(runs=runs)
    write_study(params)
    aggregate.main()
    assert set(written()) == {f"{name}.csv" for name in AGGREGATED} | {"metrics.json"}
    assert len(tables.read("runs")) == runs * len(params.combos())
    assert len(tables.read("summary")) == len(params.combos())
    assert f"{runs * len(params.combos())} runs of {len(params.combos())} combos" in capsys.readouterr().out


def test_rows_come_in_the_order_of_params():
    params = make_params(["lenet5", "convnet"], runs=2)
    write_study(params)
    aggregate.main()
    combos = [(combo.architecture, combo.technique) for combo in params.combos()]
    for name in ("runs", "summary", "learning_curves", "gaps"):
        table = tables.read(name)
        found = table[["architecture", "technique"]].drop_duplicates().itertuples(index=False, name=None)
        assert list(found) == combos, name
    metrics = json.loads(paths.METRICS.read_text())
    assert list(metrics) == ["data_set", "device", "average", "lenet5", "convnet"]
    assert list(metrics["average"]) == params.technique_names()


def test_the_same_records_give_the_same_bytes_whatever_the_wall_times():
    params = make_params(["convnet"], runs=2)
    write_study(params)
    aggregate.main()
    first = written()
    for key, runs in make_records(params).items():
        for run in runs:
            run.curves.seconds = [second * 3 for second in run.curves.seconds]
        records.write(paths.record(key), runs)
    aggregate.main()
    assert written() == first


def test_every_table_says_its_data_set():
    write_study(make_params(["convnet"], runs=2, source="digits"), device="cuda")
    aggregate.main()
    for name in AGGREGATED:
        assert set(tables.read(name)["data_set"]) <= {"digits"}, name
    metrics = json.loads(paths.METRICS.read_text())
    assert (metrics["data_set"], metrics["device"]) == ("digits", "cuda")


def test_a_study_of_one_technique_has_no_effects():
    write_study(make_params(["convnet"], ["baseline"], runs=2))
    aggregate.main()
    assert tables.read("effects").empty
    assert len(tables.read("summary")) == 1


def test_a_missing_record_leaves_no_table():
    write_study(make_params(["convnet"], runs=2))
    paths.record("convnet-baseline").unlink()
    with pytest.raises(StudyError, match=r"convnet-baseline\.json: missing"):
        aggregate.main()
    assert not written()

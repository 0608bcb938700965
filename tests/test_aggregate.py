"""The stage `aggregate`: from records in files to tables in files; and what is refused."""

import json

import pytest

from pipeline import aggregate, paths, records, tables
from pipeline.script import StudyError
from tests.synthetic import make_params, make_records, write_study

LENET = "lenet5-aux_loss"
STUDY_TABLES = [name for name in tables.COLUMNS if "/" not in name]  # not those of further studies


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def study():
    """A study of two architectures, three techniques and two seeds, its records in the current folder."""
    params = make_params(["lenet5", "convnet"], ["baseline", "aux_loss", "digits_only"], seeds=2, epochs=3)
    write_study(params)
    return params


def written() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in paths.REPORTS.iterdir() if path.is_file()}


def damage(**changes) -> None:
    """Change lenet5's first run with auxiliary loss: keys of its description, joined by two underscores."""
    entries = json.loads(paths.record(LENET).read_text())
    for name, value in changes.items():
        *sections, key = name.split("__")
        part = entries[0]
        for section in sections:
            part = part[section]
        part[key] = value
    paths.record(LENET).write_text(json.dumps(entries))


@pytest.mark.parametrize("seeds", [1, 3])
def test_writes_every_table_and_the_metrics(seeds, capsys):
    params = make_params(seeds=seeds, epochs=2)
    write_study(params)
    aggregate.main()
    assert set(written()) == {f"{name}.csv" for name in STUDY_TABLES} | {"metrics.json"}
    assert len(tables.read("runs")) == seeds * len(params.combos())
    assert len(tables.read("curves")) == 2 * seeds * len(params.combos())
    assert f"{seeds * len(params.combos())} runs of {len(params.combos())} combos" in capsys.readouterr().out


def test_rows_come_in_the_order_of_params(study):
    aggregate.main()
    combos = [(combo.architecture, combo.technique) for combo in study.combos()]
    for name in ("runs", "summary", "curves", "learning_curves", "gaps"):
        table = tables.read(name)
        found = table[["architecture", "technique"]].drop_duplicates().itertuples(index=False, name=None)
        assert list(found) == combos, name
    metrics = json.loads(paths.METRICS.read_text())
    assert list(metrics) == ["data_set", "device", "average", "lenet5", "convnet"]
    assert list(metrics["average"]) == study.technique_names()


def test_every_table_says_its_data_set():
    write_study(make_params(["convnet"], seeds=2, source="digits"), device="cuda")
    aggregate.main()
    for name in STUDY_TABLES:
        assert set(tables.read(name)["data_set"]) <= {"digits"}, name
    metrics = json.loads(paths.METRICS.read_text())
    assert (metrics["data_set"], metrics["device"]) == ("digits", "cuda")


def test_a_run_that_diverged_is_said(capsys):
    write_study(make_params(["lenet5"], ["baseline", "aux_loss"], seeds=2), diverged={(LENET, 1)})
    aggregate.main()
    assert "diverged, and left out of all means: lenet5-aux_loss, seed 1, in epoch 2" in capsys.readouterr().out
    assert tables.read("summary")["diverged"].tolist() == [0, 1]
    assert tables.read("effects")["runs"].tolist() == [1, 1]


def test_a_study_without_any_run_that_did_not_diverge_has_tables():
    write_study(make_params(["lenet5"], seeds=1), diverged={("lenet5-baseline", 0)})
    aggregate.main()
    assert "weight_sharing" not in set(tables.read("effects")["effect"])
    assert tables.read("published_vs_ours")["our_mean"].notna().any()


def test_a_study_of_one_technique_has_no_effects():
    write_study(make_params(["convnet"], ["baseline"], seeds=2))
    aggregate.main()
    assert tables.read("effects").empty
    assert len(tables.read("summary")) == 1


def test_reads_the_combos_of_params_in_their_order(study):
    (paths.RECORDS / "convnet-two_channel.json").write_text("not a combo that is listed")
    read = aggregate.read_records(study)
    assert list(read) == study.combos()
    assert [record.run for record in read[study.combos()[0]]] == study.runs(study.combos()[0])


def test_a_missing_record_leaves_no_table(study):
    paths.record(LENET).unlink()
    with pytest.raises(StudyError, match=r"lenet5-aux_loss\.json: missing"):
        aggregate.main()
    assert not written()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"run__data__source": "digits"}, "data.source digits, not mnist"),
        ({"run__seed": 4, "run__data__draw__seed": 4}, "data.draw.seed 4, not 0; seed 4, not 0"),
        ({"run__protocol__aux_weight": 0.75}, r"protocol.aux_weight 0.75, not 1.0"),
        ({"run__protocol__precision": "bf16"}, "protocol.precision bf16, not fp32"),
        ({"run__network__encoder": "shared"}, "network.encoder shared, not separate"),
    ],
)
def test_a_record_of_another_study_is_refused(study, changes, message):
    damage(**changes)
    wanted = rf"lenet5-aux_loss\.json: the run of seed 0 has {message}; `dvc repro` trains what params\.yaml asks for$"
    with pytest.raises(StudyError, match=wanted):
        aggregate.read_records(study)


def test_seeds_and_epochs_must_be_those_of_params(study):
    with pytest.raises(StudyError, match=r"lenet5-baseline\.json: 2 runs, not 3; `dvc repro`"):
        aggregate.read_records(study.model_copy(update={"seeds": 3}))
    made = make_records(study)[study.combo("lenet5", "aux_loss")]
    curves = made[0].curves.model_copy(update={"loss": [1.0]})
    records.write(paths.record(LENET), [made[0].model_copy(update={"curves": curves}), made[1]])
    with pytest.raises(StudyError, match=r"lenet5-aux_loss\.json: damaged"):
        aggregate.read_records(study)

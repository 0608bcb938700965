"""The uses, for real, on a tiny study: dvc repro, dvc exp run -S, dvc metrics diff."""

import json

import pandas as pd
import pytest

from pipeline import params, paths
from pipeline.analysis import tables

pytestmark = pytest.mark.slow


def test_repro_makes_everything_and_status_is_clean(study):
    listed = params.load(study.folder / paths.PARAMS)
    for combo in listed.combos():
        assert (study.folder / paths.results(combo.key)).is_file()
        for seed in range(listed.seeds):
            assert (study.folder / paths.weights(combo.key, seed)).is_file()
    assert (study.folder / paths.PAGE).is_file()
    assert list((study.folder / paths.FIGURES).glob("*.png"))
    assert "up to date" in study.run("dvc", "status").stdout
    assert study.run("git", "status", "--porcelain").stdout == ""


def test_everything_says_which_data_it_is_from(study):
    assert json.loads((study.folder / paths.METRICS).read_text())["data_set"] == "digits"
    for path in (study.folder / paths.REPORTS).glob("*.csv"):
        assert set(pd.read_csv(path)["data_set"]) <= {"digits"}
    assert "scikit-learn" in (study.folder / paths.PAGE).read_text(encoding="utf-8")


def test_only_what_changed_is_trained(study):
    """aux_weight touches combos with an auxiliary loss, a recipe its own architecture, a new entry itself."""
    everything = {"deep_fc-baseline", "deep_fc-aux_loss", "mlpnet-baseline", "mlpnet-aux_loss"}
    assert study.would_train() == set()
    cases = [
        (lambda c: c.update(aux_weight=0.3), {"deep_fc-aux_loss", "mlpnet-aux_loss"}),
        (lambda c: c["architectures"]["mlpnet"].update(learning_rate=0.02), {"mlpnet-baseline", "mlpnet-aux_loss"}),
        (
            lambda c: c["architectures"].update(lenet5=c["architectures"]["mlpnet"]),
            {"lenet5-baseline", "lenet5-aux_loss"},
        ),
        (
            lambda c: c["techniques"]["plain"].update(two_digits={"encoder": "separate", "answer": "digits"}),
            {"deep_fc-two_digits", "mlpnet-two_digits"},
        ),
        (lambda c: c.update(comparator="hidden"), everything),
        (lambda c: c["data"].update(pairing="renewed"), everything),
        (lambda c: c.update(an_annex={"budget": 3}), set()),
    ]  # fmt: skip
    for alter, expected in cases:
        study.change(alter)
        try:
            assert study.would_train() == expected
        finally:
            study.run("git", "checkout", "-q", ".")


def test_a_clone_with_other_line_ends_is_up_to_date(study, tmp_path):
    cloned = study.clone(tmp_path / "clone", "-c", "core.autocrlf=true")
    changed = json.loads(cloned.run("dvc", "status", "--json").stdout)
    of_files = [entry for entries in changed.values() for entry in entries if isinstance(entry, dict)]
    said = {what for entry in of_files for kinds in entry.values() for what in kinds.values() if isinstance(what, str)}
    assert "modified" not in said


def test_mistyped_parameters_end_in_a_line_and_lose_nothing(restored):
    restored.change(lambda c: c["architectures"]["mlpnet"].update(learning_rate="fast"))
    done = restored.run("dvc", "repro", check=False)
    assert done.returncode != 0
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert errors == [
        "error: params.yaml: architectures.mlpnet.learning_rate: input should be a valid number, not 'fast'"
    ]
    assert "Traceback" not in done.stderr
    assert "Running stage 'train" not in done.stdout
    assert restored.run("git", "status", "--porcelain", "reports").stdout == ""


def test_experiment_and_diff_between_branches(study):
    """dvc exp run -S aux_weight=0.75, kept as a branch, and dvc metrics diff from there."""
    study.run("dvc", "exp", "run", "-S", "aux_weight=0.75", "-n", "other-weight")
    try:
        trained = pd.read_csv(study.folder / tables.STUDY.path("runs").relative_to(paths.REPORTS.parent))
        assert params.load(study.folder / paths.PARAMS).aux_weight == 0.75
        study.run("git", "checkout", "-qb", "other-weight")
        study.commit("Another weight")
        diff = json.loads(study.run("dvc", "metrics", "diff", "--json", "main").stdout)[str(paths.METRICS)]
        assert diff, "another aux_weight changes some accuracy"
        assert all("aux_loss" in name for name in diff)
        study.run("dvc", "plots", "diff", "main", "--out", str(study.folder / "dvc_plots"))
        page = (study.folder / "dvc_plots/index.html").read_text(encoding="utf-8")
        assert page.count('"rev": "workspace"') >= len(trained)
        assert page.count('"rev": "main"') >= len(trained)
    finally:
        study.run("git", "checkout", "-q", "main")
        study.run("dvc", "checkout", "-q")


def test_experiment_in_a_temporary_workspace(study):
    study.run("dvc", "exp", "run", "--temp", "-S", "aux_weight=0.5", "-n", "apart", "train_aux@deep_fc-aux_loss")
    assert study.run("git", "status", "--porcelain").stdout == ""
    assert "apart" in study.run("dvc", "exp", "list", "--name-only").stdout

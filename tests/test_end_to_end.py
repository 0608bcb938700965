"""The uses, for real, on a tiny study: dvc repro, dvc exp run -S, dvc metrics diff; and no run twice."""

import json
import os
import shutil
import signal
import time

import pandas as pd
import pytest

from pipeline import params, paths
from pipeline.analysis import tables
from pipeline.backends import store
from tests.study import Study, new_study

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    """The tiny study after its first `dvc repro`, committed."""
    project = new_study(tmp_path_factory.mktemp("study") / "project")
    project.run("dvc", "repro")
    project.commit("A study")
    return project


@pytest.fixture
def restored(study):
    """The study, without runs of a stage that was the last, which is put back afterwards."""
    shutil.rmtree(study.folder / store.FOLDER, ignore_errors=True)
    yield study
    study.restore()


def known_and_trained(said: str) -> list[tuple[int, int]]:
    """Of each training stage that knew some of its runs, how many it knew and trained."""
    words = [line.split(": ")[1].split() for line in said.splitlines() if "runs are known" in line]
    return [(int(line[0]), int(line[4])) for line in words]


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
            study.restore()


def test_an_edited_comment_starts_stages_and_trains_nothing(restored):
    """DVC sees another file; the digest of the engine is that of what its code does."""
    loop = restored.folder / "pipeline/engine/loop.py"
    loop.write_text(
        "# another line\n" + loop.read_text().replace('"""One training step of R runs."""', '"""A step."""')
    )
    assert len(restored.would_train()) == 4
    assert known_and_trained(restored.run("dvc", "repro").stdout) == [(2, 0)] * 4
    assert restored.run("git", "status", "--porcelain", "reports").stdout == ""


def test_more_seeds_train_the_new_runs_alone(restored):
    """The other results come from Git, their weights from DVC's cache."""
    before = {path: path.read_bytes() for path in restored.folder.glob("models/*/*")}
    restored.change(lambda c: c.update(seeds=3))
    assert known_and_trained(restored.run("dvc", "repro").stdout) == [(2, 1)] * 4
    after = {path: path.read_bytes() for path in restored.folder.glob("models/*/*")}
    assert len(before) == 8
    assert len(after) == 12
    assert before.items() <= after.items()


def test_a_result_with_an_edited_digit_is_named_and_trained_again(restored):
    path = restored.folder / paths.results("mlpnet-aux_loss")
    text = path.read_text()
    accuracy = json.loads(text)[1]["curves"]["test_accuracy"][-1]
    edited = text[::-1].replace(f"{accuracy}"[::-1], "0.999"[::-1], 1)[::-1]
    path.write_text(edited)
    done = restored.run("python", "-m", "pipeline.aggregate", check=False)
    assert done.returncode == 1
    assert "mlpnet, seed 1 was changed by hand" in done.stderr
    restored.commit("An edit")
    try:
        # Else DVC itself brings it back, as an earlier run's.
        said = restored.run("dvc", "repro", "-f", "-s", "train_aux@mlpnet-aux_loss").stdout
        assert "not taken: HEAD:reports/runs/mlpnet-aux_loss.json: the result of mlpnet, seed 1 was changed" in said
        assert known_and_trained(said) == [(1, 1)]
        assert path.read_text() == text
    finally:
        restored.run("git", "reset", "-q", "--hard", "HEAD~1")


def test_a_reader_that_goes_away_costs_nothing_that_was_finished(restored):
    restored.change(lambda c: c.update(aux_weight=0.4))
    for command in ("python -m pipeline.train deep_fc aux_loss > /dev/full", "dvc repro | head -2"):
        restored.run("bash", "-c", command, check=False)
    said = restored.run("dvc", "repro").stdout
    assert (2, 0) in known_and_trained(said) or "didn't change" in said


def test_a_killed_stage_goes_on_where_it_was(restored):
    restored.change(lambda c: (c.update(seeds=4), c["architectures"]["deep_fc"].update(epochs=400)))
    folder = restored.folder / store.FOLDER
    process = restored.start("dvc", "repro", "train@deep_fc-baseline", LOKY_MAX_CPU_COUNT="1")
    deadline = time.monotonic() + 120
    while not list(folder.glob("*.json")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(1)  # the stage sees that its dvc is gone
    finished = len(list(folder.glob("*.json")))
    assert 1 <= finished < 4
    said = restored.run("dvc", "repro", "train@deep_fc-baseline").stdout
    assert known_and_trained(said) == [(finished, 4 - finished)]


def test_all_at_once_is_then_taken(restored):
    """`make compute` trains what is out of date, and the stages then train nothing."""
    restored.change(lambda c: c.update(aux_weight=0.6))
    assert (
        "2 stages are out of date: 4 runs are to be trained"
        in restored.run("python", "-m", "pipeline.train_all").stdout
    )
    assert known_and_trained(restored.run("dvc", "repro").stdout) == [(2, 0)] * 2
    assert "0 stages are out of date" in restored.run("python", "-m", "pipeline.train_all").stdout


def test_trained_again_it_is_the_same_to_the_byte(restored, tmp_path):
    """In a clone that has no weights, on another number of workers."""
    cloned = restored.clone(tmp_path / "clone")
    cloned.run("dvc", "repro", LOKY_MAX_CPU_COUNT="1")
    assert cloned.run("git", "status", "--porcelain").stdout == ""


def test_a_clone_with_other_line_ends_is_up_to_date(study, tmp_path):
    cloned = Study(tmp_path / "clone")
    study.run("git", "clone", "-q", "-c", "core.autocrlf=true", ".", str(cloned.folder))
    changed = json.loads(cloned.run("dvc", "status", "--json").stdout)
    of_files = [entry for entries in changed.values() for entry in entries if isinstance(entry, dict)]
    said = {what for entry in of_files for kinds in entry.values() for what in kinds.values() if isinstance(what, str)}
    assert "modified" not in said


def test_mistyped_parameters_end_in_a_line_and_lose_nothing(restored):
    restored.change(lambda c: c["architectures"]["mlpnet"].update(learning_rate="fast"))
    before = restored.tables()
    done = restored.run("dvc", "repro", check=False)
    assert done.returncode != 0
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert errors == [
        "error: params.yaml: architectures.mlpnet.learning_rate: input should be a valid number, not 'fast'"
    ]
    assert "Traceback" not in done.stderr
    assert "Running stage 'train" not in done.stdout
    assert restored.tables() == before


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
    study.run("dvc", "exp", "run", "--temp", "-S", "aux_weight=0.5", "-n", "apart")
    assert study.run("git", "status", "--porcelain").stdout == ""
    assert "apart" in study.run("dvc", "exp", "list", "--name-only").stdout

"""The three uses, for real, on a small study of scikit-learn's digits: dvc repro, dvc exp run -S, dvc metrics diff."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pipeline import kept, params, paths
from pipeline.demo import copy_project
from tests.synthetic import ROOT

pytestmark = pytest.mark.slow


class Study:
    """A project in a folder and Git repository of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("DVC_")} | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }

    def run(self, *command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment | environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
        return done

    def commit(self, message: str) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", message)

    def would_train(self) -> set[str]:
        """The combos that `dvc repro` would train now."""
        said = self.run("dvc", "repro", "--dry").stdout
        return set(re.findall(r"Running stage 'train(?:_aux)?@(\S+)'", said))

    def change(self, alter) -> None:
        path = self.folder / paths.PARAMS
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        alter(content)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def restore(self) -> None:
        self.run("git", "checkout", "-q", ".")
        self.run("git", "clean", "-qfd")

    def tables(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.folder / paths.REPORTS).glob("*.csv")}


def make_tiny(content: dict) -> None:
    content["data"].update(source="digits", train_pairs=100, test_pairs=60)
    content["seeds"] = 2
    content["architectures"] = {name: content["architectures"][name] for name in ("deep_fc", "mlpnet")}
    for recipe in content["architectures"].values():
        recipe["epochs"] = 2
    kept = {"baseline", "aux_loss"}
    for group, listed in content["techniques"].items():
        content["techniques"][group] = {name: technique for name, technique in listed.items() if name in kept}


def make_tiniest(content: dict) -> None:
    make_tiny(content)
    content["architectures"] = {"mlpnet": content["architectures"]["mlpnet"]}


def clone_with(further: str, asked: dict, folder: Path) -> Study:
    """A clone of a study that is trained (its records are in Git, its weights and pairs are not) with a further one.

    `further` is the latter's folder in studies/, `asked` its params.
    """
    copy_project(folder / "project", make_tiniest, project=ROOT)
    project, cloned = Study(folder / "project"), Study(folder / "clone")
    place = project.folder / "studies" / further
    shutil.copytree(ROOT / "studies" / further, place)
    (place / "params.yaml").write_text(yaml.safe_dump(asked, sort_keys=False), encoding="utf-8")
    for lock in project.folder.glob("studies/*/dvc.lock"):
        lock.unlink()
    project.run("git", "init", "-q", "-b", "main")
    introduce(project)
    project.run("dvc", "repro", "train", "train_aux")
    project.commit("A study")
    project.run("git", "clone", "-q", ".", str(cloned.folder))
    introduce(cloned)
    return cloned


def introduce(project: Study) -> None:
    """Let Git know who commits."""
    for key, value in (("user.name", "A Reader"), ("user.email", "reader@example.org")):
        project.run("git", "config", key, value)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    """The tiny study after its first `dvc repro`, committed."""
    folder = tmp_path_factory.mktemp("study") / "project"
    copy_project(folder, make_tiny, project=ROOT)
    project = Study(folder)
    project.run("git", "init", "-q", "-b", "main")
    introduce(project)
    project.run("dvc", "repro")
    project.commit("A study")
    return project


def test_repro_makes_everything_and_status_is_clean(study):
    listed = params.load(study.folder / paths.PARAMS)
    for combo in listed.combos():
        assert (study.folder / paths.record(combo.key)).is_file()
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
    plain, auxiliary = {"baseline"}, {"aux_loss"}
    assert study.would_train() == set()
    cases = [
        (lambda c: c.update(aux_weight=0.3), {f"{a}-{t}" for a in ("deep_fc", "mlpnet") for t in auxiliary}),
        (lambda c: c["architectures"]["mlpnet"].update(learning_rate=0.02), {f"mlpnet-{t}" for t in plain | auxiliary}),
        (
            lambda c: c["architectures"].update(lenet5=c["architectures"]["mlpnet"]),
            {f"lenet5-{t}" for t in plain | auxiliary},
        ),
        (
            lambda c: c["techniques"]["plain"].update(two_digits={"encoder": "separate", "answer": "digits"}),
            {"deep_fc-two_digits", "mlpnet-two_digits"},
        ),
        (
            lambda c: c["techniques"]["auxiliary"].update(latent={"encoder": "shared", "answer": "latent_digits"}),
            {"deep_fc-latent", "mlpnet-latent"},
        ),
        (lambda c: c["data"]["mirrors"].append("https://example.org/"), set()),
        (lambda c: c.update(a_further_study={"budget": 3}), set()),
    ]
    for alter, expected in cases:
        study.change(alter)
        try:
            assert study.would_train() == expected
        finally:
            study.restore()


@pytest.mark.parametrize(
    ("module", "trained"),
    [
        ("networks/architectures/mlpnet.py", {"mlpnet"}),
        ("training/loop.py", {"deep_fc", "mlpnet"}),
        ("params.py", set()),
        ("wording.py", set()),
        ("training/progress.py", set()),
        ("training/executor.py", set()),
    ],
)
def test_code_trains_what_it_decides(study, module, trained):
    """An architecture its own combos, the engine all of them; validation, wording, progress and executor none."""
    file = study.folder / "pipeline" / module
    file.write_text(file.read_text() + "\n# another line\n")
    try:
        assert {combo.split("-")[0] for combo in study.would_train()} == trained
    finally:
        study.restore()


def test_what_is_out_of_date_is_computed_at_once_and_then_taken(study):
    """Stages train nothing any more, nothing stays behind, and what DVC has from an earlier run is not trained."""

    def compute() -> str:
        return study.run(sys.executable, "-m", "pipeline.compute").stdout

    study.change(lambda c: c.update(aux_weight=0.6))
    assert "stages out of date: 2; runs trained: 4," in compute()
    said = study.run("dvc", "repro").stdout
    assert said.count("2 finished runs were kept, 0 are to be trained") == 2
    assert not list((study.folder / kept.FOLDER).iterdir())
    study.restore()
    assert "stages out of date: 0; runs trained: 0," in compute()
    study.run("dvc", "checkout", "-q")


def test_trained_again_it_is_the_same_to_the_byte(study):
    """On another number of workers, and without DVC's cache of runs."""
    before = study.tables()
    study.run("dvc", "repro", "--force", "--single-item", "train_aux@mlpnet-aux_loss", LOKY_MAX_CPU_COUNT="1")
    study.run("dvc", "repro", "--force", "--single-item", "aggregate")
    assert study.tables() == before
    assert study.run("git", "status", "--porcelain").stdout == ""  # records hold no wall time
    study.restore()
    study.run("dvc", "checkout", "-q")


def test_mistyped_parameters_end_in_a_line_and_lose_nothing(study):
    study.change(lambda c: c["architectures"]["mlpnet"].update(learning_rate="fast"))
    before = study.tables()
    try:
        done = study.run("dvc", "repro", check=False)
        assert done.returncode != 0
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert errors == [
            "error: params.yaml: architectures.mlpnet.learning_rate: input should be a valid number, not 'fast'"
        ]
        assert "Traceback" not in done.stderr
        assert study.tables() == before
    finally:
        study.restore()
        study.run("dvc", "checkout", "-q")


@pytest.mark.parametrize("mistake", [{"foo": 1}, {"aux_weigth": 0.75}])
def test_unknown_keys_are_refused_though_no_stage_reads_them(study, mistake):
    (key,) = mistake
    study.change(lambda content: content.update(mistake))
    try:
        done = study.run("dvc", "repro", check=False)
        assert done.returncode != 0
        assert f"error: params.yaml: unknown key {key}; " in done.stderr
        assert "Running stage 'train" not in done.stdout
    finally:
        study.restore()
        study.run("dvc", "checkout", "-q")


def test_experiment_and_diff_between_branches(study):
    """dvc exp run -S aux_weight=0.75, kept as a branch, and dvc metrics diff from there."""
    study.run("dvc", "exp", "run", "-S", "aux_weight=0.75", "-n", "other-weight")
    try:
        trained = pd.read_csv(study.folder / paths.table("runs"))
        assert params.load(study.folder / paths.PARAMS).aux_weight == 0.75
        study.run("git", "checkout", "-qb", "other-weight")
        study.commit("Another weight")
        diff = json.loads(study.run("dvc", "metrics", "diff", "--json", "main").stdout)[str(paths.METRICS)]
        assert diff, "another aux_weight changes some accuracy"
        assert all("aux_loss" in name for name in diff)
        said = study.run("dvc", "metrics", "diff", "main", "--md", "--no-path", "--precision", "3").stdout
        assert "aux_loss" in said
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

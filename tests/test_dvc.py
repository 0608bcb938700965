"""Every dvc.yaml, the root's and the annexes', against the code: a folder is a boundary; DVC watches what decides."""

import ast
import os
import re
from pathlib import Path

import pytest
import yaml

from pipeline import params, paths
from pipeline.analysis import tables
from tests import ROOT

FOLDERS = [Path(), *sorted(path.parent.relative_to(ROOT) for path in (ROOT / "studies").glob("*/dvc.yaml"))]
PIPELINES = {folder: yaml.safe_load((ROOT / folder / "dvc.yaml").read_text(encoding="utf-8")) for folder in FOLDERS}
STAGES = {
    f"{folder.name or 'root'}: {name}": (folder, stage)
    for folder, pipeline in PIPELINES.items()
    for name, stage in pipeline["stages"].items()
}
# What stages import and do not depend on: an edit there changes no number, and trains and draws nothing anew.
EXEMPT = {
    "pipeline/cli.py": "messages, processes, whole files",
    "pipeline/params.py": "validation; a result holds the run that was asked for, and readers compare",
    "pipeline/paths.py": "where files are; a wrong place is a missing file, not another number",
    "pipeline/train.py": "params into runs, runs into files",
    "pipeline/readme.py": "says whether README.md is older than the tables",
    "pipeline/datasets.py": "titles and sizes; what a study is of stands in its results",
    "pipeline/engine": "training depends on it as a whole; others take its types",
    "pipeline/backends": "where runs are computed; tests hold every backend to the same results",
}
ALLOWED = {  # what may import what: a folder, and the others of the project that it knows
    "pipeline/engine": {"pipeline/engine"},
    "pipeline/architectures": {"pipeline/architectures", "pipeline/engine"},
    "pipeline/backends": {"pipeline/backends", "pipeline/engine", "pipeline"},
    "pipeline/analysis": {"pipeline/analysis", "pipeline/engine", "pipeline"},
}


def imported(file: Path) -> set[Path]:
    """The project's modules that this one imports, relative to the project's root."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    files = (Path(*name.split(".")).with_suffix(".py") for name in names if name.startswith(("pipeline", "studies")))
    return {file for file in files if (ROOT / file).is_file()}


def is_exempt(file: Path) -> bool:
    return any(file.is_relative_to(name) for name in EXEMPT)


def script(stage: dict) -> Path:
    """The module that a stage's command names."""
    return Path(*re.search(r"python -m (\S+)", stage["cmd"])[1].split(".")).with_suffix(".py")


def needed(stage: dict) -> set[Path]:
    """The modules that a stage's script reaches, but through exempt ones."""
    found, waiting = set(), {script(stage)}
    while waiting:
        file = waiting.pop()
        found.add(file)
        waiting |= {other for other in imported(file) if not is_exempt(other)} - found
    return found


def dependencies(folder: Path, stage: dict) -> list[Path]:
    """From the project's root."""
    return [Path(os.path.normpath(folder / path)) for path in stage.get("deps", [])]


def outputs(stage: dict) -> dict[str, dict]:
    """Of outs and metrics, each with its options."""
    entries = stage.get("outs", []) + stage.get("metrics", [])
    return dict(next(iter(entry.items())) if isinstance(entry, dict) else (entry, {}) for entry in entries)


def trains(stage: dict) -> bool:
    return any(path.startswith("reports/runs/") for path in outputs(stage))


@pytest.mark.parametrize("name", STAGES)
def test_stage_depends_on_the_modules_that_decide_its_output(name):
    folder, stage = STAGES[name]
    named = dependencies(folder, stage)
    if trains(stage):
        assert Path("pipeline/engine") in named
        architectures = Path("pipeline/architectures")  # an annex that names no architecture depends on all
        assert {architectures, architectures / "${item.architecture}.py"} & set(named)
        return
    missing = {str(file) for file in needed(stage) if not any(file.is_relative_to(path) for path in named)}
    assert missing == set()


@pytest.mark.parametrize("folder", ALLOWED)
def test_a_folder_knows_only_what_stands_below_it(folder):
    for file in sorted((ROOT / folder).glob("*.py")):
        for other in imported(file.relative_to(ROOT)):
            assert other.parent.as_posix() in ALLOWED[folder], f"{file.name} imports {other}"


def test_the_root_knows_no_annex_and_an_annex_no_other():
    modules = [path.relative_to(ROOT) for part in ("pipeline", "studies") for path in (ROOT / part).rglob("*.py")]
    for file in modules:
        known = {other.parts[1] for other in imported(file) if other.parts[0] == "studies"}
        own = {file.parts[1]} if file.parts[0] == "studies" else set()
        assert known <= own | ({"tuning"} if own == {"best"} else set()), file


@pytest.mark.parametrize("name", STAGES)
def test_stage_says_what_it_does_and_runs_at_the_project_s_root(name):
    folder, stage = STAGES[name]
    assert stage["desc"]
    assert stage["cmd"].startswith("python -m pipeline." if folder == Path() else "cd ../.. && python -m studies.")


@pytest.mark.parametrize("name", STAGES)
def test_what_people_read_is_in_git_and_the_rest_in_the_cache(name):
    _, stage = STAGES[name]
    for path, options in outputs(stage).items():
        assert path.startswith(("reports/", "examples/")) == (options.get("cache") is False), path


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name or "root")
def test_every_table_is_some_stage_s_output(folder):
    columns = ROOT / (folder / "columns.yaml" if folder.name else "pipeline/analysis/columns.yaml")
    described = set(tables.Tables(Path(), columns, "").names())
    written = {path for stage in PIPELINES[folder]["stages"].values() for path in outputs(stage)}
    assert {Path(path).stem for path in written if path.endswith(".csv")} == described


def test_every_parameter_is_some_stage_s():
    named = {key.split(".")[0] for stage in PIPELINES[Path()]["stages"].values() for key in stage.get("params", [])}
    assert named == set(params.Params.model_fields)


def test_the_two_matrices_differ_in_techniques_and_aux_weight_alone():
    plain, auxiliary = (dict(PIPELINES[Path()]["stages"][name]) for name in ("train", "train_aux"))
    assert set(auxiliary["params"]) ^ set(plain["params"]) == {
        "aux_weight",
        "techniques.auxiliary.${item.technique}",
        "techniques.plain.${item.technique}",
    }
    for stage in (plain, auxiliary):
        for key in ("desc", "matrix", "params"):
            del stage[key]
    assert plain == auxiliary


def test_plots_name_columns_that_are_there():
    for plot in PIPELINES[Path()]["plots"]:
        if isinstance(plot, dict):
            (settings,) = plot.values()
            ((file, column),) = settings["y"].items()
            assert {settings["x"], column} <= set(tables.STUDY.columns(Path(file).stem))
            assert (ROOT / ".dvc/plots" / f"{settings['template']}.json").is_file()


def test_yaml_has_no_anchor_where_dvc_would_overlook_it():
    """`dvc exp run -S` leaves an alias in params.yaml at its old value."""
    for folder in FOLDERS:
        text = (ROOT / folder / paths.PARAMS).read_text(encoding="utf-8")
        assert not [token for token in yaml.scan(text) if isinstance(token, yaml.AnchorToken | yaml.AliasToken)], folder

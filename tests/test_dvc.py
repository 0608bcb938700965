"""dvc.yaml against the code: a stage depends on every module that its script imports, and paths have one meaning."""

import ast
from pathlib import Path

import pytest
import yaml

from pipeline import params, paths
from pipeline.analysis import tables
from tests.synthetic import AGGREGATED, ROOT

PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
STAGES = PIPELINE["stages"]
SCRIPTS = {name: stage["cmd"].split()[2].removeprefix("pipeline.") for name, stage in STAGES.items()}


def imported_modules(file: Path) -> set[Path]:
    """The project's modules that this one imports, and those that they import: files relative to the project's root."""
    found, waiting = set(), [file]
    while waiting:
        module = waiting.pop()
        if module in found or module.name == "__init__.py":
            continue
        found.add(module)
        for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            else:
                continue
            files = (Path(*name.split(".")).with_suffix(".py") for name in names if name.startswith("pipeline"))
            waiting += [file for file in files if (ROOT / file).is_file()]
    return found


def dependencies(stage: str) -> list[Path]:
    return [Path(dependency) for dependency in STAGES[stage]["deps"]]


def declared(entries: list) -> set[str]:
    """Paths of outs or metrics, which may carry options."""
    return {next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries}


@pytest.mark.parametrize("stage", STAGES)
def test_stage_depends_on_every_module_it_imports(stage):
    named = dependencies(stage)
    needed = imported_modules(Path("pipeline") / f"{SCRIPTS[stage]}.py")
    assert {str(file) for file in needed if not any(file.is_relative_to(path) for path in named)} == set()


@pytest.mark.parametrize("stage", STAGES)
def test_stage_depends_on_no_module_in_vain(stage):
    """An edit of a file that a stage does not use must not run it again."""
    needed = imported_modules(Path("pipeline") / f"{SCRIPTS[stage]}.py")
    code = [path for path in dependencies(stage) if path.suffix == ".py" and "${" not in str(path)]
    assert {str(path) for path in code if path not in needed} == set()


@pytest.mark.parametrize("stage", ["train", "train_aux"])
def test_combo_depends_on_its_own_architecture_alone(stage):
    folder = "pipeline/networks/architectures"
    named = [str(path) for path in dependencies(stage) if str(path).startswith(folder)]
    assert named == [f"{folder}/${{item.architecture}}.py"]
    assert all((ROOT / folder / f"{name}.py").is_file() for name in params.load(ROOT / paths.PARAMS).architectures)


def test_every_stage_says_what_it_does():
    assert all(stage["desc"] for stage in STAGES.values())


def test_outputs_are_where_the_code_writes_them():
    outputs = {name: declared(stage.get("outs", []) + stage.get("metrics", [])) for name, stage in STAGES.items()}
    tracked_tables = {str(paths.table(name)) for name in AGGREGATED}
    assert outputs["download"] == {str(paths.RAW)}
    assert outputs["pair"] == {str(paths.PAIRS.parent)}
    assert outputs["train"] == {str(paths.MODELS / "${key}"), str(paths.record("${key}"))}
    assert outputs["aggregate"] == tracked_tables | {str(paths.METRICS)}
    assert outputs["plot"] == {str(paths.FIGURES)}
    assert outputs["report"] == {str(paths.PAGE)}


def test_what_people_read_is_in_git():
    """Everything under reports/ is outside DVC's cache, so that a plain clone has it."""
    for stage in STAGES.values():
        for entry in stage.get("outs", []) + stage.get("metrics", []):
            path, options = next(iter(entry.items())) if isinstance(entry, dict) else (entry, {})
            assert path.startswith(str(paths.REPORTS)) == (options.get("cache") is False), path


def test_the_two_matrices_differ_in_techniques_and_aux_weight_alone():
    plain, auxiliary = (dict(STAGES[name]) for name in ("train", "train_aux"))
    assert set(auxiliary["params"]) - set(plain["params"]) == {
        "aux_weight",
        "techniques.auxiliary.${item.technique}",
    }
    for stage in (plain, auxiliary):
        for key in ("desc", "matrix", "params"):
            del stage[key]
    assert plain == auxiliary


def test_every_parameter_is_some_stage_s():
    named = {key.split(".")[0] for stage in STAGES.values() for key in stage["params"]}
    assert named == set(params.Params.model_fields)


def test_plots_name_columns_that_are_there():
    known = {str(paths.table(name)): set(columns) for name, columns in tables.COLUMNS.items()}
    for plot in PIPELINE["plots"]:
        if isinstance(plot, dict):
            (settings,) = plot.values()
            ((file, column),) = settings["y"].items()
            assert {settings["x"], column} <= known[file]
            assert (ROOT / ".dvc/plots" / f"{settings['template']}.json").is_file()


def test_analysis_knows_nothing_of_training():
    """Arrows point one way: conclusions are drawn from records alone."""
    for script in ("aggregate", "plot", "report"):
        modules = imported_modules(Path("pipeline") / f"{script}.py")
        assert not [file for file in modules if file.is_relative_to("pipeline/networks")]
        assert not [file for file in modules if file.is_relative_to("pipeline/training")]


def test_yaml_has_no_anchor_where_dvc_would_overlook_it():
    """`dvc exp run -S` leaves an alias in params.yaml at its old value."""
    text = (ROOT / paths.PARAMS).read_text(encoding="utf-8")
    assert not [token for token in yaml.scan(text) if isinstance(token, yaml.AnchorToken | yaml.AliasToken)]

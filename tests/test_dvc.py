"""dvc.yaml against the code: a stage depends on every module that its script imports, and paths have one meaning."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pipeline import params, paths, protocols, tables
from pipeline.replication import report
from pipeline.sweeps import swept
from pipeline.training.code import engine_files
from pipeline.tuning import tuned
from tests.synthetic import ROOT

PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
STAGES = PIPELINE["stages"]
# Modules that stages import and do not depend on: editing them changes no number and trains nothing.
EXEMPT = {
    "pipeline/kept.py": "finished runs are taken only if description, pairs and code are the same",
    "pipeline/outcomes.py": "what further studies keep of a record, named by its run's digest; readers look for that",
    "pipeline/params.py": "validation; a record holds the run that params.yaml asked for, and aggregate compares",
    "pipeline/paths.py": "where files are; a wrong place is a missing file, not another number",
    "pipeline/script.py": "messages, processes, whole files",
    "pipeline/train.py": "reads params, maps the engine over runs, writes files",
    "pipeline/training/cluster.py": "where runs are computed; a test holds a cluster to the bytes of this machine",
    "pipeline/training/code.py": "names the code; a test holds it against this very list",
    "pipeline/training/executor.py": "where runs are computed; a test holds cores and stacks to the same bytes",
    "pipeline/training/progress.py": "a bar",
    "pipeline/weights.py": "how weights are written; a test reads back what was trained",
}
# Modules on which no training stage depends, but the stages that draw conclusions do: what a study asks for. An outcome
# names its run by its digest, and `outcomes.chosen` refuses a file that does not hold what is asked for.
ASKS = {
    "pipeline/description.py": "params into runs",
    "pipeline/protocols.py": "params into runs; validation",
    "pipeline/replication/train.py": "maps the engine over runs, writes outcomes",
    "pipeline/shared_runs.py": "which of its runs a further study takes from the study",
    "pipeline/sweeps/swept.py": "params into runs; validation",
    "pipeline/sweeps/train.py": "maps the engine over runs, writes outcomes",
    "pipeline/tuning/candidates.py": "params into recipes and runs",
    "pipeline/tuning/confirm.py": "maps the engine over runs, writes outcomes",
    "pipeline/tuning/halving.py": "which runs are asked for next, by the outcomes so far",
    "pipeline/tuning/leak.py": "maps the engine over runs, writes outcomes",
    "pipeline/tuning/retrained.py": "params and choices into runs",
    "pipeline/tuning/tune.py": "maps the engine over runs, writes outcomes",
    "pipeline/tuning/tuned.py": "params; validation",
}
ARCHITECTURES = "pipeline/networks/architectures"
# Of `pair`, a training stage imports only the reading of its output, on which it depends.
READ_BY_TRAINING = {"pipeline/pair.py", "pipeline/idx.py"}
SCRIPTS = {name: stage["cmd"].split()[2].removeprefix("pipeline.") for name, stage in STAGES.items()}


def imported_modules(file: Path, through: Callable[[str], bool] = lambda module: True) -> set[Path]:
    """The project's modules that this one imports, and those that they import: files relative to the project's root.

    `through` says of which modules the imports are followed.
    """
    found, waiting = set(), [file]
    while waiting:
        module = waiting.pop()
        if module in found or module.name == "__init__.py":
            continue
        found.add(module)
        if not through(str(module)):
            continue
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


def needed_modules(stage: str) -> set[str]:
    """The modules that decide what a stage writes; a training stage reaches them through exempt ones."""
    script = f"pipeline/{SCRIPTS[stage]}.py"
    if script == "pipeline/train.py":
        return {str(file) for file in imported_modules(Path(script))} - EXEMPT.keys() - READ_BY_TRAINING
    exempt = EXEMPT.keys() - {script}
    return {str(file) for file in imported_modules(Path(script), lambda module: module not in exempt)} - exempt


@pytest.mark.parametrize("stage", STAGES)
def test_stage_depends_on_the_modules_that_decide_its_output_and_on_no_other(stage):
    named = [path for path in dependencies(stage) if str(path).startswith("pipeline") and "${" not in str(path)]
    needed = needed_modules(stage)
    folders = [path for path in named if not path.suffix]
    missing = {file for file in needed if not any(Path(file).is_relative_to(path) for path in named)}
    assert missing == set()
    in_vain = {str(path) for path in named if path.suffix == ".py" and str(path) not in needed}
    assert in_vain == set()
    assert all(any(Path(file).is_relative_to(folder) for file in needed) for folder in folders)


FURTHER = {
    f"{path.parent.name}:{name}": stage
    for path in sorted((ROOT / "studies").glob("*/dvc.yaml"))
    for name, stage in yaml.safe_load(path.read_text(encoding="utf-8"))["stages"].items()
}


def further_needs(stage: dict) -> tuple[set[str], bool]:
    """The modules that decide what a further study's stage writes, without architectures; whether it trains.

    A training stage reaches them through exempt modules, as in the root's pipeline.
    """
    script = f"{stage['cmd'].split()[2].replace('.', '/')}.py"
    trains = any(dependency.startswith(f"{paths.DATA}/") for dependency in stage["deps"]) and script in ASKS
    if trains:
        needed = {str(file) for file in imported_modules(Path(script))} - EXEMPT.keys() - ASKS.keys() - READ_BY_TRAINING
    else:
        exempt = EXEMPT.keys() - {script}
        needed = {str(file) for file in imported_modules(Path(script), lambda module: module not in exempt)} - exempt
    return {module for module in needed if not module.startswith(ARCHITECTURES)}, trains


@pytest.mark.parametrize("stage", FURTHER)
def test_a_further_study_s_stage_depends_on_the_modules_that_decide_its_output(stage):
    needed, trains = further_needs(FURTHER[stage])
    named = [Path(path) for path in FURTHER[stage]["deps"] if path.startswith("pipeline/")]
    assert {file for file in needed if not any(Path(file).is_relative_to(path) for path in named)} == set()
    code = {str(path) for path in named if path.suffix == ".py" and not path.is_relative_to(ARCHITECTURES)}
    assert code - needed - EXEMPT.keys() == set()  # a stage may depend on more than it must
    folders = [path for path in named if not path.suffix]
    assert all(any(Path(file).is_relative_to(folder) for file in needed) for folder in folders)
    assert (f"{ARCHITECTURES}/${{item.architecture}}.py" in map(str, named)) == trains


def test_what_concludes_in_a_further_study_knows_nothing_of_training():
    for stage in FURTHER.values():
        _, trains = further_needs(stage)
        if not trains and any(dependency.startswith(f"{paths.REPORTS}/") for dependency in stage["deps"]):
            modules = imported_modules(Path(f"{stage['cmd'].split()[2].replace('.', '/')}.py"))
            for folder in ("pipeline/networks", "pipeline/training"):
                assert not [file for file in modules if file.is_relative_to(folder)]


@pytest.mark.parametrize("stage", FURTHER)
def test_a_further_study_s_stage_runs_from_the_root_and_says_what_it_does(stage):
    assert FURTHER[stage]["wdir"] == "../.."
    assert FURTHER[stage]["desc"]


def test_every_table_of_a_further_study_is_an_output_of_its_own():
    for study in {stage.partition(":")[0] for stage in FURTHER}:
        stages = [stage for name, stage in FURTHER.items() if name.startswith(f"{study}:")]
        written = {path for stage in stages for path in declared(stage.get("outs", []) + stage.get("metrics", []))}
        tracked = {path for path in written if path.endswith(".csv")}
        assert tracked <= {str(paths.table(name)) for name in tables.COLUMNS if name.startswith(f"{study}/")}
        assert all(Path(path).is_relative_to(paths.REPORTS / study) for path in written if path.startswith("reports"))


def test_what_people_read_of_a_further_study_is_in_git():
    for stage in FURTHER.values():
        for entry in stage.get("outs", []) + stage.get("metrics", []):
            path, options = next(iter(entry.items())) if isinstance(entry, dict) else (entry, {})
            assert path.startswith(str(paths.REPORTS)) == (options.get("cache") is False), path


def test_outputs_of_the_sweeps_are_where_the_code_writes_them():
    outputs = {
        name.partition(":")[2]: declared(stage.get("outs", []) + stage.get("metrics", []))
        for name, stage in FURTHER.items()
        if name.startswith("sweeps:")
    }
    assert outputs == {
        "sweep": {str(swept.outcomes_file("${item.architecture}"))},
        "aggregate": {str(paths.table(name)) for name in tables.COLUMNS if name.startswith("sweeps/")},
        "plot": {str(swept.FIGURES)},
        "report": {str(swept.PAGE)},
    }


def test_outputs_of_the_replication_are_where_the_code_writes_them():
    outputs = {
        name.partition(":")[2]: declared(stage.get("outs", []) + stage.get("metrics", []))
        for name, stage in FURTHER.items()
        if name.startswith("replication:")
    }
    trained = {name: {str(protocols.path("${item.architecture}"))} for name in outputs if name.startswith("report_")}
    assert set(trained) == set(protocols.load(ROOT / protocols.FILE).reports)
    assert outputs == trained | {
        "pair": {str(protocols.PAIRS)},
        "aggregate": {str(paths.table(name)) for name in tables.COLUMNS if name.startswith("replication/")},
        "report": {str(report.FIGURES), str(report.PAGE)},
    }


def test_a_report_s_stages_depend_on_all_that_describes_its_runs():
    for name in protocols.load(ROOT / protocols.FILE).reports:
        (keys,) = (entry[str(protocols.FILE)] for entry in FURTHER[f"replication:{name}"]["params"][-1:])
        assert set(keys) == {f"reports.{name}.{key}" for key in ("all", "departures", "runs")} | {
            f"reports.{name}.architectures.${{item.architecture}}"
        }
        assert FURTHER[f"replication:{name}"]["matrix"] == {"architecture": f"${{reports.{name}.architectures}}"}


def test_every_parameter_of_the_sweeps_is_some_stage_s():
    """And it is named by all stages that read it: only training takes the architectures one by one."""
    keys = {}
    for name in ("sweep", "aggregate", "plot", "report"):
        files = [entry for entry in FURTHER[f"sweeps:{name}"]["params"] if isinstance(entry, dict)]
        keys[name] = set(files[0][str(swept.PARAMS)])
    everything = set(swept.Sweeps.model_fields)
    assert keys == dict.fromkeys(keys, everything) | {"sweep": everything - {"architectures"}}


def test_the_tuning_chooses_without_any_test_pair():
    """Of all that is drawn, the search depends on the file of its own training pairs alone; so DVC shows it."""
    drawn = [path for path in FURTHER["tuning:tune"]["deps"] if path.startswith(f"{paths.DATA}/")]
    assert drawn == [str(paths.pairs("train", tuned.PAIRS))]
    pair = FURTHER["tuning:pair"]
    assert pair["cmd"].split()[3:] == [str(tuned.PAIRS), "${draws.first}-${draws.last}", "--train-only"]
    assert pair["outs"] == [str(tuned.PAIRS)]
    named = [key for key in FURTHER["tuning:tune"]["params"] if isinstance(key, str)]
    assert not {"data.test_pairs", "data.train_pairs", "seeds"} & set(named)


def test_outputs_of_the_tuning_are_where_the_code_writes_them():
    outputs = {
        name.partition(":")[2]: declared(stage.get("outs", []) + stage.get("metrics", []))
        for name, stage in FURTHER.items()
        if name.startswith("tuning:")
    }
    of_architecture = {
        stage: {str(tuned.outcomes_file(folder, "${item.architecture}"))}
        for stage, folder in (("tune", "searched"), ("confirm", "confirmed"), ("leak", "leaked"))
    }
    assert outputs == of_architecture | {
        "pair": {str(tuned.PAIRS)},
        "aggregate": {str(paths.table(name)) for name in tables.COLUMNS if name.startswith("tuning/")},
        "plot": {str(tuned.FIGURES)},
        "report": {str(tuned.PAGE)},
    }


def test_every_parameter_of_the_tuning_is_some_stage_s():
    """And it is named by all stages that read it: training takes the architectures one by one, and the grids."""
    keys = {}
    for name in ("tune", "confirm", "leak", "aggregate", "plot", "report"):
        files = [entry for entry in FURTHER[f"tuning:{name}"]["params"] if isinstance(entry, dict)]
        keys[name] = set(files[0][str(tuned.PARAMS)])
    everything = set(tuned.Tuning.model_fields)
    assert keys == dict.fromkeys(keys, everything) | {
        "tune": everything - {"architectures", "leaking", "seeds"},
        "confirm": everything - {"architectures", "leaking"},
        "leak": {"leaking.${item.architecture}"},
    }


def test_exempt_modules_exist_and_have_a_reason():
    assert all((ROOT / name).is_file() and reason for name, reason in (EXEMPT | ASKS).items())


def test_a_record_names_the_code_that_its_stage_depends_on():
    for architecture in params.load(ROOT / paths.PARAMS).architectures:
        named = {str(path).replace("${item.architecture}", architecture) for path in dependencies("train")}
        assert {str(file) for file in engine_files(architecture)} == {name for name in named if name.endswith(".py")}


@pytest.mark.parametrize("stage", ["train", "train_aux"])
def test_combo_depends_on_its_own_architecture_alone(stage):
    folder = "pipeline/networks/architectures"
    named = [str(path) for path in dependencies(stage) if str(path).startswith(folder)]
    assert named == [f"{folder}/${{item.architecture}}.py"]
    assert all((ROOT / folder / f"{name}.py").is_file() for name in params.load(ROOT / paths.PARAMS).architectures)


def test_training_alone_reads_pairs_and_a_stage_may_depend_on_training_pairs_alone():
    assert {path.parent for path in map(paths.pairs, ("train", "test"))} == {paths.PAIRS}
    assert [name for name in STAGES if str(paths.PAIRS) in STAGES[name]["deps"]] == ["train", "train_aux"]


def test_every_stage_says_what_it_does():
    assert all(stage["desc"] for stage in STAGES.values())


def test_outputs_are_where_the_code_writes_them():
    outputs = {name: declared(stage.get("outs", []) + stage.get("metrics", [])) for name, stage in STAGES.items()}
    tracked_tables = {str(paths.table(name)) for name in tables.COLUMNS if "/" not in name}
    assert outputs["download"] == {str(paths.RAW)}
    assert outputs["pair"] == {str(paths.PAIRS)}
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
    named = {key.split(".")[0] for stage in STAGES.values() for key in stage.get("params", [])}
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

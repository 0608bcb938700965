"""The offline demonstration, `make demo`: a small study in a copy of the project, demo/, on data that need no network.

It differs from the study in params.yaml alone (`make_small`), and leaves the project's own results as they are.
"""

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from pipeline import paths
from pipeline.script import StudyError, run_script

FOLDER = Path("demo")
ARCHITECTURES = ("deep_fc", "convnet", "basenet")
EPOCHS = 15  # at most; the whole then takes about two minutes on two cores

IGNORED = ("data/.gitignore", "models/.gitignore")  # in a clone, the folders are there
# What DVC and the stages need of a project; not the lock and the reports, which are another study's results.
PROJECT = (
    "params.yaml",
    "dvc.yaml",
    "pipeline",
    "studies/replication/params.yaml",
    ".dvc/config",
    ".dvc/plots",
    ".dvcignore",
    ".gitignore",
    *IGNORED,
)


def copy_project(destination: Path, change: Callable[[dict], None], project: Path = Path()) -> None:
    """Copy the project's code, pipeline and params, without results, into a new folder.

    `change` alters the copy's params.yaml, which it gets as PyYAML reads it. Raises StudyError if the folder exists.
    """
    if destination.exists():
        raise StudyError(f"{destination}: exists already; delete it, or name another folder")
    for name in PROJECT:
        source, copy = project / name, destination / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.is_file():
            shutil.copyfile(source, copy)
    path = destination / paths.PARAMS
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def make_small(content: dict) -> None:
    """Change params.yaml to scikit-learn's digits, fewer pairs, seeds and epochs, and three of the architectures."""
    content["data"].update(source="digits", train_pairs=500, test_pairs=200)
    content["seeds"] = 3
    recipes = content["architectures"].items()
    content["architectures"] = {name: recipe for name, recipe in recipes if name in ARCHITECTURES}
    for recipe in content["architectures"].values():
        recipe["epochs"] = min(recipe["epochs"], EPOCHS)


def run_dvc(folder: Path, *arguments: str) -> None:
    """Run dvc in this folder, within this process: whatever ends it ends dvc, and with that its stages.

    Raises StudyError if dvc fails.
    """
    from dvc.cli import main as dvc

    with contextlib.chdir(folder):
        status = dvc(list(arguments))
    if status:
        raise StudyError(f"dvc {' '.join(arguments)} failed in {folder}: what it said stands above")


def main() -> None:
    start = time.perf_counter()
    # The commands of stages start `python`: this one.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    print(f"The study on scikit-learn's digits, in {FOLDER}/ (made anew each time)", flush=True)
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    copy_project(FOLDER, make_small)
    run_dvc(FOLDER, "config", "--local", "core.no_scm", "true")  # it is no Git repository, and belongs to none
    run_dvc(FOLDER, "repro")
    print(
        f"Done in {time.perf_counter() - start:.0f} s, on scikit-learn's digits, not MNIST: the page is "
        f"{FOLDER / paths.PAGE}, the figures are in {FOLDER / paths.FIGURES}/, the tables in {FOLDER / paths.REPORTS}/"
    )


if __name__ == "__main__":
    run_script(main)

"""A small study in a copy of the project, so that the study's own results stay as they are.

    python -m pipeline.demo           `make demo`: in demo/, on scikit-learn's digits, which need no network
    python -m pipeline.demo small     `make small`: in small/, on MNIST

Each differs from the study in params.yaml alone.
"""

import argparse
import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import yaml

from pipeline import download, paths
from pipeline.cli import StudyError, run_script
from pipeline.datasets import DATA_SETS


class Variant(NamedTuple):
    """What a small study keeps of the study. Each takes about two minutes on two cores."""

    source: str  # as data.source in params.yaml
    train_pairs: int
    test_pairs: int
    architectures: tuple[str, ...]
    techniques: tuple[str, ...] | None  # None: all
    epochs: int  # at most


SEEDS = 3
VARIANTS = {  # by the name of their folder
    "demo": Variant("digits", 500, 200, ("deep_fc", "convnet", "basenet"), None, 15),
    "small": Variant(
        "mnist",
        1_000,
        1_000,
        ("mlpnet", "lenet5"),
        ("baseline", "weight_sharing", "aux_loss", "weight_sharing_aux_loss"),
        25,
    ),
}
# What DVC and the stages need of a project; not the lock, the reports and the annexes: they are of other studies.
PROJECT = (
    "params.yaml",
    "dvc.yaml",
    "pipeline",
    ".dvc/config",
    ".dvc/plots",
    ".dvcignore",
    ".gitignore",
    "data/.gitignore",  # in a clone, the folders are there
    "models/.gitignore",
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


def make_small(content: dict, variant: Variant) -> None:
    """Change params.yaml to this variant."""
    content["seeds"] = content["data"]["draws"]["seeds"] = SEEDS
    content["data"].update(source=variant.source, train_pairs=variant.train_pairs, test_pairs=variant.test_pairs)
    recipes = content["architectures"]
    content["architectures"] = {
        name: recipes[name] | {"epochs": min(recipes[name]["epochs"], variant.epochs)} for name in variant.architectures
    }
    if variant.techniques is not None:
        content["techniques"] = {
            group: {name: switches for name, switches in listed.items() if name in variant.techniques}
            for group, listed in content["techniques"].items()
        }


def name_mirror(source: str) -> None:
    """Have the copy find a data set in the folder in which the project does: it lies one level deeper."""
    place = next(download.sources(source, ()), "")
    if place and "://" not in place:
        with contextlib.suppress(RuntimeError):  # `~` of nobody
            os.environ[f"{source.upper()}_MIRROR"] = str(Path(place).expanduser().resolve())


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
    parser = argparse.ArgumentParser(prog="python -m pipeline.demo", description=__doc__.splitlines()[0])
    parser.add_argument("variant", nargs="?", choices=VARIANTS, default="demo", help="and its folder")
    name, start = parser.parse_args().variant, time.perf_counter()
    folder, variant = Path(name), VARIANTS[name]
    download.probe(variant.source)
    name_mirror(variant.source)
    # The commands of stages start `python`: this one.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    title = DATA_SETS[variant.source].title
    print(f"A small study on {title}, in {folder}/ (made anew each time)", flush=True)
    if folder.exists():
        shutil.rmtree(folder)
    copy_project(folder, lambda content: make_small(content, variant))
    run_dvc(folder, "config", "--local", "core.no_scm", "true")  # it is no Git repository, and belongs to none
    run_dvc(folder, "repro")
    print(
        f"Done in {time.perf_counter() - start:.0f} s, on {title}: the page is {folder / paths.PAGE}, the figures are "
        f"in {folder / paths.FIGURES}/, the tables in {folder / paths.REPORTS}/"
    )


if __name__ == "__main__":
    run_script(main)

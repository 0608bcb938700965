"""A tiny study of scikit-learn's digits, in a Git repository of its own, for the tests that use it for real."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from pipeline import paths
from pipeline.demo import copy_project
from tests import ROOT


class Study:
    """A project in a folder and Git repository of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("DVC_")} | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }

    def run(
        self, *command: str, check: bool = True, inside: str = ".", **environment: str
    ) -> subprocess.CompletedProcess:
        """What a command does in the project, or in a folder inside it."""
        done = subprocess.run(
            command,
            cwd=self.folder / inside,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
        return done

    def start(self, *command: str, **environment: str) -> subprocess.Popen:
        """A command in the project, which goes on."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, cwd=self.folder, env=self.environment | environment, **quiet)

    def commit(self, message: str) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", message)

    def would_train(self) -> set[str]:
        """The combos that `dvc repro` would train now."""
        said = self.run("dvc", "repro", "--dry").stdout
        return set(re.findall(r"Running stage 'train(?:_aux)?@(\S+)'", said))

    def change(self, alter: Callable[[dict], None], file: str = "params.yaml") -> None:
        """Change the content of a file of parameters."""
        path = self.folder / file
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        alter(content)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def restore(self) -> None:
        """Everything as it was committed."""
        self.run("git", "checkout", "-q", ".")
        self.run("git", "clean", "-qfd")
        self.run("dvc", "checkout", "-q")

    def clone(self, folder: Path, *options: str) -> "Study":
        """A plain clone: it has no cache, no data, no weights."""
        self.run("git", "clone", "-q", *options, ".", str(folder))
        return Study(folder)


def make_tiny(content: dict) -> None:
    """Two seeds and two epochs of two architectures and two techniques."""
    content["data"].update(source="digits", train_pairs=100, test_pairs=60)
    content["data"]["draws"] = {"seeds": 4, "of_seed_0": 2}
    content["seeds"] = 2
    content["architectures"] = {name: content["architectures"][name] for name in ("deep_fc", "mlpnet")}
    for recipe in content["architectures"].values():
        recipe["epochs"] = 2
    for group, name in (("plain", "baseline"), ("auxiliary", "aux_loss")):
        content["techniques"][group] = {name: content["techniques"][group][name]}


def new_study(folder: Path, *annexes: str, change: Callable[[dict], None] = make_tiny) -> Study:
    """The project's code with other params and these annexes' folders, without any result, in a new Git repository."""
    project = Study(folder)
    copy_project(folder, change, ROOT)
    shutil.copyfile(ROOT / ".gitattributes", folder / ".gitattributes")
    for name in annexes:
        ignored = shutil.ignore_patterns("__pycache__", "dvc.lock", "reports", "tmp", "cache")
        shutil.copytree(ROOT / paths.annex(name), folder / paths.annex(name), ignore=ignored)
        shutil.copyfile(ROOT / "studies/__init__.py", folder / "studies/__init__.py")
    project.run("git", "init", "-q", "-b", "main")
    for key, value in (("user.name", "A Reader"), ("user.email", "reader@example.org")):
        project.run("git", "config", key, value)
    return project

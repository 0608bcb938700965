"""`make compute`: train all that is out of date at once, so that `dvc repro` finds it trained.

`python -m pipeline.train_all [FOLDER]`: of the root, or of an annex's folder, as studies/sweeps. DVC runs stages one
after another, so that many cores, or a cluster, would see one combo's runs at a time. This asks DVC which stages are
out of date, and the stages' scripts which runs they want (`wanted`, in the module that a stage's command names); it
trains those that are not known, the longest first, and keeps them. A stage that needs another's output to know its runs
is left to `dvc repro`.
"""

import argparse
import importlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import torch
import yaml
from torch.utils.flop_counter import FlopCounterMode

from pipeline.backends import pairs
from pipeline.cli import StudyError, run_script, say
from pipeline.engine.loop import fresh_network
from pipeline.engine.run import Run
from pipeline.train import Wanted, trained

ROOT = Path(__file__).parents[1]
PAIRS_COUNTED = 10
# dvc in a folder, which ends when this process does, and with it the stage that it runs.
DVC = """
import os, sys
from pipeline.cli import die_with_parent
parent, folder, *arguments = sys.argv[1:]
die_with_parent(int(parent))
from dvc.cli import main
os.chdir(folder)
sys.exit(main(["--wait-for-lock", *arguments]))
"""
# A stage's command, as dvc.yaml has it and as `dvc repro --dry` prints it; an annex's first goes to the project's root.
COMMAND = re.compile(r"(?:> )?(?:cd \S+ && )?python -m ((?:pipeline|studies)\.[\w.]+)(.*)")


def outdated(folder: Path) -> list[Wanted]:
    """What the training stages of this folder's dvc.yaml that are out of date want, now that the pairs are not."""
    stages = training(folder / "dvc.yaml")
    _dvc(Path(), "repro", "pair")
    found = []
    for line in _dvc(folder, "repro", "--dry", *stages).splitlines():
        if (command := COMMAND.fullmatch(line.strip())) and _trains(command):
            found.append(importlib.import_module(command[1]).wanted(command[2].split()))
    return found


def training(file: Path) -> list[str]:
    """The stages of a dvc.yaml whose scripts say what they want; what the others need may not be there yet."""
    try:
        stages = yaml.safe_load(file.read_text(encoding="utf-8"))["stages"]
        commands = {name: COMMAND.fullmatch(str(stage.get("cmd")).strip()) for name, stage in stages.items()}
    except (FileNotFoundError, yaml.YAMLError, LookupError, TypeError, AttributeError):
        commands = {}
    if found := [name for name, command in commands.items() if command and _trains(command)]:
        return found
    raise StudyError(f"{file}: has no stage that trains; name the project's root, or an annex as studies/sweeps")


def _trains(command: re.Match) -> bool:
    """Whether the script says what runs it wants; told without its imports, which take seconds."""
    script = ROOT.joinpath(*command[1].split(".")).with_suffix(".py")
    return script.is_file() and "\ndef wanted(" in script.read_text(encoding="utf-8")


def _dvc(folder: Path, *arguments: str) -> str:
    """What dvc prints in this folder; StudyError if it fails, whose own message stands on standard error."""
    command = [sys.executable, "-c", DVC, str(os.getpid()), str(folder), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise StudyError(f"dvc {' '.join(arguments)} failed in {folder.resolve()}: what it said stands above")
    return done.stdout


def missing(asked: Wanted) -> list[Run]:
    """The runs of a stage that are not known."""
    known = asked.store.find()
    return [run for run in dict.fromkeys(asked.runs) if run not in known]


def together(stages: Iterable[tuple[Wanted, list[Run]]]) -> list[Wanted]:
    """Runs that may be trained as one: on the same splits and kind of device, and alike in what is kept of them."""
    groups: dict[tuple, Wanted] = {}
    for asked, runs in stages:
        if runs:
            key = (pairs.splits_of(runs), asked.device, asked.weights is None)
            whole = groups.get(key, replace(asked, stage="study", runs=[]))
            groups[key] = replace(whole, runs=list(dict.fromkeys([*whole.runs, *runs])))
    return list(groups.values())


def work(run: Run) -> int:
    """Floating-point operations of a run, backward counted as twice forward: enough to tell long runs from short."""
    data, test_pairs = run.data, run.data.test_pairs
    if data.fold is not None:
        test_pairs = data.train_pairs // data.fold.count
    train_pairs = data.train_pairs - (test_pairs if data.fold else 0)
    return run.protocol.epochs * (3 * train_pairs + test_pairs) * _operations(run.stack_key())


@lru_cache
def _operations(run: Run) -> int:
    """Floating-point operations of a network for some pairs."""
    network = fresh_network(run).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(PAIRS_COUNTED, 2, 14, 14))
    return counter.get_total_flops()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m pipeline.train_all", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), help="of a dvc.yaml; the root's by default")
    stages = [(asked, missing(asked)) for asked in outdated(parser.parse_args().folder)]
    start, count = time.perf_counter(), sum(len(runs) for _, runs in stages)
    say(f"{len(stages)} stages are out of date: {count} runs are to be trained")
    for asked in together(stages):
        asked = replace(asked, runs=sorted(asked.runs, key=work, reverse=True))
        for _ in trained(asked):
            pass
    say(f"trained in {time.perf_counter() - start:.0f} s; `dvc repro` takes them")


if __name__ == "__main__":
    run_script(main)

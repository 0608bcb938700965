"""`make compute`: train all that is out of date at once, so that `dvc repro` finds it trained.

`python -m pipeline.compute [dvc.yaml ...]`. DVC runs stages one after another, so that many cores, or a cluster, would
see one combo's runs at a time. This asks DVC which training stages are out of date, and the stages' scripts which runs
they want (`wanted`, in the module that a stage's command names); it trains those that are not kept yet, the longest
first, and keeps them. A stage that needs another's output to know its runs is left to `dvc repro`.
"""

import argparse
import importlib
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

from pipeline import paths
from pipeline.kept import Kept
from pipeline.run import Run
from pipeline.script import StudyError, run_script
from pipeline.train import Wanted, train_and_keep, without_committed
from pipeline.training.loop import fresh_network

PAIRS_COUNTED = 10


def outdated(pipelines: list[str]) -> list[str]:
    """The commands of these dvc.yaml files' training stages that are out of date, now that the pairs are not."""
    for name in pipelines:
        if not Path(name).is_file():
            raise StudyError(f"{name}: not found; name a dvc.yaml, as in `python -m pipeline.compute dvc.yaml`")
    stages = dict.fromkeys(stage for name in pipelines for stage in _pair_stages(name))
    _python("dvc", "repro", *stages, stdout=None)
    return _python("pipeline.outdated", *pipelines, stdout=subprocess.PIPE).splitlines()


def _pair_stages(pipeline: str) -> list[str]:
    """The stages that draw this dvc.yaml's pairs: its own, if it has one, and the root's, if it reads those."""
    stages = yaml.safe_load(Path(pipeline).read_text(encoding="utf-8"))["stages"]
    own = [f"{pipeline}:pair"] if "pair" in stages else []
    from_root = [name for name, stage in stages.items() if name != "pair" and str(paths.PAIRS) in stage["deps"]]
    return [*own, *(["pair"] if from_root and Path(pipeline) != Path("dvc.yaml") else [])]


def _python(*arguments: str, stdout: int | None) -> str:
    """What this Python module prints; StudyError if it fails, whose own message stands on standard error."""
    done = subprocess.run([sys.executable, "-m", *arguments], stdout=stdout, text=True, check=False)
    if done.returncode:
        raise StudyError(f"{' '.join(arguments)} failed: what it said stands above")
    return done.stdout


def asked(commands: Iterable[str]) -> list[Wanted]:
    """What the stages with these commands want, as far as their scripts tell."""
    found = []
    for command in commands:
        match command.split():
            case ["python", "-m", module, *arguments] if module.startswith("pipeline."):
                script = importlib.import_module(module)
                if hasattr(script, "wanted"):
                    found.append(script.wanted(arguments))
    return found


def together(stages: Iterable[Wanted]) -> list[Wanted]:
    """All runs that are trained on the same files of pairs and the same kind of device as one, each run once."""
    groups: dict[tuple, dict[Run, None]] = {}
    for stage in stages:
        groups.setdefault((stage.splits, stage.device, stage.pairs), {}).update(dict.fromkeys(stage.runs))
    return [Wanted("study", list(runs), device, pairs) for (_, device, pairs), runs in groups.items()]


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


def train_missing(stage: Wanted) -> int:
    """Train and keep what is not kept yet, the longest first; the number of runs that were trained."""
    kept = Kept(stage.pairs_digest)
    missing = [run for run in stage.runs if kept.take(run) is None]
    print(f"{len(stage.runs) - len(missing)} finished runs were kept, {len(missing)} are to be trained", flush=True)
    if missing:
        missing.sort(key=work, reverse=True)
        for _ in train_and_keep(replace(stage, runs=missing), kept):
            pass
    return len(missing)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train all that is out of date at once, for `dvc repro` to take.")
    parser.add_argument("pipelines", nargs="*", default=["dvc.yaml"], help="dvc.yaml files; the root's by default")
    stages = [without_committed(stage)[1] for stage in asked(outdated(parser.parse_args().pipelines))]
    start = time.perf_counter()
    trained = sum(train_missing(stage) for stage in together(stages))
    took = time.perf_counter() - start
    print(f"stages out of date: {len(stages)}; runs trained: {trained}, in {took:.0f} s; `dvc repro` takes them")


if __name__ == "__main__":
    run_script(main)

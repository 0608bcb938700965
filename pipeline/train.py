"""Stages `train` and `train_aux`: train one combo over all seeds.

Reads params.yaml and data/pairs; writes models/COMBO (the weights of every run) and reports/runs/COMBO.json (their
records). A run is evaluated where it was trained: later stages never open models/. Runs that ended before an
interruption are taken from where they were kept.
"""

import argparse
import contextlib
import subprocess
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pipeline import outcomes, params, paths, records
from pipeline.kept import Kept, committed, digest_of_pairs
from pipeline.outcomes import Outcome
from pipeline.records import Record
from pipeline.run import Run
from pipeline.script import StudyError, run_script, write_whole


@dataclass(frozen=True)
class Wanted:
    """The runs that a training stage asks for."""

    name: str  # heads the progress that is shown
    runs: list[Run]
    device: str  # as params.yaml names it
    pairs: Path = paths.PAIRS  # where the files of pairs lie
    outcomes: Path | None = None  # what a further study writes of them; what Git has of that is not trained again

    @property
    def splits(self) -> tuple[str, ...]:
        """The files of pairs to be read: no test pairs where all runs are tested on folds of the training pairs."""
        return ("train", "test") if any(run.data.fold is None for run in self.runs) else ("train",)

    @cached_property
    def pairs_digest(self) -> str:
        """Of the files of pairs, read once; StudyError if one is missing."""
        return digest_of_pairs(self.splits, self.pairs)


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """What the stage with this command line (None: this process's) asks for; `pipeline.compute` trains it ahead."""
    parser = argparse.ArgumentParser(prog="train", description="Train one combo over all seeds.")
    parser.add_argument("architecture")
    parser.add_argument("technique")
    parsed = parser.parse_args(arguments)
    study = params.load()
    combo = study.combo(parsed.architecture, parsed.technique)
    return Wanted(combo.key, study.runs(combo), study.device)


def train_and_keep(waiting: Wanted, kept: Kept) -> Iterator[tuple[bytes, Record]]:
    """Weights and record of every run, each when it has ended and is kept."""
    # Not above: a stage whose runs are all kept does without torch.
    from pipeline import pair
    from pipeline.training.executor import choose_device, compute
    from pipeline.training.progress import Progress

    for precision in sorted({run.protocol.precision for run in waiting.runs}):
        device = choose_device(waiting.device, precision)  # the same, or refused
    pairs = pair.read(dict.fromkeys(run.data.draw for run in waiting.runs), waiting.splits, waiting.pairs)
    with Progress(waiting.name, sum(run.protocol.epochs for run in waiting.runs)) as progress:
        for finished in compute(waiting.runs, pairs, device, progress):
            kept.put(finished.weights, finished.record)
            yield finished.weights, finished.record


def train_kept(asked: Wanted, kept: Kept) -> Iterator[tuple[bytes, Record]]:
    """Weights and record of every run, kept from before or trained here, in any order; all of them are kept."""
    waiting = []
    for run in asked.runs:
        if found := kept.take(run):
            yield found
        else:
            waiting.append(run)
    if len(waiting) < len(asked.runs):
        found = len(asked.runs) - len(waiting)
        print(f"{asked.name}: {found} finished runs were kept, {len(waiting)} are to be trained", flush=True)
    if waiting:
        yield from train_and_keep(replace(asked, runs=waiting), kept)


@contextlib.contextmanager
def restored_on_failure(path: Path) -> Iterator[None]:
    """Put a file that Git tracks back if this fails: DVC removed it when it started the stage.

    Its run may be another than params.yaml asks for by now, which `aggregate` sees.
    """
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):  # no Git
            command = ["git", "checkout", "--quiet", "--", str(path)]
            subprocess.run(command, check=False, stderr=subprocess.DEVNULL)
        raise


def without_committed(asked: Wanted) -> tuple[dict[Run, Outcome], Wanted]:
    """The outcomes that Git has, and what is left to train."""
    if asked.outcomes is None:
        return {}, asked
    found = committed(asked.outcomes, asked.runs, asked.pairs_digest)
    return found, replace(asked, runs=[run for run in asked.runs if run not in found])


def outcomes_of(asked: Wanted, kept: Kept) -> dict[Run, Outcome]:
    """The outcomes of these runs: what Git has, else what was kept, else trained here and kept."""
    found, left = without_committed(asked)
    if found:
        print(f"{asked.name}: {len(found)} of {len(asked.runs)} runs were trained before", flush=True)
    return found | {record.run: outcomes.of(record, asked.pairs_digest) for _, record in train_kept(left, kept)}


def train_outcomes(asked: Wanted) -> list[Outcome]:
    """What a further study's training stage does: train these runs, write their outcomes, in their order, and say so.

    A run whose outcome Git has, or that was kept, is not trained again; what Git has of the file comes back if this
    fails.
    """
    start = time.perf_counter()
    with restored_on_failure(asked.outcomes):
        kept = Kept(asked.pairs_digest)
        found = outcomes_of(asked, kept)
        trained = [found[run] for run in asked.runs]
        outcomes.write(asked.outcomes, trained)
    kept.drop(asked.runs)
    say_trained(asked.name, trained, start)
    return trained


def say_trained(name: str, trained: Collection[Outcome], start: float) -> None:
    """Print how many outcomes there are, and how long they took since `start` (time.perf_counter)."""
    diverged = sum(outcome.diverged is not None for outcome in trained)
    print(f"{name}: {len(trained)} runs in {time.perf_counter() - start:.0f} s, {diverged} of them diverged")


def architecture_named(arguments: Sequence[str] | None, listed: Collection[str], place: str | Path) -> str:
    """The one argument of a command line (None: this process's); StudyError if it is none of those `place` lists."""
    parser = argparse.ArgumentParser(description="Train what this study asks for of one architecture.")
    parser.add_argument("architecture")
    name = parser.parse_args(arguments).architecture
    if name not in listed:
        raise StudyError(f"{place}: does not list {name}; known: {', '.join(listed)}")
    return name


def summary(trained: list[Record]) -> str:
    """The mean test accuracy of the runs, and which of them diverged."""
    last = [record.curves.test_accuracy[-1] for record in trained if record.diverged is None]
    text = f"mean test accuracy {100 * sum(last) / len(last):.2f} %" if last else "no mean test accuracy"
    diverged = [f"{record.run.seed} (epoch {record.diverged})" for record in trained if record.diverged is not None]
    return text + (f"; diverged, and left out: seed {', '.join(diverged)}" if diverged else "")


def main() -> None:
    start = time.perf_counter()
    asked = wanted()
    with restored_on_failure(paths.record(asked.name)):
        kept, found = Kept(asked.pairs_digest), {}
        for weights, record in train_kept(asked, kept):
            write_whole(paths.weights(asked.name, record.run.seed), weights)
            found[record.run] = record
        trained = [found[run] for run in asked.runs]
        records.write(paths.record(asked.name), trained)
    kept.drop(asked.runs)
    took = time.perf_counter() - start
    print(f"{asked.name}: {len(trained)} runs on {trained[0].device} in {took:.0f} s, {summary(trained)}")


if __name__ == "__main__":
    run_script(main)

"""Stages `train` and `train_aux`: train one combo over all seeds.

Reads params.yaml and data/pairs; writes models/COMBO (the weights of every run) and reports/runs/COMBO.json (their
results). A run is evaluated where it was trained: later stages never open models/. Runs that are known are not trained
again (`pipeline.backends.store`); annexes train by the same functions.
"""

import argparse
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline import params, paths
from pipeline.backends.store import Known, Store
from pipeline.cli import StudyError, run_script, say, write_whole
from pipeline.engine import result
from pipeline.engine.result import Result
from pipeline.engine.run import Run


@dataclass(frozen=True)
class Wanted:
    """The runs that a training stage asks for."""

    stage: str  # its name, which heads what is printed
    runs: list[Run]
    device: str  # as params.yaml names it
    results: Path  # the file that it writes
    weights: dict[Run, Path] | None = None  # of each run; None for an annex, which keeps none, and results in brief

    @property
    def store(self) -> Store:
        return Store(self.stage, self.runs, self.weights)


def wanted(arguments: Sequence[str] | None = None) -> Wanted:
    """What the stage with this command line (None: this process's) asks for; `pipeline.train_all` trains it ahead."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.train", description="Train one combo over all seeds.")
    parser.add_argument("architecture")
    parser.add_argument("technique")
    parsed = parser.parse_args(arguments)
    study = params.load()
    combo = study.combo(parsed.architecture, parsed.technique)
    runs = study.runs(combo)
    weights = {run: paths.weights(combo.key, run.seed) for run in runs}
    return Wanted(combo.key, runs, study.device, paths.results(combo.key), weights)


def trained(asked: Wanted) -> Iterator[Known]:
    """Every run of these, known or trained here and kept; each as soon as it is there.

    While another process of this project trains, it is waited for: what that one kept is taken, and not trained.
    """
    known = asked.store.find()
    yield from known.values()
    missing = [run for run in dict.fromkeys(asked.runs) if run not in known]
    if known:
        say(f"{asked.stage}: {len(known)} runs are known, {len(missing)} are to be trained")
    if not missing:
        return
    # Not above: a stage whose runs are all known does without torch.
    from pipeline.backends import pairs
    from pipeline.backends.local import choose_device, compute
    from pipeline.backends.progress import Progress

    for precision in sorted({run.protocol.precision for run in missing}):
        device = choose_device(asked.device, precision)  # the same, or refused
    store = replace(asked, runs=missing).store
    with store.alone():
        known = store.find()  # now that no other process adds to it
        yield from known.values()
        runs = [run for run in missing if run not in known]
        if not runs:
            return
        drawn = pairs.read(dict.fromkeys(run.data.draw for run in runs), pairs.splits_of(runs))
        with Progress(asked.stage, sum(run.protocol.epochs for run in runs)) as progress:
            for made, weights, _ in compute(runs, drawn, device, progress):
                if asked.weights is None:
                    made, weights = made.brief(), None
                store.put(made, weights)
                yield Known(made, weights)


def run_stage(asked: Wanted) -> list[Result]:
    """What every training stage does: write the results of these runs, in their order, and say so."""
    start, store, found = time.perf_counter(), asked.store, {}
    store.begin()
    for known in trained(asked):
        run = known.result.run
        if asked.weights is not None:
            write_whole(asked.weights[run], known.weights)
        found[run] = known.result
    write(asked, [found[run] for run in dict.fromkeys(asked.runs)], start)
    store.end()
    return [found[run] for run in asked.runs]


def write(asked: Wanted, results: Sequence[Result], start: float) -> None:
    """Write a stage's results, and say what they are; `start`: time.perf_counter() when it began."""
    write_whole(asked.results, result.to_text(results).encode())
    say(f"{asked.stage}: {len(results)} runs in {time.perf_counter() - start:.0f} s, {summary(results)}")


def summary(results: Iterable[Result]) -> str:
    """The mean test accuracy of the runs, and which of them diverged."""
    last = [made.curves.test_accuracy[-1] for made in results if made.diverged is None]
    text = f"mean test accuracy {100 * sum(last) / len(last):.2f} %" if last else "no mean test accuracy"
    diverged = [f"{made.run.seed} (epoch {made.diverged})" for made in results if made.diverged is not None]
    return text + (f"; diverged, and left out: seed {', '.join(diverged)}" if diverged else "")


def architecture_named(arguments: Sequence[str] | None, listed: Collection[str], place: str | Path) -> str:
    """The one argument of a command line (None: this process's); StudyError if it is none of those `place` lists."""
    parser = argparse.ArgumentParser(description="Train what this study asks for of one architecture.")
    parser.add_argument("architecture")
    name = parser.parse_args(arguments).architecture
    if name not in listed:
        raise StudyError(f"{place}: does not list {name}; known: {', '.join(listed)}")
    return name


def main() -> None:
    run_stage(wanted())


if __name__ == "__main__":
    run_script(main)

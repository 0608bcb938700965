"""Made-up tunings for the tests of what reads their results, beside a made-up study."""

import math
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import numpy as np
import yaml

from pipeline import paths
from pipeline.engine import result
from pipeline.engine.result import Curves, Result
from pipeline.engine.run import Run
from pipeline.params import Params
from studies.tuning import candidates, choices, halving, settings
from studies.tuning.settings import Tuning
from tests.made_up import NOWHERE
from tests.synthetic import LEVELS, make_params

TECHNIQUES = ["baseline", "weight_sharing", "aux_loss", "weight_sharing_aux_loss"]
CONTENT = {
    "architectures": ["deep_fc", "lenet5"],
    "techniques": TECHNIQUES,
    "draws": {"first": 100, "last": 101},
    "pairs": 2000,
    "folds": 2,
    "space": {
        "learning_rate_decades": 1.0,
        "batch_size": [50, 200],
        "most_dropout": 0.5,
        "least_aux_weight": 0.1,
        "most_aux_weight": 10.0,
    },
    "sampler_seed": 0,
    "rungs": [
        {"candidates": 6, "epochs": 1, "splits": 1},
        {"candidates": 4, "epochs": 2, "splits": 1},
        {"candidates": 2, "epochs": 3, "splits": 3},
    ],
    "smoothing": 2,
    "seeds": 3,
    "test_set_selection": {
        "basenet": {
            "technique": "weight_sharing_aux_loss",
            "seeds": 2,
            "grid": {"batch_norm": [True, False], "dropout": [0.0, 0.2]},
        },
        "lenet5": {"technique": "aux_loss", "seeds": 3, "grid": {"aux_weight": [0.5, 1.0]}},
    },
}


def make_tuning(**changes) -> Tuning:
    """A tuning of two architectures with few candidates, with other keys if they are given."""
    return Tuning.model_validate(CONTENT | changes)


def make_study(tuning: Tuning) -> Params:
    """A study that has what the tuning asks for."""
    names = dict.fromkeys([*tuning.architectures, *tuning.test_set_selection])
    return make_params(list(names), TECHNIQUES, seeds=3, epochs=4)


def write_params(study: Params, content: dict, file: Path = settings.PARAMS) -> None:
    """Write params.yaml and an annex's params into the current folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    paths.PARAMS.write_text(yaml.safe_dump(study.model_dump(), sort_keys=False), encoding="utf-8")


def write_results(path: Path, runs: Iterable[Run], diverged: Collection[Run] = ()) -> None:
    """Write made-up results of these runs, each once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = [make_result(run, run in diverged) for run in dict.fromkeys(runs)]
    path.write_text(result.to_text(made), encoding="utf-8")


def write_tuning(tuning: Tuning, diverged: Collection[Run] = ()) -> Params:
    """Write params and the results of all runs of the tuning into the current folder."""
    study = make_study(tuning)
    write_params(study, tuning.model_dump())
    for architecture in tuning.architectures:
        asked: list[Run] = []
        evaluate = evaluated_by(lambda run: make_result(run, run in diverged), asked)
        halving.search(candidates.propose(study, tuning, architecture), tuning, evaluate)
        write_results(settings.results("searched", architecture), asked, diverged)
        groups = choices.confirmed(tuning, choices.searched(study, tuning, architecture)).values()
        runs = (run for group in groups for run in group)
        write_results(settings.results("confirmed", architecture), runs, diverged)
    for architecture in tuning.test_set_selection:
        runs = (run for _, group in choices.selected(study, tuning, architecture) for run in group)
        write_results(settings.results("selected", architecture), runs)
    return study


def evaluated_by(make: Callable[[Run], Result], asked: list[Run]) -> halving.Evaluate:
    """An evaluation for `halving.search` that makes results up, and notes in `asked` which runs it was asked for."""

    def evaluate(runs: list[Run]) -> dict[Run, Result]:
        asked.extend(runs)
        return {run: make(run) for run in runs}

    return evaluate


def make_result(run: Run, diverges: bool = False) -> Result:
    """A learning rate near 0.02 and many epochs are best; a technique has its level."""
    numbers = np.random.default_rng(int(run.digest()[:8], 16))
    sharing = run.network.encoder == "shared"
    plain, auxiliary = ("weight_sharing", "weight_sharing_aux_loss") if sharing else ("baseline", "aux_loss")
    level = LEVELS[plain if run.protocol.aux_weight is None else auxiliary]
    level -= 0.04 * math.log10(run.protocol.learning_rate / 0.02) ** 2
    epochs = np.arange(1, run.protocol.epochs + 1)
    curve = np.clip(level + 0.03 - 0.2 * np.exp(-epochs / 3) + numbers.normal(0, 0.004, len(epochs)), 0.1, 1)
    return from_curve(run, curve.tolist(), diverges)


def from_curve(run: Run, curve: list[float], diverges: bool = False) -> Result:
    """A result whose accuracies are these; if it diverges, up to the first epoch."""
    curve = result.rounded(curve[:1] if diverges else curve, len(curve))
    curves = Curves(train_accuracy=curve, test_accuracy=curve, digit_accuracy=curve)
    return Result(run=run, parameters=50_000, diverged=2 if diverges else None, curves=curves, **NOWHERE)

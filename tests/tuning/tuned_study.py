"""Made-up tunings for the tests of what reads their outcomes, beside a made-up study."""

import math
from collections.abc import Collection

import numpy as np
import yaml

from pipeline import outcomes, shared_runs
from pipeline.outcomes import Outcome
from pipeline.params import Params
from pipeline.run import Run
from pipeline.tuning import halving, retrained, tuned
from pipeline.tuning.tuned import Tuning
from tests.synthetic import LEVELS, make_params, write_study

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
    "leaking": {
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


def make_study(tuning: Tuning, **options) -> Params:
    """A study that has what the tuning asks for."""
    names = dict.fromkeys([*tuning.architectures, *tuning.leaking])
    return make_params(list(names), TECHNIQUES, **({"seeds": 3, "epochs": 4} | options))


def write_tuning_params(tuning: Tuning) -> None:
    """Write studies/tuning/params.yaml into the current folder."""
    tuned.PARAMS.parent.mkdir(parents=True, exist_ok=True)
    tuned.PARAMS.write_text(yaml.safe_dump(tuning.model_dump(), sort_keys=False), encoding="utf-8")


def write_tuning(tuning: Tuning, study: Params | None = None, diverged: Collection[Run] = ()) -> Params:
    """Write params, the study's records and the outcomes of all runs of the tuning into the current folder."""
    study = study or make_study(tuning)
    write_study(study)
    write_tuning_params(tuning)

    def made(runs) -> list[Outcome]:
        return [outcome(run, run in diverged) for run in runs]

    for architecture in tuning.architectures:
        asked: list[Run] = []
        evaluate = evaluated_by(lambda run: outcome(run, run in diverged), asked)
        halving.search(study, tuning, architecture, evaluate)
        outcomes.write(tuned.outcomes_file("searched", architecture), made(asked))
        found = retrained.searched(study, tuning, architecture)
        groups = retrained.confirmed(study, tuning, architecture, found).values()
        runs = shared_runs.to_train(study, architecture, (run for group in groups for run in group))
        outcomes.write(tuned.outcomes_file("confirmed", architecture), made(runs))
    for architecture in tuning.leaking:
        groups = (group for _, group in retrained.leaked(study, tuning, architecture))
        runs = shared_runs.to_train(study, architecture, (run for group in groups for run in group))
        outcomes.write(tuned.outcomes_file("leaked", architecture), made(runs))
    return study


def evaluated_by(make, asked: list[Run]):
    """An evaluation for `halving.search` that makes outcomes up, and notes in `asked` which runs it was asked for."""

    def evaluate(runs: list[Run]) -> dict[Run, Outcome]:
        asked.extend(run for run in runs if run not in asked)
        return {run: make(run) for run in runs}

    return evaluate


def outcome(run: Run, diverges: bool = False) -> Outcome:
    """A learning rate near 0.02 and many epochs are best; a technique has its level."""
    numbers = np.random.default_rng(int(run.digest()[:8], 16))
    sharing = run.network.encoder == "shared"
    plain, auxiliary = ("weight_sharing", "weight_sharing_aux_loss") if sharing else ("baseline", "aux_loss")
    level = LEVELS[plain if run.protocol.aux_weight is None else auxiliary]
    level -= 0.04 * math.log10(run.protocol.learning_rate / 0.02) ** 2
    epochs = np.arange(1, run.protocol.epochs + 1)
    curve = np.clip(level + 0.03 - 0.2 * np.exp(-epochs / 3) + numbers.normal(0, 0.004, len(epochs)), 0.1, 1)
    return from_curve(run, curve.tolist(), diverges)


def from_curve(run: Run, curve: list[float], diverges: bool = False) -> Outcome:
    """An outcome whose accuracies are these; if it diverges, up to the first epoch."""
    curve = [float(f"{value:.6g}") for value in curve]
    if diverges:
        curve = curve[:1] + [None] * (len(curve) - 1)
    same = {"engine": "0" * 16, "pairs": "", "hardware": "made up", "torch": "0.0", "parameters": 50_000}
    return Outcome(
        run=run.digest(), diverged=2 if diverges else None, train_accuracy=curve, test_accuracy=curve, **same
    )

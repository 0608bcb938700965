"""Made-up sweeps for the tests of what reads their outcomes, beside a made-up study of the same runs' levels."""

import math
from collections.abc import Collection

import numpy as np
import yaml

from pipeline import outcomes, shared_runs
from pipeline.outcomes import Outcome
from pipeline.params import Params
from pipeline.run import Run
from pipeline.sweeps import swept
from pipeline.sweeps.swept import Sweeps
from tests.synthetic import LEVELS, make_params, write_study

TECHNIQUES = ["baseline", "weight_sharing", "aux_loss", "weight_sharing_aux_loss"]
CONTENT = {
    "architectures": ["deep_fc", "lenet5"],
    "seeds": 3,
    "aux_weight": {"values": [0.1, 10.0], "techniques": ["aux_loss", "weight_sharing_aux_loss"]},
    "train_pairs": {"values": [125, 500, 4000], "techniques": TECHNIQUES},
}


def make_sweeps(**changes) -> Sweeps:
    """Sweeps of two architectures over few values, with other keys if they are given."""
    return Sweeps.model_validate(CONTENT | changes)


def write_sweep_params(sweeps: Sweeps) -> None:
    """Write studies/sweeps/params.yaml into the current folder."""
    swept.PARAMS.parent.mkdir(parents=True, exist_ok=True)
    swept.PARAMS.write_text(yaml.safe_dump(sweeps.model_dump(), sort_keys=False), encoding="utf-8")


def write_sweeps(sweeps: Sweeps, study: Params | None = None, diverged: Collection[Run] = ()) -> Params:
    """Write params, the study's records and the outcomes of all swept runs into the current folder."""
    study = study or make_params(sweeps.architectures, TECHNIQUES, seeds=sweeps.seeds)
    write_study(study)
    write_sweep_params(sweeps)
    for architecture in sweeps.architectures:
        runs = shared_runs.to_train(study, architecture, swept.runs(study, sweeps, architecture))
        made = [_outcome(run, run in diverged) for run in runs]
        outcomes.write(swept.outcomes_file(architecture), made)
    return study


def _outcome(run: Run, diverges: bool) -> Outcome:
    """More pairs help, the less the better a technique is; an aux_weight helps most near 1."""
    numbers = np.random.default_rng(int(run.digest()[:8], 16))
    sharing = run.network.encoder == "shared"
    plain, auxiliary = ("weight_sharing", "weight_sharing_aux_loss") if sharing else ("baseline", "aux_loss")
    level = LEVELS[plain]
    if run.protocol.aux_weight is not None:
        level += (LEVELS[auxiliary] - level) * math.exp(-(math.log10(run.protocol.aux_weight) ** 2))
    error = (1 - level) * (1000 / run.data.train_pairs) ** 0.45
    of_seed = np.random.default_rng([run.seed, 1]).normal(0, 0.008)
    accuracy = float(np.clip(1 - error + of_seed + numbers.normal(0, 0.008), 0.5, 1))
    last = [accuracy - 0.01, accuracy]
    curve = [last[0], None] if diverges else last
    same = {"engine": "0" * 16, "pairs": "", "hardware": "made up", "torch": "0.0", "parameters": 50_000}
    return Outcome(
        run=run.digest(), diverged=2 if diverges else None, train_accuracy=curve, test_accuracy=curve, **same
    )

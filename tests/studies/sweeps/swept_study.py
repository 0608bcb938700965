"""Made-up sweeps for the tests of what reads their results."""

import math
from collections.abc import Collection

import numpy as np
import yaml

from pipeline import params, paths
from pipeline.engine import result
from pipeline.engine.result import Curves, Result
from pipeline.engine.run import Run
from pipeline.params import Params
from studies.sweeps import swept
from studies.sweeps.swept import Sweeps
from tests import ROOT
from tests.made_up import NOWHERE

TECHNIQUES = ["baseline", "weight_sharing", "aux_loss", "weight_sharing_aux_loss"]
PROBABILITIES = {"network.comparator_reads": "probabilities", "network.comparator": "hidden"}
CONTENT = {
    "architectures": ["deep_fc", "lenet5"],
    "seeds": 3,
    "fewer_seeds": {},
    "sweeps": {
        "aux_weight": {
            "title": "Weight",
            "quantity": "aux_weight",
            "field": "protocol.aux_weight",
            "values": [None, 0.1, 10.0],
            "techniques": ["aux_loss", "weight_sharing_aux_loss"],
        },
        "train_pairs": {
            "title": "Size",
            "quantity": "training pairs",
            "field": "data.train_pairs",
            "values": [125, 500, 4000],
            "equivalent": True,
            "techniques": TECHNIQUES,
        },
        "labels": {
            "title": "Labels",
            "quantity": "labelled pairs",
            "field": "data.digit_labels",
            "values": [0, 30, 1000],
            "half_gain": True,
            "techniques": ["aux_loss"],
        },
        "interface_pairing": {
            "title": "Both",
            "points": {"own": {}, "probabilities": PROBABILITIES, "renewed": {"data.pairing": "renewed"}},
            "techniques": TECHNIQUES,
        },
    },
}
LEVELS = {("separate", False): 0.83, ("shared", False): 0.86, ("separate", True): 0.89, ("shared", True): 0.91}
STUDY = params.load(ROOT / paths.PARAMS)


def make_sweeps(*names: str, **changes) -> Sweeps:
    """Those of CONTENT's sweeps (all, if none is named), with other keys if they are given."""
    sweeps = {name: CONTENT["sweeps"][name] for name in names or CONTENT["sweeps"]}
    return Sweeps.model_validate(CONTENT | {"sweeps": sweeps} | changes)


def write_params(sweeps: Sweeps | dict, study: Params = STUDY) -> None:
    """Write both files of parameters into the current folder."""
    content = sweeps if isinstance(sweeps, dict) else sweeps.model_dump()
    swept.HERE.mkdir(parents=True, exist_ok=True)
    swept.PARAMS.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    paths.PARAMS.write_text(yaml.safe_dump(study.model_dump(), sort_keys=False), encoding="utf-8")


def write_study(sweeps: Sweeps, study: Params = STUDY, diverged: Collection[Run] = ()) -> None:
    """Write the params and the results of all swept runs into the current folder."""
    write_params(sweeps, study)
    for architecture in sweeps.architectures:
        made = [made_up(run, run in diverged) for run in swept.runs(study, sweeps, architecture)]
        swept.results(architecture).parent.mkdir(parents=True, exist_ok=True)
        swept.results(architecture).write_text(result.to_text(made), encoding="utf-8")


def made_up(run: Run, diverges: bool = False) -> Result:
    """A technique has its level, more pairs help, and noise is the run's own."""
    level = LEVELS[run.network.encoder, run.protocol.aux_weight is not None]
    noise = np.random.default_rng(int(run.digest()[:8], 16)).normal(0, 0.008)
    accuracy = float(np.clip(level + 0.06 * math.log10(run.data.train_pairs / 1000) + noise, 0.5, 1))
    curves = {"train_accuracy": [0.9, 0.99], "test_accuracy": [accuracy - 0.01, accuracy]}
    if run.trains_digits:
        curves |= {"digit_accuracy": [0.9, 0.96], "digit_derived_accuracy": [0.9, 0.95]}
    if diverges:
        curves = {name: [curve[0], None] for name, curve in curves.items()}
    return Result(run=run, diverged=2 if diverges else None, curves=Curves(**curves), parameters=1, **NOWHERE)

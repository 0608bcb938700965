"""Made-up sweeps for the tests of what reads their results."""

import math
from collections.abc import Collection
from pathlib import Path

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
    """Write both files of parameters, and the data dictionary, into the current folder."""
    content = sweeps if isinstance(sweeps, dict) else sweeps.model_dump()
    swept.HERE.mkdir(parents=True, exist_ok=True)
    swept.PARAMS.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    paths.PARAMS.write_text(yaml.safe_dump(study.model_dump(), sort_keys=False), encoding="utf-8")
    dictionary = swept.HERE / "columns.yaml"
    dictionary.write_bytes((ROOT / dictionary).read_bytes())


def write_study(sweeps: Sweeps, study: Params = STUDY, diverged: Collection[Run] = ()) -> None:
    """Write the params and the results of all swept runs into the current folder."""
    write_params(sweeps, study)
    for architecture in sweeps.architectures:
        made = [made_up(run, run in diverged) for run in swept.runs(study, sweeps, architecture)]
        write_results(swept.results(architecture), made)


def write_results(path: Path, results: Collection[Result]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(result.to_text(results), encoding="utf-8")


def made_up(run: Run, diverges: bool = False) -> Result:
    """More pairs help, the less the better a technique is; an aux_weight helps most near 1, and so on."""
    numbers = np.random.default_rng(int(run.digest()[:8], 16))
    level, with_aux = (LEVELS[run.network.encoder, auxiliary] for auxiliary in (False, True))
    if run.protocol.aux_weight is not None:
        labelled = 1 if run.data.digit_labels is None else run.data.digit_labels / run.data.train_pairs
        level += (with_aux - level) * math.exp(-(math.log10(run.protocol.aux_weight) ** 2)) * labelled**0.3
    error = (1 - level) * (1000 / run.data.train_pairs) ** 0.45
    error *= 0.7 if run.data.pairing == "renewed" else 1
    gap = 0.0 if run.network.comparator_reads == "probabilities" else 0.4
    of_seed = np.random.default_rng([run.seed, 1]).normal(0, 0.008)
    derived = float(np.clip(1 - error * (1 - gap) + of_seed, 0.5, 1))
    accuracy = float(np.clip(1 - error + of_seed + numbers.normal(0, 0.008), 0.5, 1))
    curves = {"train_accuracy": [0.9, 0.99], "test_accuracy": [accuracy - 0.01, accuracy]}
    if run.trains_digits:
        curves |= {"digit_accuracy": [0.9, 0.96], "digit_derived_accuracy": [0.9, derived]}
    if diverges:
        curves = {name: [curve[0], None] for name, curve in curves.items()}
    same = {
        "engine": "0" * 16,
        "pairs": "",
        "hardware": "made up",
        "torch": "0.0",
        "device": "cpu",
        "parameters": 50_000,
    }
    return Result(run=run, diverged=2 if diverges else None, curves=Curves(**curves), **same)

"""Made-up pairs and short runs, for the tests of what trains."""

import torch

from pipeline import params
from pipeline.engine.data import Digits, Pairs
from pipeline.engine.run import Draw, Run
from tests import ROOT

STUDY = params.load(ROOT / "params.yaml")
TRAIN_PAIRS, TEST_PAIRS = 24, 20
SEEDS = range(4)
# What a made-up result says of where it was trained.
NOWHERE = {"engine": "0", "pairs": "0", "torch": "0.0", "device": "cpu", "hardware": "made up"}


def digits(count: int, seed: int, draws=None) -> Digits:
    """Noise with random labels, paired in as many draws as there are SEEDS."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(count, 14, 14, generator=generator).half()
    labels = torch.randint(0, 10, (count,), generator=generator).byte()
    draws = draws or [Draw(seed=seed) for seed in SEEDS]
    orders = (torch.randperm(count, generator=generator) for _ in draws)
    return Digits(images, labels, {draw: order.view(-1, 2).int() for draw, order in zip(draws, orders, strict=True)})


def pairs(train_images: int = 120, test_images: int = 60) -> Pairs:
    return Pairs("made up", digits(train_images, 0), digits(test_images, 1))


def short_run(architecture: str = "deep_fc", technique: str = "baseline", seed: int = 0, **changes) -> Run:
    """A run of the study's combo (of a variant: of the architecture whose name it begins with) cut down to a few quick
    steps, in double precision so that only the order of arithmetic separates two ways; `changes` are fields of its
    network, protocol or data."""
    own = next(name for name in STUDY.architectures if architecture.startswith(name))
    run = STUDY.runs(STUDY.combo(own, technique), [seed])[0]
    short = {"epochs": 2, "batch_size": 8, "precision": "fp64", "train_pairs": TRAIN_PAIRS, "test_pairs": TEST_PAIRS}
    return changed(run, **({"architecture": architecture, "source": "made up"} | short | changes))


def changed(run: Run, **changes) -> Run:
    """The run with other fields, wherever they are in it."""
    parts = {"network": run.network, "protocol": run.protocol, "data": run.data}
    own = {name: changes.pop(name) for name in list(changes) if name in Run.model_fields}
    for name, part in parts.items():
        fields = {field: changes.pop(field) for field in list(changes) if field in type(part).model_fields}
        parts[name] = type(part).model_validate(part.model_dump() | fields)
    assert not changes, f"no such field: {changes}"
    return Run(**({"seed": run.seed, "weights_seed": run.weights_seed} | parts | own))

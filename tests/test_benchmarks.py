"""The benchmark's reference loop trains what the engine trains, and its count of operations is the network's."""

import pytest
import torch

from benchmarks import reference
from benchmarks.__main__ import operations
from pipeline import params
from tests.made_up import run_data, shortened
from tests.synthetic import ROOT

STUDY = params.load(ROOT / "params.yaml")


@pytest.mark.parametrize("technique", STUDY.technique_names())
def test_reference_trains_every_technique(technique):
    data = run_data(runs=1)
    for part in (data.train, data.test):
        part.images.data = part.images.float()
    for architecture in ("deep_fc", "mlpnet"):  # two logits, and one
        combo = shortened(STUDY.combo(architecture, technique))
        assert len(reference.train(combo, data, torch.device("cpu"))) == combo.recipe.epochs


def test_operations_are_those_of_the_layers():
    """shallow_fc with weight sharing: two digits through 196-500-10, then 20-50-2; a product costs two operations."""
    forward = 2 * (2 * (196 * 500 + 500 * 10) + 20 * 50 + 50 * 2)
    training, testing = operations(STUDY.combo("shallow_fc", "weight_sharing"), 1_000, 500)
    assert testing == 500 * forward
    backward = 2 * forward - 2 * 2 * 196 * 500  # gradients of weights and inputs, but for the images
    assert training == 1_000 * (forward + backward)

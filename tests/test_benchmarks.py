"""The benchmark: its reference loop trains what the engine trains."""

import pytest
import torch

from benchmarks import reference
from pipeline.engine.loop import fresh_network, train
from tests.made_up import pairs, short_run

CPU = torch.device("cpu")
PAIRS = pairs()


def reference_network(run) -> reference.ComparisonNetwork:
    """The reference's network with the initial weights of the study's."""
    network = reference.ComparisonNetwork(run)
    names = {"encoders.0.": "first_encoder.", "encoders.1.": "second_encoder."}
    for name, weights in fresh_network(run).named_parameters():
        for old, new in names.items():
            name = name.replace(old, new)
        network.get_parameter(name).data.copy_(weights)
    return network


@pytest.mark.parametrize("technique", ["baseline", "weight_sharing", "aux_loss", "weight_sharing_aux_loss"])
@pytest.mark.parametrize("architecture", ["deep_fc", "convnet", "wide_convnet"])
def test_reference_trains_what_the_engine_trains(architecture, technique):
    """In batches of all pairs, so that their order has no part: the same losses and accuracies after three epochs."""
    plain = {"epochs": 3, "batch_size": 24, "optimizer": "sgd", "learning_rate": 0.01, "precision": "fp32"}
    run = short_run(architecture, technique, dropout=0.0, batch_norm=False, **plain)
    _, measures = reference.train(run, reference_network(run), PAIRS, CPU)
    (trained,) = train([run], PAIRS, CPU)
    # The reference does not measure what the digits would answer.
    curves = trained.result.curves.model_dump(exclude={"digit_derived_accuracy"}, exclude_none=True)
    for name, curve in curves.items():
        assert measures[name] == pytest.approx(curve[-1], rel=1e-4), name

"""The benchmark: its reference loop trains what the engine trains, and its count of operations is the networks'."""

from unittest import mock

import pytest
import torch

from benchmarks import __main__ as benchmark
from benchmarks import reference
from pipeline import params
from pipeline.networks.layers import Conv2d
from pipeline.training import loop
from tests.made_up import networks, run_data, shortened
from tests.synthetic import ROOT

STUDY = params.load(ROOT / "params.yaml")
CPU = torch.device("cpu")


def reference_network(ours: torch.nn.Module, combo: params.Combo) -> reference.ComparisonNetwork:
    """The reference's network with the weights of the study's, whose layers it calls otherwise."""
    network = reference.ComparisonNetwork(combo).double()
    names = {"encoders.0.": "first_encoder.", "encoders.1.": "second_encoder."}
    for name, weights in ours.named_parameters():
        for old, new in names.items():
            name = name.replace(old, new)
        network.get_parameter(name).data.copy_(weights)
    return network


@pytest.mark.parametrize("technique", STUDY.technique_names())
@pytest.mark.parametrize("architecture", ["deep_fc", "convnet"])
def test_reference_trains_what_the_engine_trains(architecture, technique):
    """In batches of all pairs, so that their order has no part: the same losses and accuracies after three epochs."""
    recipe = {"epochs": 3, "batch_size": 24, "optimizer": "sgd", "learning_rate": 0.01}
    combo, data = shortened(STUDY.combo(architecture, technique), **recipe), run_data(runs=1)
    (ours,) = networks(combo, [0])
    plain = reference_network(ours, combo)
    curves = loop.train([ours], data, combo, [0]).curves
    _, measures = reference.train(plain, data, CPU)
    for name, curve in curves.items():
        assert measures[name] == pytest.approx(curve[-1].item(), rel=1e-6), name


@pytest.mark.parametrize("architecture", STUDY.architectures)
def test_reference_is_the_plain_network_of_every_architecture(architecture):
    combo = shortened(STUDY.combo(architecture, "weight_sharing_aux_loss"))
    network = reference.ComparisonNetwork(combo).double()
    assert not any(isinstance(module, Conv2d) for module in network.modules())
    seconds, measures = reference.train(network, run_data(runs=1), CPU)
    assert len(seconds) == combo.recipe.epochs
    assert 0 <= measures["test_accuracy"] <= 1


@pytest.mark.parametrize("architecture", STUDY.architectures)
def test_unfolded_convolutions_are_the_same_network(architecture):
    """What `make bench` compares with grouped convolutions on CUDA; with several runs, as there."""
    combo, data = shortened(STUDY.combo(architecture, "aux_loss"), learning_rate=1e-3), run_data(runs=2)
    losses = [loop.train(networks(combo, [0, 1]), data, combo, [0, 1]).curves["loss"]]
    with mock.patch.object(Conv2d, "forward", benchmark.unfolded):
        losses.append(loop.train(networks(combo, [0, 1]), data, combo, [0, 1]).curves["loss"])
    torch.testing.assert_close(*losses, rtol=1e-6, atol=1e-8)


def test_operations_are_those_of_the_layers():
    """shallow_fc with weight sharing: two digits through 196-500-10, then 20-50-2; a product costs two operations."""
    forward = 2 * (2 * (196 * 500 + 500 * 10) + 20 * 50 + 50 * 2)
    training, testing = benchmark.operations(STUDY.combo("shallow_fc", "weight_sharing"), 1_000, 500)
    assert testing == 500 * forward
    backward = 2 * forward - 2 * 2 * 196 * 500  # gradients of weights and inputs, but for the images
    assert training == 1_000 * (forward + backward)


@pytest.mark.parametrize("architecture", ["convnet", "lenet5", "resnet_block"])
def test_operations_do_not_depend_on_how_a_convolution_is_computed(architecture):
    combo = STUDY.combo(architecture, "weight_sharing")
    counts = [benchmark.operations(combo, 1_000, 500)]
    with mock.patch.object(Conv2d, "forward", torch.nn.Conv2d.forward):
        counts.append(benchmark.operations(combo, 1_000, 500))
    assert counts[0] == counts[1]


def test_every_architecture_is_measured_in_turn(monkeypatch):
    """A row each, with ratios of what was measured in the same round."""
    epochs = iter([0.5, 0.25, 0.25, 0.25, 0.125] * len(STUDY.architectures))
    monkeypatch.setattr(benchmark, "engine_epoch", lambda *_: (next(epochs), 1.0))
    monkeypatch.setattr(benchmark, "reference_epoch", lambda *_: 1.0)
    monkeypatch.setattr(benchmark, "matrix_product_rate", lambda *_: 1e9)
    monkeypatch.setattr(benchmark, "in_new_process", lambda function, *arguments: function(*arguments))
    table = benchmark.measure(STUDY, CPU).set_index("architecture")
    assert list(table.index) == list(STUDY.architectures)
    assert (table["times_as_fast"] == 4).all()
    assert table.loc["shallow_fc", "seconds_per_run"] == 0.25 * STUDY.architectures["shallow_fc"].epochs
    work = sum(benchmark.operations(STUDY.combo("deep_fc", benchmark.TECHNIQUE), 1_000, 1_000))
    assert table.loc["deep_fc", "share_of_matrix_product"] == pytest.approx(work / 0.25 / 1e9)

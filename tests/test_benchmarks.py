"""The benchmark: its reference loop trains what the engine trains, and its count of operations is the networks'."""

import pytest
import torch

from benchmarks import __main__ as benchmark
from benchmarks import reference
from pipeline.engine import layers
from pipeline.engine.loop import fresh_network, train
from tests.made_up import STUDY, pairs, short_run

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


@pytest.mark.parametrize("architecture", STUDY.architectures)
def test_reference_is_plain_torch_for_every_architecture(architecture):
    run = short_run(architecture, "weight_sharing_aux_loss", precision="fp32")
    network = reference.ComparisonNetwork(run)
    ours = tuple(
        kind for kind in vars(layers).values() if isinstance(kind, type) and kind.__module__ == layers.__name__
    )
    assert not [module for module in network.modules() if isinstance(module, ours)]
    seconds, measures = reference.train(run, network, PAIRS, CPU)
    assert len(seconds) == run.protocol.epochs
    assert 0 <= measures["test_accuracy"] <= 1


def test_operations_are_those_of_the_layers():
    """shallow_fc with weight sharing: two digits through 196-500-10, then 20-50-2; a product costs two operations."""
    forward = 2 * (2 * (196 * 500 + 500 * 10) + 20 * 50 + 50 * 2)
    backward = 2 * forward - 2 * 2 * 196 * 500  # gradients of weights and inputs, but for the images
    run = short_run("shallow_fc", "weight_sharing", train_pairs=1_000, test_pairs=500)
    assert benchmark.operations(run) == 1_000 * (forward + backward) + 500 * forward


def test_every_architecture_is_measured_in_turn(monkeypatch):
    """A row each, with ratios of what was measured in the same round."""
    epochs = iter([0.25, 0.125] * benchmark.ROUNDS * len(STUDY.architectures))
    monkeypatch.setattr(benchmark.pairs_files, "read", lambda draws: PAIRS)
    monkeypatch.setattr(benchmark, "has_bfloat16", lambda: True)
    monkeypatch.setattr(benchmark, "engine_epoch", lambda *_: (next(epochs), 1.0))
    monkeypatch.setattr(benchmark, "reference_epoch", lambda *_: 1.0)
    monkeypatch.setattr(benchmark, "matrix_product_rate", lambda *_: 1e9)
    monkeypatch.setattr(benchmark, "in_new_process", lambda function, *arguments: function(*arguments))
    table = benchmark.measure(STUDY, CPU).set_index("architecture")
    assert list(table.index) == list(STUDY.architectures)
    assert (table["times_as_fast"] == 4).all()
    assert (table["bf16_times_as_fast_as_fp32"] == 2).all()
    assert table.loc["shallow_fc", "seconds_per_run"] == 0.25 * STUDY.architectures["shallow_fc"].epochs
    work = benchmark.operations(STUDY.runs(STUDY.combo("deep_fc", benchmark.TECHNIQUE))[0])
    assert table.loc["deep_fc", "share_of_matrix_product"] == pytest.approx(work / 0.25 / 1e9)


def test_the_engine_is_timed():
    runs = [short_run("deep_fc", "aux_loss", seed, epochs=3, precision="fp32") for seed in range(2)]
    epoch, besides = benchmark.engine_epoch(runs, PAIRS, CPU)
    assert 0 < epoch < 10
    assert besides > 0

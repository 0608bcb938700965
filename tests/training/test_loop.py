"""The engine: stacked runs against single ones, the losses' weights, divergence, and what a run depends on."""

import pytest
import torch

from pipeline.networks.layers import Dropout
from pipeline.training import loop
from pipeline.training.loop import fresh_network, train
from pipeline.training.replicas import OneRun, StackedRuns
from tests.made_up import STUDY, changed, pairs, short_run

CPU = torch.device("cpu")
PAIRS = pairs()
COMBOS = pytest.mark.parametrize("combo", STUDY.combos(), ids=lambda combo: combo.key)
ARCHITECTURES = pytest.mark.parametrize("architecture", STUDY.architectures)


def one(run):
    return train([run], PAIRS, CPU)[0]


def assert_same(first, second, rtol=1e-6) -> None:
    assert first.curves.keys() == second.curves.keys()
    for name, curve in first.curves.items():
        assert second.curves[name] == pytest.approx(curve, rel=rtol), name
    assert torch.equal(first.answers, second.answers)
    for name, tensor in first.weights.items():
        torch.testing.assert_close(
            second.weights[name], tensor, rtol=rtol, atol=1e-6, msg=lambda t, n=name: f"{n}: {t}"
        )


@COMBOS
def test_stacked_runs_equal_the_loop(combo):
    """Three runs as one (the CUDA path) and the same runs one by one: same curves, answers, weights and buffers."""
    # A small rate: Adam makes steps of gradients that are mere rounding.
    runs = [short_run(combo.architecture, combo.technique, seed, learning_rate=1e-3) for seed in range(3)]
    for together, run in zip(train(runs, PAIRS, CPU), runs, strict=True):
        assert together.run == run
        assert_same(together, one(run))


@pytest.mark.parametrize(
    "quirk",
    [
        {"batch_order": "fixed"},
        {"optimizer_memory": "renewed_each_step"},
        {"training_mode": "frozen_after_first_test"},
        {"test_in_training_mode": 6},
        {"answer_loss": "squared_error", "digit_loss_reads": "probabilities"},
    ],
    ids=lambda quirk: next(iter(quirk)),
)
def test_stacked_runs_have_the_same_quirks(quirk):
    runs = [
        short_run("mlpnet", "weight_sharing_aux_loss", seed, optimizer="sgd", learning_rate=1e-2, **quirk)
        for seed in range(2)
    ]
    for together, run in zip(train(runs, PAIRS, CPU), runs, strict=True):
        assert_same(together, one(run))


@ARCHITECTURES
def test_one_stacked_run_equals_the_plain_network(architecture):
    run = short_run(architecture, "weight_sharing_aux_loss", 3)
    plain, stacked = OneRun(fresh_network(run)), StackedRuns([fresh_network(run)])
    images = torch.rand(1, 5, 2, 14, 14)
    for replicas in (plain, stacked):
        replicas.train(False)
    for name, tensor in plain(images).items():
        torch.testing.assert_close(stacked(images)[name], tensor, rtol=1e-4, atol=1e-5)


def test_runs_that_differ_in_more_than_seeds_are_not_stacked():
    with pytest.raises(ValueError, match="may differ in their seeds and draws alone"):
        train([short_run(), changed(short_run(seed=1), learning_rate=0.5)], PAIRS, CPU)


@ARCHITECTURES
def test_aux_weight_of_zero_equals_no_auxiliary_loss(architecture):
    plain = one(short_run(architecture, "weight_sharing"))
    auxiliary = one(short_run(architecture, "weight_sharing_aux_loss", aux_weight=0.0))
    for name in ("loss", "comparison_loss", "train_accuracy", "test_accuracy"):
        assert auxiliary.curves[name] == pytest.approx(plain.curves[name], rel=1e-9)


def test_aux_weight_scales_the_auxiliary_loss():
    for technique in ("aux_loss", "latent_digits_aux_loss"):
        curves = one(short_run("deep_fc", technique, epochs=1, aux_weight=0.25)).curves
        assert curves["loss"][0] == pytest.approx(curves["comparison_loss"][0] + 0.25 * curves["aux_loss"][0])


@pytest.mark.parametrize(
    ("technique", "measured"),
    [
        ("two_channel", {"comparison_loss"}),
        ("baseline", {"comparison_loss"}),
        ("aux_loss", {"comparison_loss", "aux_loss", "digit_accuracy", "readout_accuracy"}),
        ("digits_only", {"aux_loss", "digit_accuracy"}),
        ("latent_digits", {"comparison_loss", "digit_accuracy", "readout_accuracy"}),
        ("latent_digits_aux_loss", {"comparison_loss", "aux_loss", "digit_accuracy", "readout_accuracy"}),
    ],
)
def test_what_a_technique_minimizes_and_measures(technique, measured):
    curves = one(short_run("deep_fc", technique)).curves
    assert set(curves) == measured | {"loss", "train_accuracy", "test_accuracy"}
    parts = [curves[name] for name in ("comparison_loss", "aux_loss") if name in curves]
    assert curves["loss"] == pytest.approx([sum(values) for values in zip(*parts, strict=True)])  # aux_weight is 1


def test_training_learns_and_the_curves_say_so():
    """A network that sees two bright or dark images learns which is brighter; chance is about 55 %."""
    bright = pairs(train_images=400, test_images=200)
    for part in (bright.train, bright.test):
        part.images.mul_(0).add_(part.labels[:, None, None] / 10)
    for technique in ("weight_sharing_aux_loss", "latent_digits"):
        run = short_run("deep_fc", technique, train_pairs=200, test_pairs=100, epochs=30, batch_size=20)
        curves = train([run], bright, CPU)[0].curves
        assert curves["test_accuracy"][-1] > 0.9
        assert curves["loss"][-1] < curves["loss"][0] / 2


def test_measures_are_means_over_the_pairs_whatever_the_last_batch():
    """With a learning rate too small to matter, batches of 7 and of 24 measure the same."""
    seven, whole = (one(short_run("deep_fc", "aux_loss", learning_rate=1e-12, batch_size=size)) for size in (7, 24))
    for name in ("loss", "comparison_loss", "aux_loss", "train_accuracy"):
        assert seven.curves[name] == pytest.approx(whole.curves[name], rel=1e-6)


def test_batch_order_and_dropout_come_from_the_seed_alone():
    """Torch's global generator has no part in training, and is left as it was."""
    run = short_run("basenet", "weight_sharing_aux_loss", 3)
    torch.manual_seed(1)
    first, state = one(run), torch.get_rng_state()
    torch.manual_seed(2)
    assert one(run).curves["loss"] == first.curves["loss"]
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), state)
    assert one(changed(run, seed=2)).curves["loss"] != first.curves["loss"]


@pytest.mark.parametrize("probability", [0.2, 0.25, 0.5, 0.7])
def test_dropout_drops_that_share_and_scales_the_rest(probability):
    run = short_run("basenet", "baseline", dropout=probability)
    noise = loop._Noise(fresh_network(run).double(), [0, 1], CPU)
    first, second = noise.masks(4_000), noise.masks(4_000)
    for name, mask in first.items():
        assert mask.shape == (2, 4_000, noise.layers[name].images, noise.layers[name].features)
        assert mask.eq(0).double().mean().item() == pytest.approx(probability, abs=0.01)
        assert set(mask.unique().tolist()) == {0, 1 / (1 - probability)}
        assert not torch.equal(mask[0], mask[1])
        assert not torch.equal(mask, second[name])
    assert len(first) == 5  # two in each encoder, one in the comparator


def test_dropout_masks_are_no_part_of_the_weights():
    assert not [name for name in one(short_run("basenet", "baseline")).weights if "mask" in name]
    network = fresh_network(short_run("basenet", "baseline"))
    assert all(module.mask is None for module in network.modules() if isinstance(module, Dropout))


def test_epochs_are_reported_as_they_end():
    reported = []
    trained = train([short_run(seed=seed, epochs=3) for seed in range(2)], PAIRS, CPU, reported.append)
    curves = [run.curves["test_accuracy"] for run in trained]
    assert reported == [list(epoch) for epoch in zip(*curves, strict=True)]
    assert len(trained[0].seconds) == 3


def test_a_run_that_diverges_says_when_and_harms_no_other():
    """Weights of 1e30 give a loss that is no number; with one run it also ends there."""
    wild = {"optimizer": "sgd", "learning_rate": 1e30, "precision": "fp32", "epochs": 4}
    alone = one(short_run("deep_fc", "weight_sharing_aux_loss", **wild))
    assert alone.diverged == 1
    assert all(curve == [] for curve in alone.curves.values())
    together = train([short_run("deep_fc", "aux_loss", seed, **wild) for seed in range(2)], PAIRS, CPU)
    assert [run.diverged for run in together] == [1, 1]
    assert one(short_run()).diverged is None


@pytest.mark.parametrize("precision", ["tf32", "bf16"])
@ARCHITECTURES
def test_other_precisions_train(precision, architecture):
    run = short_run(architecture, "latent_digits_aux_loss", precision=precision)
    exact = one(changed(run, precision="fp32"))
    assert one(run).curves["loss"] == pytest.approx(exact.curves["loss"], rel=0.2)


@pytest.mark.gpu
@ARCHITECTURES
def test_cuda_equals_the_cpu_up_to_rounding(architecture):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    runs = [short_run(architecture, "weight_sharing_aux_loss", seed) for seed in range(3)]
    here, there = (train(runs, PAIRS, torch.device(name)) for name in ("cpu", "cuda"))
    for first, second in zip(here, there, strict=True):
        for name, curve in first.curves.items():
            assert second.curves[name] == pytest.approx(curve, rel=1e-5, abs=1e-6)

"""The engine: stacked runs against single ones, the losses' weights, divergence, and what a run depends on."""

import pytest
import torch
from torch import nn

from pipeline.architectures import deep_fc
from pipeline.engine import loop
from pipeline.engine.data import select
from pipeline.engine.errors import StudyError
from pipeline.engine.loop import fresh_network, train
from pipeline.engine.network import answers, digits_answer
from tests.made_up import STUDY, changed, pairs, short_run

CPU = torch.device("cpu")
PAIRS = pairs()
ARCHITECTURES = pytest.mark.parametrize("architecture", STUDY.architectures)


def one(run):
    return train([run], PAIRS, CPU)[0]


def curves_of(run) -> dict:
    """What was measured of it, by name; what is not defined is left out."""
    return one(run).result.curves.model_dump(exclude_none=True)


def assert_same(first, second, rtol=1e-6) -> None:
    """Same results, but for the rounding to six digits that they have, and same weights."""
    curves = second.result.curves.model_dump()
    for name, curve in first.result.curves.model_dump().items():
        assert curves[name] == (curve if curve is None else pytest.approx(curve, rel=1e-5)), name
    assert second.result.errors == first.result.errors
    for name, tensor in first.state.items():
        torch.testing.assert_close(second.state[name], tensor, rtol=rtol, atol=1e-6, msg=lambda t, n=name: f"{n}: {t}")


@pytest.mark.parametrize("combo", STUDY.combos(), ids=lambda combo: combo.key)
def test_stacked_runs_equal_the_loop(combo):
    """Three runs as one (the CUDA path) and the same runs one by one: same curves, answers, weights and buffers."""
    # A small rate: Adam makes steps of gradients that are mere rounding.
    runs = [short_run(combo.architecture, combo.technique, seed, learning_rate=1e-3) for seed in range(3)]
    for together, run in zip(train(runs, PAIRS, CPU), runs, strict=True):
        assert together.result.run == run
        assert_same(together, one(run))


def test_runs_that_differ_in_more_than_seeds_are_not_stacked():
    with pytest.raises(ValueError, match="may differ in their seeds and draws alone"):
        train([short_run(), changed(short_run(seed=1), learning_rate=0.5)], PAIRS, CPU)


@ARCHITECTURES
def test_aux_weight_of_zero_equals_no_auxiliary_loss(architecture):
    plain = curves_of(short_run(architecture, "weight_sharing"))
    auxiliary = curves_of(short_run(architecture, "weight_sharing_aux_loss", aux_weight=0.0))
    assert {name: auxiliary[name] for name in plain} == plain


def test_batch_order_and_dropout_come_from_the_seed_alone():
    """Torch's global generator has no part in training, and is left as it was."""
    run = short_run("basenet", "weight_sharing_aux_loss", 3)
    torch.manual_seed(1)
    first, state = curves_of(run), torch.get_rng_state()
    torch.manual_seed(2)
    assert curves_of(run) == first
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), state)
    assert curves_of(changed(run, seed=2))["loss"] != first["loss"]


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


def test_errors_count_what_the_network_answers():
    """Accuracies, gaps and confusion agree with one another, and with the weights."""
    run = short_run("convnet", "weight_sharing_aux_loss", precision="fp32")
    trained = one(run)
    errors, curves = trained.result.errors, trained.result.curves
    assert sum(errors.gap_pairs) == 20
    assert sum(errors.gap_correct) / 20 == pytest.approx(curves.test_accuracy[-1])
    hits = sum(errors.digit_confusion[image][digit][digit] for image in range(2) for digit in range(10))
    assert hits / 40 == pytest.approx(curves.digit_accuracy[-1])
    network = fresh_network(run)
    network.load_state_dict(trained.state)
    test = select([run], PAIRS).test
    with torch.no_grad():
        output = network.eval()(test.images[0])
    right = answers(output) == test.targets[0].bool()
    assert right.float().mean().item() == pytest.approx(curves.test_accuracy[-1])
    derived = digits_answer(output["digits"].argmax(-1)) == test.targets[0].bool()
    assert derived.float().mean().item() == pytest.approx(curves.digit_derived_accuracy[-1])


def test_randomness_of_its_own_is_refused(monkeypatch):
    """nn.Dropout draws from torch's global generator, which no run's seed decides."""
    monkeypatch.setattr(deep_fc, "comparator", lambda layers: nn.Sequential(nn.Linear(20, 2), nn.Dropout(0.5)))
    with pytest.raises(StudyError, match=r"^pipeline/architectures/deep_fc\.py: .*use layers\.dropout\(features\)$"):
        one(short_run("deep_fc"))


def test_a_run_that_diverges_says_when_and_harms_no_other():
    """Weights of 1e30 give a loss that is no number; with one run it also ends there."""
    wild = {"optimizer": "sgd", "learning_rate": 1e30, "precision": "fp32", "epochs": 4}
    alone = one(short_run("deep_fc", "weight_sharing_aux_loss", **wild)).result
    assert alone.diverged == 1
    assert all(curve == [None] * 4 for curve in alone.curves.model_dump().values())
    assert (sum(alone.errors.gap_pairs), sum(alone.errors.gap_correct)) == (20, 0)
    assert alone.errors.digit_confusion is None
    together = train([short_run("deep_fc", "aux_loss", seed, **wild) for seed in range(2)], PAIRS, CPU)
    assert [run.result.diverged for run in together] == [1, 1]
    assert one(short_run()).result.diverged is None


@pytest.mark.parametrize("precision", ["tf32", "bf16"])
def test_other_precisions_train(precision):
    run = short_run("basenet", "latent_digits_aux_loss", precision=precision)
    exact = one(changed(run, precision="fp32")).result.curves.loss
    assert one(run).result.curves.loss == pytest.approx(exact, rel=0.2)


@pytest.mark.gpu
@ARCHITECTURES
def test_cuda_equals_the_cpu_up_to_rounding(architecture):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    runs = [short_run(architecture, "weight_sharing_aux_loss", seed) for seed in range(3)]
    here, there = (train(runs, PAIRS, torch.device(name)) for name in ("cpu", "cuda"))
    for first, second in zip(here, there, strict=True):
        assert_same(first, second, rtol=1e-5)

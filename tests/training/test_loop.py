"""The loop: stacked runs against single ones, the auxiliary weight, and what a run depends on."""

import pytest
import torch

from pipeline import params
from pipeline.networks.layers import Dropout
from pipeline.training.loop import train
from pipeline.training.replicas import OneRun, StackedRuns, replicate
from tests.made_up import networks, one_run, run_data, shortened
from tests.synthetic import ROOT

STUDY = params.load(ROOT / "params.yaml")
COMBOS = pytest.mark.parametrize("combo", STUDY.combos(), ids=lambda combo: combo.key)
ARCHITECTURES = pytest.mark.parametrize("architecture", STUDY.architectures)


def assert_same_weights(first: torch.nn.Module, second: torch.nn.Module) -> None:
    for (name, one), other in zip(first.state_dict().items(), second.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6, msg=lambda text, name=name: f"{name}: {text}")


@COMBOS
def test_stacked_runs_equal_the_loop(combo):
    """Three runs as one (the CUDA path) and the same runs one by one: same curves, answers, weights and buffers."""
    combo = shortened(combo, learning_rate=1e-3)  # small: Adam makes steps of gradients that are mere rounding
    seeds, data = [0, 1, 2], run_data(runs=3)
    stacked = networks(combo, seeds)
    together = train(stacked, data, combo, seeds)
    for run, seed in enumerate(seeds):
        (single,) = networks(combo, [seed])
        alone = train([single], one_run(data, run), combo, [seed])
        assert alone.curves.keys() == together.curves.keys()
        for name, curve in alone.curves.items():
            torch.testing.assert_close(together.curves[name][:, run], curve[:, 0], rtol=1e-6, atol=1e-8)
        assert torch.equal(together.answers[run], alone.answers[0])
        assert_same_weights(stacked[run], single)


@ARCHITECTURES
def test_one_stacked_run_equals_the_plain_network(architecture):
    """The same step, stacked or not, for a single run."""
    combo = shortened(STUDY.combo(architecture, "weight_sharing_aux_loss"))
    data = run_data(runs=1)
    (first,), (second,) = networks(combo, [4]), networks(combo, [4])
    plain, stacked = OneRun(first), StackedRuns([second])
    for runs in (plain, stacked):
        runs.train(False)
    for name, tensor in plain(data.test.images).items():
        torch.testing.assert_close(stacked(data.test.images)[name], tensor)


def test_one_network_is_not_stacked():
    combo = STUDY.combo("deep_fc", "baseline")
    assert isinstance(replicate(networks(combo, [0])), OneRun)
    assert isinstance(replicate(networks(combo, [0, 1])), StackedRuns)


@ARCHITECTURES
def test_aux_weight_of_zero_equals_no_auxiliary_loss(architecture):
    plain, auxiliary = (
        shortened(STUDY.combo(architecture, name)) for name in ("weight_sharing", "weight_sharing_aux_loss")
    )
    auxiliary = auxiliary.model_copy(update={"aux_weight": 0.0})
    data = run_data(runs=1)
    histories = [train(networks(combo, [0]), data, combo, [0]) for combo in (plain, auxiliary)]
    for name in ("loss", "comparison_loss", "train_accuracy", "test_accuracy"):
        torch.testing.assert_close(histories[0].curves[name], histories[1].curves[name], rtol=1e-9, atol=1e-12)


def test_aux_weight_scales_the_auxiliary_loss():
    combo = shortened(STUDY.combo("deep_fc", "aux_loss"), epochs=1).model_copy(update={"aux_weight": 0.25})
    curves = train(networks(combo, [0]), run_data(runs=1), combo, [0]).curves
    torch.testing.assert_close(curves["loss"], curves["comparison_loss"] + 0.25 * curves["aux_loss"])


def test_digits_only_minimizes_the_digit_loss_alone():
    combo = shortened(STUDY.combo("deep_fc", "digits_only"))
    curves = train(networks(combo, [0]), run_data(runs=1), combo, [0]).curves
    assert "comparison_loss" not in curves
    torch.testing.assert_close(curves["loss"], curves["aux_loss"])


def test_training_learns_and_the_curves_say_so():
    """A network that sees two bright or dark images learns which is brighter; chance is 50 %."""
    data = run_data(runs=1, train=200, test=100)
    for part in (data.train, data.test):
        part.images.mul_(0).add_(part.digits[..., None, None] / 10)
    combo = shortened(STUDY.combo("deep_fc", "weight_sharing_aux_loss"), epochs=30, batch_size=20)
    curves = train(networks(combo, [0]), data, combo, [0]).curves
    assert curves["test_accuracy"][-1].item() > 0.9
    assert curves["loss"][-1] < curves["loss"][0] / 2


def test_measures_are_means_over_the_pairs_whatever_the_last_batch():
    """With a learning rate too small to matter, batches of 7 and of 24 measure the same."""
    combo = STUDY.combo("deep_fc", "aux_loss")
    data = run_data(runs=1)
    seven, all_at_once = (
        train(networks(combo, [0]), data, shortened(combo, learning_rate=1e-12, batch_size=size), [0]).curves
        for size in (7, 24)
    )
    for name in ("loss", "comparison_loss", "aux_loss", "train_accuracy"):
        torch.testing.assert_close(seven[name], all_at_once[name], rtol=1e-6, atol=1e-9)


def test_batch_order_and_dropout_come_from_the_seed_alone():
    """Torch's global generator has no part in training."""
    combo = shortened(STUDY.combo("basenet", "weight_sharing_aux_loss"))
    curves = []
    for noise in (1, 2):
        torch.manual_seed(noise)
        curves.append(train(networks(combo, [3]), run_data(runs=1), combo, [3]).curves["loss"])
    assert torch.equal(*curves)
    assert not torch.equal(curves[0], train(networks(combo, [3]), run_data(runs=1), combo, [4]).curves["loss"])


def test_dropout_masks_are_left_behind_nowhere():
    combo = shortened(STUDY.combo("basenet", "weight_sharing_aux_loss"))
    trained = networks(combo, [0])
    train(trained, run_data(runs=1), combo, [0])
    assert all(module.mask is None for module in trained[0].modules() if isinstance(module, Dropout))


def test_epochs_are_reported_as_they_end():
    combo = shortened(STUDY.combo("deep_fc", "baseline"), epochs=3)
    reported = []
    history = train(networks(combo, [0, 1]), run_data(runs=2), combo, [0, 1], on_epoch=reported.append)
    assert torch.equal(torch.stack(reported), history.curves["test_accuracy"])
    assert len(history.seconds) == 3


@pytest.mark.parametrize("precision", ["tf32", "bf16"])
def test_other_precisions_train(precision):
    combo = shortened(STUDY.combo("convnet", "weight_sharing_aux_loss"))
    data = run_data(runs=2)
    data.train.images.data, data.test.images.data = data.train.images.float(), data.test.images.float()
    trained = [network.float() for network in networks(combo, [0, 1])]
    curves = train(trained, data, combo, [0, 1], precision=precision).curves
    assert curves["loss"].isfinite().all()


@pytest.mark.gpu
@ARCHITECTURES
def test_cuda_equals_the_cpu_up_to_rounding(architecture):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    combo, data = shortened(STUDY.combo(architecture, "weight_sharing_aux_loss")), run_data(runs=3)
    here = train(networks(combo, [0, 1, 2]), data, combo, [0, 1, 2])
    on_gpu = [network.cuda() for network in networks(combo, [0, 1, 2])]
    there = train(on_gpu, data.to(torch.device("cuda")), combo, [0, 1, 2])
    for name, curve in here.curves.items():
        torch.testing.assert_close(there.curves[name], curve, rtol=1e-5, atol=1e-6)

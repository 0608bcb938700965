"""Batch norm over both digits of a pair, and dropout with masks from outside, against torch's own layers."""

import pytest
import torch
from torch import nn

from pipeline import params
from pipeline.networks.layers import Dropout, Layers
from tests.synthetic import ROOT

RECIPE = params.load(ROOT / "params.yaml").architectures["basenet"]


def folded(*shape: int) -> torch.Tensor:
    """First digits around 0, second digits around 5: their statistics differ."""
    noise = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
    noise[len(noise) // 2 :] += 5
    return noise


def state(layer: nn.Module) -> list[torch.Tensor]:
    return [layer.running_mean, layer.running_var]


@pytest.mark.parametrize("shape", [(8, 4), (8, 4, 3, 3)])
def test_together_is_one_layer_over_the_whole_batch(shape):
    images, ours = folded(*shape), Layers(RECIPE, digits=2).batch_norm(4, "together")
    torchs = (nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d)(4)
    torch.testing.assert_close(ours(images), torchs(images))
    torch.testing.assert_close(state(ours), state(torchs))
    torch.testing.assert_close(ours.eval()(images), torchs.eval()(images))


@pytest.mark.parametrize("shape", [(8, 4), (8, 4, 3, 3)])
def test_in_turn_is_one_layer_called_for_each_digit(shape):
    images, ours = folded(*shape), Layers(RECIPE, digits=2).batch_norm(4, "in_turn")
    torchs = (nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d)(4)
    torch.testing.assert_close(ours(images), torch.cat([torchs(images[:4]), torchs(images[4:])]))
    torch.testing.assert_close(state(ours), state(torchs))
    torch.testing.assert_close(ours.eval()(images), torchs.eval()(images))


@pytest.mark.parametrize("shape", [(8, 4), (8, 4, 3, 3)])
def test_apart_is_a_layer_for_each_digit(shape):
    images, ours = folded(*shape), Layers(RECIPE, digits=2).batch_norm(4, "apart")
    torchs = [(nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d)(4) for _ in range(2)]
    halves = images.chunk(2)
    torch.testing.assert_close(
        ours(images), torch.cat([layer(half) for layer, half in zip(torchs, halves, strict=True)])
    )
    for mine, torchs_own in zip(ours.layers, torchs, strict=True):
        torch.testing.assert_close(state(mine), state(torchs_own))


@pytest.mark.parametrize("digits", ["together", "in_turn", "apart"])
def test_an_encoder_of_one_digit_has_plain_batch_norm(digits):
    layer = Layers(RECIPE, digits=1).batch_norm(4, digits)
    torch.testing.assert_close(layer(folded(8, 4)), nn.BatchNorm1d(4)(folded(8, 4)))


def test_dropout_uses_the_mask_only_in_training():
    layer, features = Dropout(0.5), torch.ones(2, 3)
    layer.mask = torch.tensor([[2.0, 0.0, 2.0], [0.0, 0.0, 2.0]])
    assert torch.equal(layer(features), layer.mask)
    assert torch.equal(layer.eval()(features), features)


def test_dropout_without_a_mask_is_torchs():
    torch.manual_seed(0)
    dropped = Dropout(0.3)(torch.ones(100_000))
    assert dropped.eq(0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert dropped.mean().item() == pytest.approx(1, abs=0.01)

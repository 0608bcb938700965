"""Convolution, batch norm over both digits, and dropout with masks from outside, against torch's own layers."""

from functools import partial

import pytest
import torch
from torch import nn

from pipeline import params
from pipeline.networks.layers import Conv2d, Dropout, Layers
from tests.synthetic import ROOT

RECIPE = params.load(ROOT / "params.yaml").architectures["basenet"]


# input channels, image size, kernel, padding: as a convolution, by gathered patches, and where the kernel covers all
CONVOLUTIONS = [(4, 6, 3, 1), (1, 6, 3, 0), (2, 6, 3, 1), (1, 5, 1, 0), (4, 3, 3, 0), (2, 2, 2, 0), (4, 3, 3, 1)]


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("channels", "side", "kernel", "padding"), CONVOLUTIONS)
def test_convolution_is_torchs(channels, side, kernel, padding, memory_format):
    """Same output, and same gradients of images, weights and biases, whichever way it is computed."""
    ours = Conv2d(channels, 5, kernel, padding=padding).double().to(memory_format=memory_format)
    torchs = nn.Conv2d(channels, 5, kernel, padding=padding).double()
    torchs.load_state_dict(ours.state_dict())
    images = torch.randn(7, channels, side, side, dtype=torch.double).to(memory_format=memory_format)
    found = []
    for layer in (ours, torchs):
        read = images.clone().requires_grad_()
        output = layer(read)
        output.sin().sum().backward()  # a gradient that differs from place to place
        found.append([output, read.grad, layer.weight.grad, layer.bias.grad])
    torch.testing.assert_close(*found)


def test_convolution_of_many_sets_of_weights():
    """Under vmap, as on CUDA: each set of weights reads its own images."""
    for channels, side, kernel, padding in CONVOLUTIONS:
        layers = [Conv2d(channels, 5, kernel, padding=padding).double() for _ in range(3)]
        images = torch.randn(3, 7, channels, side, side, dtype=torch.double)
        weights, _ = torch.func.stack_module_state(layers)
        together = torch.vmap(partial(torch.func.functional_call, layers[0]))(weights, images)
        alone = torch.stack([layer(own) for layer, own in zip(layers, images, strict=True)])
        torch.testing.assert_close(together, alone)


def test_convolution_first_used_in_inference_trains_after_it():
    layer = Conv2d(1, 5, 3)
    with torch.inference_mode():
        layer(torch.rand(2, 1, 9, 9))
    images = torch.rand(2, 1, 9, 9, requires_grad=True)
    layer(images).sum().backward()
    assert images.grad is not None
    assert layer.weight.grad is not None


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

"""Convolution, batch norm over both digits, and dropout with masks from outside, against torch's own layers."""

from functools import partial

import pytest
import torch
from torch import nn

from pipeline.engine.layers import Conv2d, Dropout, Flatten, Layers
from tests.made_up import short_run

NETWORK = short_run("basenet").network

# channels in and out, image size, kernel, padding
CONVOLUTIONS = {
    "torchs": [(4, 5, 6, 3, 1), (4, 5, 3, 3, 1), (32, 8, 6, 3, 0), (32, 32, 7, 3, 1)],
    "covering": [(4, 5, 3, 3, 0), (2, 5, 2, 2, 0)],
    "gathered": [(1, 5, 6, 3, 0), (2, 5, 6, 3, 1), (1, 5, 5, 1, 0)],
    "winograd": [(32, 32, 6, 3, 0), (32, 40, 7, 3, 0), (32, 32, 5, 3, 1)],
}
EVERY_CONVOLUTION = pytest.mark.parametrize(
    ("way", "channels", "outputs", "side", "kernel", "padding"),
    [(way, *shape) for way, shapes in CONVOLUTIONS.items() for shape in shapes],
)


@EVERY_CONVOLUTION
def test_convolution_is_computed_the_way_its_shape_says(way, channels, outputs, side, kernel, padding):
    layer, ways = Conv2d(channels, outputs, kernel, padding=padding), []
    for name in ("_covering", "_gathered", "_winograd"):
        computed = getattr(layer, name)
        setattr(layer, name, lambda *args, name=name, computed=computed: ways.append(name[1:]) or computed(*args))
    layer(torch.rand(3, channels, side, side))
    assert ways == ([] if way == "torchs" else [way])


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@EVERY_CONVOLUTION
def test_convolution_is_torchs(way, channels, outputs, side, kernel, padding, memory_format):
    """Same output, and same gradients of images, weights and biases, whichever way it is computed."""
    ours = Conv2d(channels, outputs, kernel, padding=padding).double().to(memory_format=memory_format)
    torchs = nn.Conv2d(channels, outputs, kernel, padding=padding).double()
    torchs.load_state_dict(ours.state_dict())
    images = torch.randn(7, channels, side, side, dtype=torch.double).to(memory_format=memory_format)
    found = []
    for layer in (ours, torchs):
        read = images.clone().requires_grad_()
        output = layer(read)
        output.sin().sum().backward()  # a gradient that differs from place to place
        found.append([output, read.grad, layer.weight.grad, layer.bias.grad])
    torch.testing.assert_close(*found)


@EVERY_CONVOLUTION
def test_convolution_of_many_sets_of_weights(way, channels, outputs, side, kernel, padding):
    """Under vmap, as on CUDA: each set of weights reads its own images, and learns from its own."""
    layers = [Conv2d(channels, outputs, kernel, padding=padding).double() for _ in range(3)]
    images = torch.randn(3, 7, channels, side, side, dtype=torch.double)
    weights, _ = torch.func.stack_module_state(layers)
    together = torch.vmap(partial(torch.func.functional_call, layers[0]))(weights, images)
    alone = torch.stack([layer(own) for layer, own in zip(layers, images, strict=True)])
    torch.testing.assert_close(together, alone)
    for output in (together, alone):
        output.sin().sum().backward()
    torch.testing.assert_close(weights["weight"].grad, torch.stack([layer.weight.grad for layer in layers]))


@pytest.mark.parametrize("side", [6, 7])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_winograd_in_single_precision(side, memory_format):
    """Its rounding is coarser than torch's, and still small."""
    layer = Conv2d(128, 128, 3).to(memory_format=memory_format)
    images = torch.randn(20, 128, side, side).to(memory_format=memory_format)
    exact = nn.functional.conv2d(images.double(), layer.weight.double(), layer.bias.double())
    assert (layer(images) - exact).norm() / exact.norm() < 1e-5
    assert ((layer(images) - exact).abs().max() / exact.abs().max()) < 1e-4


def test_winograd_is_left_out_where_numbers_have_few_digits():
    layer, images = Conv2d(32, 32, 3), torch.randn(4, 32, 6, 6)
    with torch.autocast("cpu", torch.bfloat16):
        ours, torchs = layer(images), nn.functional.conv2d(images, layer.weight, layer.bias)
    assert ours.dtype == torch.bfloat16
    assert torch.equal(ours, torchs)


@pytest.mark.parametrize(
    "unsupported", [{"stride": 2}, {"dilation": 2}, {"groups": 2}, {"padding_mode": "circular"}, {"bias": False}]
)
def test_convolution_refuses_what_it_would_ignore(unsupported):
    with pytest.raises(ValueError, match=f"not {next(iter(unsupported))}"):
        Conv2d(4, 4, 3, **unsupported)


@pytest.mark.parametrize("shape", [{"kernel_size": (3, 1)}, {"kernel_size": 3, "padding": "same"}])
def test_convolution_refuses_what_is_not_square(shape):
    with pytest.raises(ValueError, match="one number each"):
        Conv2d(4, 4, **shape)


@pytest.mark.parametrize("stacked", [False, True])
def test_flatten_is_torchs_with_its_gradient_in_channels_last(stacked):
    """Also under vmap."""
    images = torch.randn(3, 2, 4, 5, 5, requires_grad=True)
    flatten = torch.vmap(Flatten()) if stacked else lambda images: torch.stack([Flatten()(own) for own in images])
    assert torch.equal(flatten(images), images.flatten(2))
    (gradient,) = torch.autograd.grad((flatten(images) ** 2).sum(), images)
    torch.testing.assert_close(gradient, 2 * images)
    maps = torch.randn(2, 4, 5, 5, requires_grad=True)
    pooled = nn.functional.max_pool2d(maps, 1)
    pooled.register_hook(lambda gradient: layouts.append(gradient.is_contiguous(memory_format=torch.channels_last)))
    layouts = []
    Flatten()(pooled).sum().backward()
    assert layouts == [True]


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
    images, ours = folded(*shape), Layers(NETWORK, images=2).batch_norm(4, "together")
    torchs = (nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d)(4)
    torch.testing.assert_close(ours(images), torchs(images))
    torch.testing.assert_close(state(ours), state(torchs))
    torch.testing.assert_close(ours.eval()(images), torchs.eval()(images))


@pytest.mark.parametrize("shape", [(8, 4), (8, 4, 3, 3)])
def test_in_turn_is_one_layer_called_for_each_digit(shape):
    images, ours = folded(*shape), Layers(NETWORK, images=2).batch_norm(4, "in_turn")
    torchs = (nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d)(4)
    torch.testing.assert_close(ours(images), torch.cat([torchs(images[:4]), torchs(images[4:])]))
    torch.testing.assert_close(state(ours), state(torchs))
    torch.testing.assert_close(ours.eval()(images), torchs.eval()(images))


@pytest.mark.parametrize("shape", [(8, 4), (8, 4, 3, 3)])
def test_apart_is_a_layer_for_each_digit(shape):
    images, ours = folded(*shape), Layers(NETWORK, images=2).batch_norm(4, "apart")
    torchs = [(nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d)(4) for _ in range(2)]
    halves = images.chunk(2)
    torch.testing.assert_close(
        ours(images), torch.cat([layer(half) for layer, half in zip(torchs, halves, strict=True)])
    )
    for mine, torchs_own in zip(ours.layers, torchs, strict=True):
        torch.testing.assert_close(state(mine), state(torchs_own))


@pytest.mark.parametrize("statistics", ["together", "in_turn", "apart"])
def test_an_encoder_of_one_digit_has_plain_batch_norm(statistics):
    layer = Layers(NETWORK, images=1).batch_norm(4, statistics)
    torch.testing.assert_close(layer(folded(8, 4)), nn.BatchNorm1d(4)(folded(8, 4)))


def test_dropout_uses_the_mask_only_in_training():
    layer, features = Dropout(0.5, features=3), torch.ones(2, 3)
    layer.mask = torch.tensor([[2.0, 0.0, 2.0], [0.0, 0.0, 2.0]])
    assert torch.equal(layer(features), layer.mask)
    assert torch.equal(layer.eval()(features), features)


def test_dropout_without_a_mask_is_torchs():
    torch.manual_seed(0)
    dropped = Dropout(0.3, features=100_000)(torch.ones(1, 100_000))
    assert dropped.eq(0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert dropped.mean().item() == pytest.approx(1, abs=0.01)

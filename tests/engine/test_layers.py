"""Convolution and batch norm over both digits, against torch's own layers."""

import pytest
import torch
from torch import nn

from pipeline.engine.layers import Conv2d, Layers
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


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@EVERY_CONVOLUTION
def test_convolution_is_torchs(way, channels, outputs, side, kernel, padding, memory_format):
    """Same output, and same gradients of images, weights and biases, whichever way its shape has it computed."""
    ours, ways = Conv2d(channels, outputs, kernel, padding=padding).double().to(memory_format=memory_format), []
    for name in ("_covering", "_gathered", "_winograd"):
        computed = getattr(ours, name)
        setattr(ours, name, lambda *args, name=name, computed=computed: ways.append(name[1:]) or computed(*args))
    torchs = nn.Conv2d(channels, outputs, kernel, padding=padding).double()
    torchs.load_state_dict(ours.state_dict())
    images = torch.randn(7, channels, side, side, dtype=torch.double).to(memory_format=memory_format)
    found = []
    for layer in (ours, torchs):
        read = images.clone().requires_grad_()
        output = layer(read)
        output.sin().sum().backward()  # a gradient that differs from place to place
        found.append([output, read.grad, layer.weight.grad, layer.bias.grad])
    assert ways == ([] if way == "torchs" else [way])
    torch.testing.assert_close(*found)


@pytest.mark.parametrize("side", [6, 7])
def test_winograd_in_single_precision(side):
    """Its rounding is coarser than torch's, and still small."""
    layer, images = Conv2d(128, 128, 3), torch.randn(20, 128, side, side)
    exact = nn.functional.conv2d(images.double(), layer.weight.double(), layer.bias.double())
    assert (layer(images) - exact).norm() / exact.norm() < 1e-5
    assert ((layer(images) - exact).abs().max() / exact.abs().max()) < 1e-4


@pytest.mark.parametrize("shape", [(8, 4), (8, 4, 3, 3)])
@pytest.mark.parametrize("statistics", ["together", "in_turn", "apart"])
def test_batch_norm_is_torchs_over_both_digits_in_turn_or_apart(shape, statistics):
    images, ours = torch.randn(*shape), Layers(NETWORK, images=2).batch_norm(4, statistics)
    images[4:] += 5  # the second digits' statistics differ
    torchs = [(nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d)(4) for _ in range(2)]
    first, second = torchs if statistics == "apart" else torchs[:1] * 2

    def torchs_output():
        return first(images) if statistics == "together" else torch.cat([first(images[:4]), second(images[4:])])

    torch.testing.assert_close(ours(images), torchs_output())
    for layer in (ours, *torchs):
        layer.eval()
    torch.testing.assert_close(ours(images), torchs_output())  # with the running statistics

"""Report 0's "Deep FC": five hidden layers read a digit, three compare. Its two-channel form is this study's own."""

from itertools import pairwise

from torch import nn

from pipeline.engine.layers import Layers
from pipeline.engine.network import Encoder


def encoder(layers: Layers) -> Encoder:
    return Encoder(trunk(196, layers), digit_head=nn.Linear(20, 10), code=nn.Identity())


def trunk(inputs: int, layers: Layers) -> nn.Module:
    return nn.Sequential(nn.Flatten(), *hidden(inputs, 300, 100, 70, 30, 20, layers=layers))  # (N, 20)


def comparator(layers: Layers) -> nn.Module:
    return nn.Sequential(*hidden(20, 30, 20, 10, layers=layers), nn.Linear(10, 2))


def two_channel(layers: Layers) -> nn.Module:
    return nn.Sequential(trunk(392, layers), nn.Linear(20, 2))


def hidden(*widths: int, layers: Layers) -> list[nn.Module]:
    """Fully connected layers of these widths, the first being the input's."""
    return [
        module
        for inputs, outputs in pairwise(widths)
        for module in (nn.Linear(inputs, outputs), layers.batch_norm(outputs), nn.ReLU(), layers.dropout(outputs))
    ]

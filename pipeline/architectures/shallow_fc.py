"""Report 0's "Shallow FC": one hidden layer of 500 units reads a digit. Its two-channel form is this study's own."""

from torch import nn

from pipeline.engine.layers import Layers
from pipeline.engine.network import Encoder


def encoder(layers: Layers) -> Encoder:
    return Encoder(trunk(196, layers), digit_head=nn.Linear(500, 10), code=nn.Identity())


def trunk(inputs: int, layers: Layers) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),  # (N, inputs)
        *(nn.Linear(inputs, 500), layers.batch_norm(500), nn.ReLU(), layers.dropout(500)),
    )


def comparator(layers: Layers) -> nn.Module:
    return nn.Sequential(nn.Linear(20, 50), layers.batch_norm(50), nn.ReLU(), nn.Linear(50, 2))


def two_channel(layers: Layers) -> nn.Module:
    return nn.Sequential(trunk(392, layers), nn.Linear(500, 2))

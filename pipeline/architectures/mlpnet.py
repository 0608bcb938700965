"""Report 4's "MLPNet": the comparator reads each digit's probabilities."""

from torch import nn

from pipeline.engine.layers import Layers
from pipeline.engine.network import Encoder


def encoder(layers: Layers) -> Encoder:
    return Encoder(trunk(196, layers), digit_head=nn.Linear(84, 10), code=nn.Softmax(dim=-1))


def trunk(inputs: int, layers: Layers) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),  # (N, inputs)
        *(nn.Linear(inputs, 200), nn.ReLU(), layers.batch_norm(200, "in_turn")),  # (N, 200)
        *(nn.Linear(200, 84), nn.ReLU(), layers.batch_norm(84, "in_turn")),  # (N, 84)
    )


def comparator(layers: Layers) -> nn.Module:
    return nn.Sequential(
        *(nn.Linear(20, 200), nn.ReLU(), layers.batch_norm(200), layers.dropout(200)),
        *(nn.Linear(200, 84), nn.ReLU(), layers.batch_norm(84), layers.dropout(84)),
        nn.Linear(84, 1),
    )


def two_channel(layers: Layers) -> nn.Module:
    return nn.Sequential(trunk(392, layers), nn.Linear(84, 1))

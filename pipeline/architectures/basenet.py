"""Report 1's "BaseNet": with weight sharing, each digit keeps its own batch norm layers."""

from torch import nn

from pipeline.engine.layers import Layers
from pipeline.engine.network import Encoder


def encoder(layers: Layers) -> Encoder:
    code = nn.Sequential(layers.batch_norm(10, "apart"), nn.ReLU(), layers.dropout(10))
    return Encoder(trunk(1, layers), digit_head=nn.Linear(200, 10), code=code)


def trunk(channels: int, layers: Layers) -> nn.Module:
    return nn.Sequential(  # (N, channels, 14, 14)
        *(
            layers.conv(channels, 32, 3),
            nn.MaxPool2d(2),
            layers.batch_norm(32, "apart"),
            nn.ReLU(),
        ),  # (N, 32, 6, 6)
        *(layers.conv(32, 64, 3), nn.MaxPool2d(2), layers.batch_norm(64, "apart"), nn.ReLU()),  # (N, 64, 2, 2)
        layers.flatten(),  # (N, 256)
        *(nn.Linear(256, 200), layers.batch_norm(200, "apart"), nn.ReLU(), layers.dropout(200)),  # (N, 200)
    )


def comparator(layers: Layers) -> nn.Module:
    return nn.Sequential(
        *(nn.Linear(20, 200), layers.batch_norm(200), nn.ReLU(), layers.dropout(200)),
        nn.Linear(200, 2),
    )


def two_channel(layers: Layers) -> nn.Module:
    return nn.Sequential(trunk(2, layers), nn.Linear(200, 2))

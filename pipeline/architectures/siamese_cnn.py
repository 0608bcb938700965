"""Report 3's "Siamese network" and, for both images at once, its "CNN" of twice as many channels."""

from torch import nn

from pipeline.engine.layers import Layers
from pipeline.engine.network import Encoder


def encoder(layers: Layers) -> Encoder:
    return Encoder(trunk(1, 16, 50, layers), digit_head=nn.Linear(50, 10), code=nn.ReLU())


def trunk(channels: int, width: int, hidden: int, layers: Layers) -> nn.Module:
    return nn.Sequential(  # (N, channels, 14, 14)
        *(layers.conv(channels, width, 3), nn.ReLU(), layers.batch_norm(width, "in_turn")),  # (N, width, 12, 12)
        *(
            layers.conv(width, 2 * width, 3),
            nn.ReLU(),
            layers.batch_norm(2 * width, "in_turn"),
        ),  # (N, 2 width, 10, 10)
        *(nn.MaxPool2d(2), layers.flatten()),  # (N, 50 width)
        *(nn.Linear(50 * width, hidden), nn.ReLU(), layers.dropout(hidden)),  # (N, hidden)
    )


def comparator(layers: Layers) -> nn.Module:
    return nn.Sequential(nn.Linear(20, 25), nn.ReLU(), nn.Linear(25, 2))


def two_channel(layers: Layers) -> nn.Module:
    return nn.Sequential(trunk(2, 32, 25, layers), nn.Linear(25, 2))

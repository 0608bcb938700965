"""Report 0's "ConvNet": four convolutions and one hidden layer read a digit. Its two-channel form is this study's.

The report pools after ReLU, this network before it: the same numbers and gradients, of fewer ReLUs.
"""

from torch import nn

from pipeline.engine.layers import Layers
from pipeline.engine.network import Encoder


def encoder(layers: Layers) -> Encoder:
    return Encoder(trunk(1, layers), digit_head=nn.Linear(100, 10), code=nn.Identity())


def trunk(channels: int, layers: Layers) -> nn.Module:
    return nn.Sequential(  # (N, channels, 14, 14)
        *(layers.conv(channels, 16, 3, padding=1), layers.batch_norm(16), nn.ReLU()),  # (N, 16, 14, 14)
        *(layers.conv(16, 32, 3), layers.batch_norm(32), nn.MaxPool2d(2), nn.ReLU()),  # (N, 32, 6, 6)
        *(layers.conv(32, 64, 3, padding=1), layers.batch_norm(64), nn.ReLU()),  # (N, 64, 6, 6)
        *(layers.conv(64, 64, 3), layers.batch_norm(64), nn.MaxPool2d(4), nn.ReLU()),  # (N, 64, 1, 1)
        layers.flatten(),  # (N, 64)
        *(nn.Linear(64, 100), layers.batch_norm(100), nn.ReLU(), layers.dropout(100)),  # (N, 100)
    )


def comparator(layers: Layers) -> nn.Module:
    return nn.Sequential(nn.Linear(20, 32), layers.batch_norm(32), nn.ReLU(), nn.Linear(32, 2))


def two_channel(layers: Layers) -> nn.Module:
    return nn.Sequential(trunk(2, layers), nn.Linear(100, 2))

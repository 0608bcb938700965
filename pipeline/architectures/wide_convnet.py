"""Report 2's "ConvNetBase" and "ConvNetSep": 256 channels; the digit head is a side branch.

The comparator reads a projection of the features, not the digit logits. The two-channel form is this study's own.
"""

from torch import nn

from pipeline.engine.layers import Layers
from pipeline.engine.network import Encoder


def encoder(layers: Layers) -> Encoder:
    digit_head = nn.Sequential(nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10))
    return Encoder(trunk(1, layers), digit_head, code=projection(), code_reads="features")


def trunk(channels: int, layers: Layers) -> nn.Module:
    def pool() -> nn.Module:
        return nn.MaxPool2d(2, padding=1)

    return nn.Sequential(  # (N, channels, 14, 14)
        *(layers.conv(channels, 128, 3), nn.ReLU(), layers.batch_norm(128), pool()),  # (N, 128, 7, 7)
        *(layers.conv(128, 256, 3), nn.ReLU(), layers.batch_norm(256), pool()),  # (N, 256, 3, 3)
        *(layers.conv(256, 256, 3), nn.ReLU(), layers.batch_norm(256), pool()),  # (N, 256, 1, 1)
        *(nn.Flatten(), layers.dropout(256)),  # (N, 256)
    )


def projection() -> nn.Module:
    return nn.Sequential(nn.Linear(256, 16), nn.ReLU())


def comparator(layers: Layers) -> nn.Module:
    return nn.Linear(32, 1)


def two_channel(layers: Layers) -> nn.Module:
    return nn.Sequential(trunk(2, layers), projection(), nn.Linear(16, 1))

"""Report 3's "Resnet block": two convolutions with a shortcut around them, and one hidden layer.

The report pools after the block's last ReLU, this network before it: the same numbers and gradients, of fewer ReLUs.
"""

import torch
from torch import Tensor, nn

from pipeline.engine.layers import Layers
from pipeline.engine.network import Encoder


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions to 16 channels, added to a 1x1 convolution of the input; then max-pooling.

    Each digit passes through it in turn, so that batch norm takes it by itself.
    """

    def __init__(self, channels: int, layers: Layers):
        super().__init__()
        self.main = nn.Sequential(
            *(layers.conv(channels, 16, 3, padding=1), layers.batch_norm(16), nn.ReLU(inplace=True)),
            *(layers.conv(16, 16, 3, padding=1), layers.batch_norm(16)),
        )
        self.shortcut = nn.Sequential(layers.conv(channels, 16, 1), layers.batch_norm(16))
        self.pool = nn.MaxPool2d(2)
        self.images = layers.images

    def forward(self, images: Tensor) -> Tensor:
        """(N, channels, 14, 14) -> (N, 16, 7, 7)."""
        return torch.cat(
            [self.pool(self.main(digit).add_(self.shortcut(digit))) for digit in images.chunk(self.images)]
        )


def encoder(layers: Layers) -> Encoder:
    return Encoder(trunk(1, layers), digit_head=nn.Linear(80, 10), code=nn.ReLU())


def trunk(channels: int, layers: Layers) -> nn.Module:
    return nn.Sequential(
        *(ResidualBlock(channels, layers), nn.ReLU(), layers.flatten()),  # (N, 784)
        *(nn.Linear(784, 80), nn.ReLU(), layers.dropout(80)),  # (N, 80)
    )


def comparator(layers: Layers) -> nn.Module:
    return nn.Linear(20, 2)


def two_channel(layers: Layers) -> nn.Module:
    return nn.Sequential(trunk(2, layers), nn.Linear(80, 2))

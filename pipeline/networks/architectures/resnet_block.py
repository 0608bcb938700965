"""Report 3's "Resnet block": two convolutions with a shortcut around them, and one hidden layer.

The report pools after the block's last ReLU, this network before it: the same numbers and gradients, of fewer ReLUs.
"""

import torch
from torch import Tensor, nn

from pipeline.networks.layers import Conv2d, Flatten, Layers
from pipeline.networks.pair_network import Encoder


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions to 16 channels, added to a 1x1 convolution of the input; then max-pooling.

    Each digit passes through it in turn, so that batch norm takes it by itself.
    """

    def __init__(self, channels: int, layers: Layers):
        super().__init__()
        self.main = nn.Sequential(
            *(Conv2d(channels, 16, 3, padding=1), layers.batch_norm(16), nn.ReLU(inplace=True)),
            *(Conv2d(16, 16, 3, padding=1), layers.batch_norm(16)),
        )
        self.shortcut = nn.Sequential(Conv2d(channels, 16, 1), layers.batch_norm(16))
        self.pool = nn.MaxPool2d(2)
        self.digits = layers.digits

    def forward(self, images: Tensor) -> Tensor:
        """(N, channels, 14, 14) -> (N, 16, 7, 7)."""
        return torch.cat(
            [self.pool(self.main(digit).add_(self.shortcut(digit))) for digit in images.chunk(self.digits)]
        )


def encoder(layers: Layers) -> Encoder:
    return Encoder(trunk(1, layers), digit_head=nn.Linear(80, 10), code=nn.ReLU())


def trunk(channels: int, layers: Layers) -> nn.Module:
    return nn.Sequential(
        *(ResidualBlock(channels, layers), nn.ReLU(), Flatten()),  # (N, 784)
        *(nn.Linear(784, 80), nn.ReLU(), layers.dropout(80)),  # (N, 80)
    )


def comparator(layers: Layers) -> nn.Module:
    return nn.Linear(20, 2)


def two_channel(layers: Layers) -> nn.Module:
    return nn.Sequential(trunk(2, layers), nn.Linear(80, 2))

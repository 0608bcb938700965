"""Report 3's "Resnet block": two convolutions with a shortcut around them, and one hidden layer."""

from torch import Tensor, nn

from pipeline.networks.layers import Conv2d, Layers
from pipeline.networks.pair_network import Encoder


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions to 16 channels, added to a 1x1 convolution of the input; the size stays."""

    def __init__(self, channels: int, layers: Layers):
        super().__init__()
        self.main = nn.Sequential(
            *(Conv2d(channels, 16, 3, padding=1), layers.batch_norm(16, "in_turn"), nn.ReLU()),
            *(Conv2d(16, 16, 3, padding=1), layers.batch_norm(16, "in_turn")),
        )
        self.shortcut = nn.Sequential(Conv2d(channels, 16, 1), layers.batch_norm(16, "in_turn"))

    def forward(self, images: Tensor) -> Tensor:
        return (self.main(images) + self.shortcut(images)).relu()  # (N, channels, 14, 14) -> (N, 16, 14, 14)


def encoder(layers: Layers) -> Encoder:
    return Encoder(trunk(1, layers), digit_head=nn.Linear(80, 10), code=nn.ReLU())


def trunk(channels: int, layers: Layers) -> nn.Module:
    return nn.Sequential(
        *(ResidualBlock(channels, layers), nn.MaxPool2d(2), nn.Flatten()),  # (N, 784)
        *(nn.Linear(784, 80), nn.ReLU(), layers.dropout(80)),  # (N, 80)
    )


def comparator(layers: Layers) -> nn.Module:
    return nn.Linear(20, 2)


def two_channel(layers: Layers) -> nn.Module:
    return nn.Sequential(trunk(2, layers), nn.Linear(80, 2))

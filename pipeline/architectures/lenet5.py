"""Report 4's "LeNet 5": the comparator reads each digit's probabilities.

The report's two-channel network has batch norm after its convolutions, the others do not; these pool before ReLU
instead of after it: the same numbers and gradients, of fewer ReLUs.
"""

from torch import nn

from pipeline.engine.layers import Layers
from pipeline.engine.network import Encoder


def encoder(layers: Layers) -> Encoder:
    return Encoder(trunk(1, layers), digit_head=nn.Linear(84, 10), code=nn.Softmax(dim=-1))


def trunk(channels: int, layers: Layers, normalized_convolutions: bool = False) -> nn.Module:
    def convolution(inputs: int, outputs: int) -> list[nn.Module]:
        if normalized_convolutions:
            return [layers.conv(inputs, outputs, 3), nn.ReLU(), layers.batch_norm(outputs), nn.MaxPool2d(2)]
        return [layers.conv(inputs, outputs, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Identity()]

    return nn.Sequential(  # (N, channels, 14, 14)
        *convolution(channels, 16),  # (N, 16, 6, 6)
        *convolution(16, 32),  # (N, 32, 2, 2)
        *(
            layers.conv(32, 120, 2),
            nn.ReLU(),
            layers.batch_norm(120) if normalized_convolutions else nn.Identity(),
        ),
        nn.Flatten(),  # (N, 120)
        *(nn.Linear(120, 84), nn.ReLU(), layers.batch_norm(84, "in_turn")),  # (N, 84)
    )


def comparator(layers: Layers) -> nn.Module:
    return nn.Sequential(
        *(nn.Linear(20, 200), nn.ReLU(), layers.dropout(200)),
        *(nn.Linear(200, 84), nn.ReLU(), layers.dropout(84)),
        nn.Linear(84, 1),
    )


def two_channel(layers: Layers) -> nn.Module:
    return nn.Sequential(trunk(2, layers, normalized_convolutions=True), nn.Linear(84, 1))

"""Report 4's "LeNet 5" with weight sharing alone, as published: the comparator reads 120 features of each digit.

`lenet5`, which is the report's with auxiliary loss, goes on to ten units a digit and compares these, and has no batch
norm after its convolutions. Here the digits have no units of their own, and there is no dropout
(vmous93/deep-learning-mini-projects, Project_1).
"""

from torch import nn

from pipeline.engine.layers import Layers
from pipeline.engine.network import Encoder


def encoder(layers: Layers) -> Encoder:
    untrained = nn.Linear(120, 10)  # the digit head that an Encoder asks for, dropped where digits are not trained
    return Encoder(trunk(layers), digit_head=untrained, code=nn.Identity(), code_reads="features")


def trunk(layers: Layers) -> nn.Module:
    return nn.Sequential(  # (N, 1, 14, 14)
        *(layers.conv(1, 16, 3), nn.ReLU(), layers.batch_norm(16, "in_turn"), nn.MaxPool2d(2)),  # (N, 16, 6, 6)
        *(layers.conv(16, 32, 3), nn.ReLU(), layers.batch_norm(32, "in_turn"), nn.MaxPool2d(2)),  # (N, 32, 2, 2)
        *(layers.conv(32, 120, 2), nn.ReLU(), layers.batch_norm(120, "in_turn")),  # (N, 120, 1, 1)
        nn.Flatten(),  # (N, 120)
    )


def comparator(layers: Layers) -> nn.Module:
    return nn.Sequential(*(nn.Linear(240, 84), nn.ReLU(), layers.batch_norm(84)), nn.Linear(84, 1))

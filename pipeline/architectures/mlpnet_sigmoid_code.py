"""Report 4's "MLPNet" with weight sharing alone, as published: the comparator reads sigmoids, and is wider.

`mlpnet`, which is the report's with auxiliary loss, has a softmax in the sigmoid's place, 84 units in the comparator's
second layer instead of 200, and dropout in both (vmous93/deep-learning-mini-projects, Project_1).
"""

from torch import nn

from pipeline.architectures.mlpnet import trunk
from pipeline.engine.layers import Layers
from pipeline.engine.network import Encoder


def encoder(layers: Layers) -> Encoder:
    return Encoder(trunk(196, layers), digit_head=nn.Linear(84, 10), code=nn.Sigmoid())


def comparator(layers: Layers) -> nn.Module:
    return nn.Sequential(
        *(nn.Linear(20, 200), nn.ReLU(), layers.batch_norm(200)),
        *(nn.Linear(200, 200), nn.ReLU(), layers.batch_norm(200)),
        nn.Linear(200, 1),
    )

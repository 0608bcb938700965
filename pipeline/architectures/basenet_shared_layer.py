"""Report 1's "BaseNetAux" as published: `basenet` with the auxiliary loss, and one hidden layer for both digits.

Separate encoders, batch norm included, but for the first one's layer from 256 to 200 units, which reads both digits
by mistake (mariegold/deeplearning c67c519). The second encoder's own is registered there and never used; here it is
not built into the network.
"""

from torch import nn

from pipeline.architectures import basenet
from pipeline.architectures._apart import Apart
from pipeline.engine.layers import Layers
from pipeline.engine.network import Encoder, PairNetwork
from pipeline.engine.run import Run

SHARED = 9  # the layer's place in basenet's trunk


def network(run: Run) -> nn.Module:
    if (run.network.encoder, run.network.answer) != ("separate", "comparator"):
        raise ValueError("basenet_shared_layer has separate encoders and a comparator, and nothing else")
    layers = Layers(run.network)
    comparator = basenet.comparator(layers)
    first, second = (basenet.encoder(layers) for _ in range(2))
    trunk = nn.Sequential(  # (2B, 1, 14, 14), the first digits, then the second
        Apart(first.trunk[:SHARED], second.trunk[:SHARED]),  # (2B, 256)
        first.trunk[SHARED],  # (2B, 200)
        Apart(first.trunk[SHARED + 1 :], second.trunk[SHARED + 1 :]),  # (2B, 200)
    )
    both = Encoder(trunk, Apart(first.digit_head, second.digit_head), Apart(first.code, second.code))
    return PairNetwork([both], comparator, latent=None, classified=run.trains_digits)

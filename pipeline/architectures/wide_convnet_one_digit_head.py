"""Report 2's "ConvNetSepAux" as published: `wide_convnet` with the auxiliary loss, one digit head for both digits.

Separate encoders and projections; the digit head alone, a side branch, is the same for both (elkoz/DL_project e5e73ef,
which crashes: its README's diagrams say what is meant).
"""

from torch import nn

from pipeline.architectures import wide_convnet
from pipeline.architectures._apart import Apart
from pipeline.engine.layers import Layers
from pipeline.engine.network import Encoder, PairNetwork
from pipeline.engine.run import Run


def network(run: Run) -> nn.Module:
    if (run.network.encoder, run.network.answer) != ("separate", "comparator"):
        raise ValueError("wide_convnet_one_digit_head has separate encoders and a comparator, and nothing else")
    layers = Layers(run.network)
    comparator = wide_convnet.comparator(layers)
    first, second = (wide_convnet.encoder(layers) for _ in range(2))
    both = Encoder(
        Apart(first.trunk, second.trunk),  # (2B, 1, 14, 14), the first digits, then the second -> (2B, 256)
        first.digit_head,  # (2B, 10)
        Apart(first.code, second.code),  # (2B, 16)
        code_reads="features",
    )
    return PairNetwork([both], comparator, latent=None, classified=run.trains_digits)

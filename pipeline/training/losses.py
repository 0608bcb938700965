"""The two losses of R runs at once. Nothing mixes the runs: each has its own mean over its own batch."""

import torch.nn.functional as F
from torch import Tensor

from pipeline.networks.pair_network import Output


def comparison_loss(output: Output, targets: Tensor) -> Tensor:
    """The loss of the answer: (R,) means over the batch, for targets (R, B) of 0 and 1.

    Cross-entropy for a comparator with two logits, binary cross-entropy for one with a single logit.
    """
    logits = output["comparison"]  # (R, B, 2) or (R, B, 1)
    if logits.shape[-1] == 1:
        losses = F.binary_cross_entropy_with_logits(logits.squeeze(-1), targets.to(logits.dtype), reduction="none")
    else:
        losses = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view_as(targets)
    return losses.mean(1)


def digit_loss(output: Output, digits: Tensor) -> Tensor:
    """The auxiliary loss: (R,) mean cross-entropies of the two digits, added; for labels (R, B, 2)."""
    logits = output["digits"]  # (R, B, 2, 10)
    losses = F.cross_entropy(logits.flatten(0, 2), digits.flatten(), reduction="none").view_as(digits)
    return losses.mean(1).sum(1)

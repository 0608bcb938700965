"""The losses of R runs at once. Nothing mixes the runs: each has its own mean over its own batch.

Shapes: R runs, B pairs a batch.
"""

import torch.nn.functional as F
from torch import Tensor

from pipeline.engine.data import Examples
from pipeline.engine.network import Output
from pipeline.engine.run import Run


def losses(output: Output, batch: Examples, run: Run) -> dict[str, Tensor]:
    """The losses that the run trains on, (R,) each, by their names in results; "loss" is what training lessens."""
    found = {}
    if run.network.answer != "digits":
        found["comparison_loss"] = comparison_loss(output["comparison"], batch.targets, run.protocol.answer_loss)
    if run.trains_digits:
        reads = run.protocol.digit_loss_reads
        found["aux_loss"] = digit_loss(output["digits"], batch.digits, reads, batch.labelled)
    if len(found) == 2:
        return found | {"loss": found["comparison_loss"] + run.protocol.aux_weight * found["aux_loss"]}
    (only,) = found.values()
    return found | {"loss": only}


def comparison_loss(logits: Tensor, targets: Tensor, kind: str = "cross_entropy") -> Tensor:
    """The loss of the answer: (R,) means over the batch, from logits (R, B, 2) of no and yes, or (R, B, 1) of yes.

    `kind` is `Protocol.answer_loss`.
    """
    if kind == "squared_error":
        probability = logits.softmax(-1)[..., 1] if logits.shape[-1] == 2 else logits.squeeze(-1).sigmoid()
        return (probability - targets.to(logits.dtype)).square().mean(1)
    if logits.shape[-1] == 1:
        found = F.binary_cross_entropy_with_logits(logits.squeeze(-1), targets.to(logits.dtype), reduction="none")
    else:
        found = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view_as(targets)
    return found.mean(1)


def digit_loss(logits: Tensor, digits: Tensor, reads: str = "logits", labelled: Tensor | None = None) -> Tensor:
    """The auxiliary loss: (R,) mean cross-entropies of the two digits, added; from logits (R, B, 2, 10).

    `reads` is `Protocol.digit_loss_reads`: cross-entropy that takes probabilities for logits is bounded, and its
    gradients are small. `labelled` (R, B, 2), 1 or 0: which digits' labels are known. The others count as a loss of 0
    in the mean, so that a known one weighs the same however many are known.
    """
    if reads == "probabilities":
        logits = logits.softmax(-1)
    found = F.cross_entropy(logits.flatten(0, 2), digits.flatten(), reduction="none").view_as(digits)
    return (found if labelled is None else found * labelled).mean(1).sum(1)

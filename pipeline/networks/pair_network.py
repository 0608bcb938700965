"""Networks that compare two digits: what a technique makes of an architecture's parts.

An architecture is a module of `pipeline.networks.architectures` with three functions, each of which takes the recipe's
`Layers` and returns a module:

    encoder(layers)      an Encoder: images (N, 1, 14, 14) -> code (N, K) and digit logits (N, 10)
    comparator(layers)   both codes, concatenated (B, 2K) -> (B, 2) logits of "no" and "yes", or (B, 1) logit of "yes"
    two_channel(layers)  pairs (B, 2, 14, 14) -> the same, from one network that reads both images at once

Yes means that the first digit is less than or equal to the second.
"""

import importlib
from typing import Literal

import torch
from torch import Tensor, nn

from pipeline.networks.layers import Layers
from pipeline.params import Combo
from pipeline.script import StudyError

Output = dict[str, Tensor]  # "comparison": (B, 2) or (B, 1) logits; "digits": (B, 2, 10) logits; absent where untrained


class Encoder(nn.Module):
    """Reads digits: the trunk's features give digit logits, and what the comparator sees.

    `code_reads` says what `code` is a function of: the digit logits (four of the five reports) or the trunk's features,
    which makes the digit head a side branch (report 2).
    """

    def __init__(
        self,
        trunk: nn.Module,
        digit_head: nn.Module,
        code: nn.Module,
        code_reads: Literal["digits", "features"] = "digits",
    ):
        super().__init__()
        self.trunk = trunk
        self.digit_head: nn.Module | None = digit_head
        self.code: nn.Module | None = code
        self.code_reads = code_reads

    def drop_untrained(self, compared: bool, classified: bool) -> None:
        """Drop the layers that no loss reaches, so that they are neither counted nor run."""
        if not compared:
            self.code = None
        if not classified and self.code_reads == "features":
            self.digit_head = None

    def forward(self, images: Tensor) -> tuple[Tensor | None, Tensor | None]:
        features = self.trunk(images)  # (N, 1, 14, 14) -> (N, F)
        digits = self.digit_head(features) if self.digit_head is not None else None  # (N, 10)
        read = digits if self.code_reads == "digits" else features
        return (self.code(read) if self.code is not None else None), digits  # (N, K), (N, 10)


class PairNetwork(nn.Module):
    """One encoder that reads both images, or an encoder for each; then a comparator, unless the digits answer."""

    def __init__(self, encoders: list[Encoder], comparator: nn.Module | None, classified: bool):
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        self.comparator = comparator
        self.classified = classified
        for encoder in encoders:
            encoder.drop_untrained(compared=comparator is not None, classified=classified)

    def forward(self, pairs: Tensor) -> Output:
        first_images, second_images = pairs.unsqueeze(2).unbind(1)  # (B, 2, 14, 14) -> twice (B, 1, 14, 14)
        if len(self.encoders) == 1:  # weight sharing: the pair folded into the batch
            codes, digits = self.encoders[0](torch.cat([first_images, second_images]))  # (2B, K), (2B, 10)
            codes = codes.chunk(2) if codes is not None else None
            digits = digits.chunk(2) if digits is not None else None
        else:
            encodings = [
                encoder(images) for encoder, images in zip(self.encoders, (first_images, second_images), strict=True)
            ]
            codes, digits = zip(*encodings, strict=True)
        output = {}
        if self.comparator is not None:
            output["comparison"] = self.comparator(torch.cat(codes, dim=1))  # (B, 2K) -> (B, 2) or (B, 1)
        if self.classified:
            output["digits"] = torch.stack(digits, dim=1)  # (B, 2, 10)
        return output


class TwoChannelNetwork(nn.Module):
    """One network that reads both images at once and encodes no single digit."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, pairs: Tensor) -> Output:
        return {"comparison": self.network(pairs)}


def build(combo: Combo) -> nn.Module:
    """The network of one run, with fresh weights from torch's global generator.

    Techniques start as alike as they can: the comparator draws its weights first, then the first encoder, then the
    second, so that those of one seed are the same in every technique that has them.

    Raises StudyError if no module of `pipeline.networks.architectures` has the architecture's name.
    """
    architecture = _architecture(combo.architecture)
    switches = combo.switches
    if switches.encoder == "two_channel":
        return TwoChannelNetwork(architecture.two_channel(Layers(combo.recipe)))
    comparator = architecture.comparator(Layers(combo.recipe))
    if switches.encoder == "shared":
        encoders = [architecture.encoder(Layers(combo.recipe, digits=2))]
    else:
        encoders = [architecture.encoder(Layers(combo.recipe)) for _ in range(2)]
    by_digits = switches.answer == "digits"
    return PairNetwork(encoders, None if by_digits else comparator, classified=by_digits or combo.has_aux_loss)


def answers(output: Output) -> Tensor:
    """The network's answers (..., B), True for first <= second: the likelier one, or by the two likeliest digits."""
    if "comparison" not in output:
        first, second = output["digits"].argmax(-1).unbind(-1)
        return first <= second
    logits = output["comparison"]  # (..., B, 2) or (..., B, 1)
    return logits[..., -1] > (logits[..., 0] if logits.shape[-1] == 2 else 0)


def count_parameters(network: nn.Module) -> int:
    """How many trainable weights the network has."""
    return sum(parameter.numel() for parameter in network.parameters())


def _architecture(name: str):
    module = f"pipeline.networks.architectures.{name}"
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise StudyError(
            f"params.yaml: architectures.{name}: no network of that name; write {module.replace('.', '/')}.py"
        ) from None

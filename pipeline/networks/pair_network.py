"""Networks that compare two digits: what a technique makes of an architecture's parts.

An architecture is a module of `pipeline.networks.architectures` with three functions, each of which takes `Layers`
and returns a module:

    encoder(layers)      an Encoder: images (N, 1, 14, 14) -> code (N, K) and digit logits (N, 10)
    comparator(layers)   both codes, concatenated (B, 2K) -> (B, 2) logits of "no" and "yes", or (B, 1) logit of "yes"
    two_channel(layers)  pairs (B, 2, 14, 14) -> the same, from one network that reads both images at once

or, where a network is not made of these parts, with one: network(run), a module from pairs (B, 2, 14, 14) to Output.
Yes means that the first digit is less than or equal to the second.
"""

import importlib
from typing import Literal

import torch
from torch import Tensor, nn

from pipeline.networks.layers import Layers
from pipeline.run import Run

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


class LatentDigits(nn.Module):
    """Answers by the digits that the images may show, without weights of its own.

    With digit probabilities p of the first image and q of the second, P(first <= second) is the sum of p_i q_j over
    i <= j. All in logarithms, so that no probability can be lost to 0.
    """

    def __init__(self):
        super().__init__()
        first, second = torch.meshgrid(torch.arange(10), torch.arange(10), indexing="ij")
        yes = (first <= second).flatten()
        self.register_buffer("yes", yes.nonzero().squeeze(1), persistent=False)  # (55,), places in the joint table
        self.register_buffer("no", (~yes).nonzero().squeeze(1), persistent=False)  # (45,)

    def forward(self, digits: Tensor) -> Tensor:
        """Digit logits (B, 2, 10) to log probabilities (B, 2) of "no" and "yes"."""
        first, second = _not_coarse(digits).log_softmax(-1).unbind(1)
        joint = (first.unsqueeze(2) + second.unsqueeze(1)).flatten(1)  # (B, 10 x 10)
        return torch.stack([joint[:, places].logsumexp(1) for places in (self.no, self.yes)], dim=1)


class PairNetwork(nn.Module):
    """One encoder that reads both images, or an encoder for each; what they read is compared, unless digits answer."""

    def __init__(
        self, encoders: list[Encoder], comparator: nn.Module | None, latent: LatentDigits | None, classified: bool
    ):
        """At most one of `comparator` and `latent` answers; `classified`: whether the output has the digits' logits."""
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        self.comparator = comparator
        self.latent = latent
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
        if self.classified:
            output["digits"] = _not_coarse(torch.stack(digits, dim=1))  # (B, 2, 10)
        if self.comparator is not None:
            output["comparison"] = _not_coarse(self.comparator(torch.cat(codes, dim=1)))  # (B, 2K) -> (B, 2) or (B, 1)
        elif self.latent is not None:
            output["comparison"] = self.latent(output["digits"])
        return output


class TwoChannelNetwork(nn.Module):
    """One network that reads both images at once and encodes no single digit."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, pairs: Tensor) -> Output:
        return {"comparison": _not_coarse(self.network(pairs))}


def build(run: Run) -> nn.Module:
    """The network of one run, with fresh weights from torch's global generator.

    Techniques start as alike as they can: the comparator draws its weights first, then the first encoder, then the
    second, so that those of one seed are the same in every technique that has them.

    Raises ModuleNotFoundError if no module of `pipeline.networks.architectures` has the architecture's name.
    """
    parts, network = importlib.import_module(f"pipeline.networks.architectures.{run.network.architecture}"), run.network
    if hasattr(parts, "network"):
        return parts.network(run)
    if network.encoder == "two_channel":
        return TwoChannelNetwork(parts.two_channel(Layers(network)))
    comparator = parts.comparator(Layers(network))
    if network.encoder == "shared":
        encoders = [parts.encoder(Layers(network, images=2))]
    else:
        encoders = [parts.encoder(Layers(network)) for _ in range(2)]
    latent = LatentDigits() if network.answer == "latent_digits" else None
    return PairNetwork(
        encoders,
        comparator if network.answer == "comparator" else None,
        latent,
        classified=run.trains_digits or latent is not None,
    )


def answers(output: Output) -> Tensor:
    """The network's answers (..., B), True for first <= second: the likelier one, or by the two likeliest digits."""
    if "comparison" not in output:
        return readout(output["digits"].argmax(-1))
    logits = output["comparison"]  # (..., B, 2) or (..., B, 1)
    return logits[..., -1] > (logits[..., 0] if logits.shape[-1] == 2 else 0)


def readout(digits: Tensor) -> Tensor:
    """The answers (..., B) that two digits (..., B, 2) give."""
    return digits[..., 0] <= digits[..., 1]


def count_parameters(network: nn.Module) -> int:
    """How many trainable weights the network has."""
    return sum(parameter.numel() for parameter in network.parameters())


def _not_coarse(logits: Tensor) -> Tensor:
    """Logits in single precision where autocast computed them in half."""
    return logits.float() if logits.dtype in (torch.bfloat16, torch.float16) else logits

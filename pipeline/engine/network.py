"""Networks that compare two digits: what a technique makes of an architecture's parts.

An architecture is a module of `pipeline.architectures` with three functions, each of which takes `Layers`
and returns a module:

    encoder(layers)      an Encoder: images (N, 1, 14, 14) -> code (N, K) and digit logits (N, 10)
    comparator(layers)   both codes, concatenated (B, 2K) -> (B, 2) logits of "no" and "yes", or (B, 1) logit of "yes"
    two_channel(layers)  pairs (B, 2, 14, 14) -> the same, from one network that reads both images at once

or, where a network is not made of these parts, with one: network(run), a module from pairs (B, 2, 14, 14) to Output.
Yes means that the first digit is less than or equal to the second.
"""

import copy
import importlib
from typing import Literal

import torch
from torch import Tensor, nn

from pipeline.engine.errors import StudyError
from pipeline.engine.layers import Dropout, Layers
from pipeline.engine.run import Network, Run

Output = dict[str, Tensor]  # "comparison": (B, 2) or (B, 1) logits; "digits": (B, 2, 10) logits; absent where untrained
DIGITS = 10
HIDDEN = 100  # units of the comparator that `Network.comparator` calls hidden


class Encoder(nn.Module):
    """Reads digits: the trunk's features give digit logits, and what the comparator sees.

    `code_reads` says what `code` is a function of: the digit logits (four of the five reports) or the trunk's features,
    which makes the digit head a side branch (report 2). `Network.comparator_reads` may ask for another code.
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

    @property
    def gives(self) -> str:
        """What the comparator reads, by the name that `Network.comparator_reads` has for it; "own" if it has none."""
        names = {nn.Identity: "logits", nn.Softmax: "probabilities"}
        return names.get(type(self.code), "own") if self.code_reads == "digits" else "own"

    def give(self, code: Literal["own", "logits", "probabilities"]) -> None:
        """Have the comparator read this; its own code otherwise stays as the architecture has it."""
        if code != "own":
            self.code = nn.Softmax(dim=-1) if code == "probabilities" else nn.Identity()
            self.code_reads = "digits"

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
    second, so that those of one seed are the same in every technique that has them. A comparator other than the
    architecture's own draws last, for the same reason.

    Raises ModuleNotFoundError if no module of `pipeline.architectures` has the architecture's name.
    """
    parts, network = _parts(run.network), run.network
    if hasattr(parts, "network"):
        if (network.comparator_reads, network.comparator) != ("own", "own"):
            raise StudyError(
                f"{network.architecture}: its comparator cannot be changed; leave comparator fields at own"
            )
        return parts.network(run)
    if network.encoder == "two_channel":
        return TwoChannelNetwork(parts.two_channel(Layers(network)))
    comparator = parts.comparator(Layers(network))
    if network.encoder == "shared":
        encoders = [parts.encoder(Layers(network, images=2))]
    else:
        encoders = [parts.encoder(Layers(network)) for _ in range(2)]
    for encoder in encoders:
        encoder.give(network.comparator_reads)
    latent = LatentDigits() if network.answer == "latent_digits" else None
    return PairNetwork(
        encoders,
        _comparator_as_asked(comparator, network) if network.answer == "comparator" else None,
        latent,
        classified=run.trains_digits or latent is not None,
    )


def canonical(run: Run) -> Run:
    """The same run, described by as few fields away from their defaults as can be.

    Runs that differ in words alone become equal: an architecture's own comparator by another name, a comparator's
    fields where none answers, digit labels where none is trained on, none of them (which is no auxiliary loss) or all.
    """
    network, data, changes = run.network, run.data, {}
    if network.answer != "comparator" or network.encoder == "two_channel":
        changes |= {"network.comparator_reads": "own", "network.comparator": "own"}
    elif (network.comparator_reads, network.comparator) != ("own", "own"):
        parts, layers = _parts(network), Layers(network)
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            if network.comparator_reads == parts.encoder(layers).gives:
                changes["network.comparator_reads"] = "own"
            if network.comparator == "linear" and isinstance(parts.comparator(layers), nn.Linear):
                changes["network.comparator"] = "own"
    if not run.trains_digits or (data.digit_labels or 0) >= data.train_pairs:
        changes["data.digit_labels"] = None
    elif data.digit_labels == 0 and run.protocol.aux_weight is not None:
        changes |= {"data.digit_labels": None, "protocol.aux_weight": None}
    return run.with_fields(changes) if changes else run


def refuse_own_randomness(network: nn.Module, architecture: str) -> None:
    """StudyError if the network, in training, draws random numbers that are not the run's own.

    They would come from torch's global generator, so that the same run would give other numbers each time.
    """
    trial = copy.deepcopy(network).train()
    for layer in trial.modules():
        if isinstance(layer, Dropout):
            layer.mask = torch.ones(1, layer.features)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        before = torch.get_rng_state()
        trial(torch.zeros(2, 2, 14, 14, dtype=next(trial.parameters()).dtype))
        if not torch.equal(torch.get_rng_state(), before):
            raise StudyError(
                f"pipeline/architectures/{architecture}.py: draws random numbers of its own (nn.Dropout?), which no "
                "seed decides; use layers.dropout(features)"
            )


def _parts(network: Network):
    """The architecture's module."""
    return importlib.import_module(f"pipeline.architectures.{network.architecture}")


def _comparator_as_asked(own: nn.Module, network: Network) -> nn.Module:
    """The architecture's own comparator, or what the fields of its network ask for: with as many inputs as it reads."""
    linear = [(name, layer) for name, layer in own.named_modules() if isinstance(layer, nn.Linear)]
    if (network.comparator_reads, network.comparator) == ("own", "own") or not linear:
        return own
    (name, first), (_, last) = linear[0], linear[-1]
    inputs = first.in_features if network.comparator_reads == "own" else 2 * DIGITS
    if network.comparator == "linear":
        return nn.Linear(inputs, last.out_features)
    if network.comparator == "hidden":
        return nn.Sequential(nn.Linear(inputs, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, last.out_features))
    if inputs == first.in_features:
        return own
    fitted = nn.Linear(inputs, first.out_features)
    if not name:  # it is all that the comparator has
        return fitted
    own.set_submodule(name, fitted)
    return own


def answers(output: Output) -> Tensor:
    """The network's answers (..., B), True for first <= second: the likelier one, or by the two likeliest digits."""
    if "comparison" not in output:
        return digits_answer(output["digits"].argmax(-1))
    logits = output["comparison"]  # (..., B, 2) or (..., B, 1)
    return logits[..., -1] > (logits[..., 0] if logits.shape[-1] == 2 else 0)


def digits_answer(digits: Tensor) -> Tensor:
    """The answers (..., B) that two digits (..., B, 2) give."""
    return digits[..., 0] <= digits[..., 1]


def count_parameters(network: nn.Module) -> int:
    """How many trainable weights the network has."""
    return sum(parameter.numel() for parameter in network.parameters())


def _not_coarse(logits: Tensor) -> Tensor:
    """Logits in single precision where autocast computed them in half."""
    return logits.float() if logits.dtype in (torch.bfloat16, torch.float16) else logits

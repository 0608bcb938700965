"""A run is a value: everything that decides its numbers, and nothing else.

A `Run` is frozen, complete and JSON-able. The study, its annexes, the benchmark and the tests are lists of runs, and
`pipeline.engine.loop.train` is a function of them. A field beyond the study's own protocol (what published code does
otherwise, or what an annex varies) has the study's value as its default, and is left out of the digest while at it:
results that were made before a field existed stay known.
"""

import hashlib
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Value(BaseModel):
    """Frozen; no unknown key, no silent conversion, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Network(_Value):
    """What is trained: an architecture, and what a technique makes of it."""

    architecture: str = Field(pattern=r"^[a-z][a-z0-9_]*$")  # a module of pipeline/architectures
    encoder: Literal["two_channel", "separate", "shared"]  # one net reads both images; one per image; one for both
    # Who answers: a comparator that reads both encodings; the two likeliest digits, compared; or the probability,
    # summed over all pairs of digits i <= j, that the images show i and j.
    answer: Literal["comparator", "digits", "latent_digits"]
    batch_norm: bool  # where the architecture's report has it
    dropout: float = Field(ge=0, lt=1)  # probability, where the architecture's report has it
    # What the comparator reads of each digit: what the architecture's report gives it, or the digit logits, or their
    # softmax (with gradient).
    comparator_reads: Literal["own", "logits", "probabilities"] = "own"
    comparator: Literal["own", "linear", "hidden"] = "own"  # the report's; one layer; one hidden layer of 100 ReLUs

    @model_validator(mode="after")
    def _digits_need_encoders(self) -> "Network":
        if self.encoder == "two_channel" and self.answer != "comparator":
            raise ValueError(f"answer {self.answer} needs an encoder per image, two_channel has none")
        return self


class Protocol(_Value):
    """How a run is trained and tested."""

    optimizer: Literal["adam", "sgd"]
    learning_rate: float = Field(gt=0)  # per step
    batch_size: int = Field(ge=1)  # pairs a step; the last step of an epoch takes what is left
    epochs: int = Field(ge=1)
    # loss = comparison loss + aux_weight x (digit loss of image 1 + of image 2); None: digits are not trained beside
    # the answer. An answer by `digits` trains on the digits alone.
    aux_weight: float | None = Field(default=None, ge=0)
    # tf32: of CUDA's matrix products. bf16: autocast. fp64: to compare two ways of computing the same.
    precision: Literal["fp32", "tf32", "bf16", "fp64"] = "fp32"
    schedule: Literal["constant", "cosine"] = "constant"  # cosine: epoch by epoch down half a cosine, towards 0
    # Pixels by which a pair is shifted for a test, at most and in every direction: the answer is that of the mean
    # probabilities over all (2 n + 1)^2 views. 0: tested as it is.
    test_shift: int = Field(default=0, ge=0, le=3)

    # Deviations of published code, by report.
    # Cross-entropy is minus the logarithm of the probability of the right answer: from one logit, it is the binary
    # cross-entropy. Report 4 takes the squared error of the probability of "yes".
    answer_loss: Literal["cross_entropy", "squared_error"] = "cross_entropy"
    # Reports 2 and 4 give probabilities to a loss that takes logits, so that softmax is applied twice.
    digit_loss_reads: Literal["logits", "probabilities"] = "logits"
    optimizer_memory: Literal["kept", "renewed_each_step"] = "kept"  # renewed: report 4
    batch_order: Literal["shuffled", "fixed"] = "shuffled"  # fixed: all reports
    # Report 3 sets evaluation mode for its first test and never unsets it: batch norm learns no more statistics.
    training_mode: Literal["train", "frozen_after_first_test"] = "train"
    # Pairs a batch, if the network is tested in training mode: batch norm by the test batch's own statistics, dropout
    # on (report 4, 200). None: tested in evaluation mode, where the batch makes no difference.
    test_in_training_mode: int | None = Field(default=None, ge=1)


class Draw(_Value):
    """Which pairs: the number-th that are drawn, training then test, from a generator with this seed."""

    seed: int = Field(ge=0)
    number: int = Field(default=1, ge=1)  # the course's data code seeds once, and every call draws anew


class Fold(_Value):
    """Fold `index` (from 0) of `count` equal parts of the training pairs, in their order."""

    index: int = Field(ge=0)
    count: int = Field(ge=2)

    @model_validator(mode="after")
    def _exists(self) -> "Fold":
        if self.index >= self.count:
            raise ValueError(f"fold {self.index} of {self.count}: folds are numbered from 0")
        return self


class Augment(_Value):
    """Small affine changes of each training image, each drawn evenly from minus to plus its bound at every epoch."""

    shift: float = Field(ge=0, le=7)  # pixels, along rows and along columns
    rotation: float = Field(ge=0, le=180)  # degrees
    scale: float = Field(ge=0, lt=100)  # percent


class Data(_Value):
    """Which pairs a run is trained and tested on."""

    source: str  # the data set, as params.yaml names it
    draw: Draw
    train_pairs: int = Field(ge=2)  # the first so many of the draw
    test_pairs: int = Field(ge=1)
    standardize: bool  # pixels by mean and standard deviation of the run's training pairs; else raw, 0 to 255
    fold: Fold | None = None  # tested on this fold of the training pairs and trained on the others; None: on test pairs
    # renewed: at every epoch the run's training images are paired anew, and the target follows from their labels.
    pairing: Literal["drawn", "renewed"] = "drawn"
    # How many training pairs, the first so many, have digit labels. Each weighs in the digit loss what it weighs where
    # all have them. None: all.
    digit_labels: int | None = Field(default=None, ge=0)
    augment: Augment | None = None


class Run(_Value):
    """One network, trained and tested once."""

    network: Network
    protocol: Protocol
    data: Data
    seed: int = Field(ge=0)  # of its initial weights, batch order, dropout, renewed pairs and augmentation
    weights_seed: int | None = Field(default=None, ge=0)  # of the initial weights, where they have one of their own

    @model_validator(mode="after")
    def _losses_exist(self) -> "Run":
        if self.protocol.aux_weight is not None and self.network.encoder == "two_channel":
            raise ValueError("two_channel encodes no single digit to classify: aux_weight must be None")
        if self.protocol.aux_weight is not None and self.network.answer == "digits":
            raise ValueError("answer digits trains on the digits alone: aux_weight must be None")
        return self

    @property
    def trains_digits(self) -> bool:
        """Whether a digit's label is part of the loss."""
        return self.protocol.aux_weight is not None or self.network.answer == "digits"

    def with_fields(self, fields: dict[str, object]) -> "Run":
        """This run with other values of some fields, named `part.field`, as in {"data.pairing": "renewed"}.

        Raises ValueError if there is no such field, or it cannot have the value.
        """
        values = self.model_dump()
        for name, value in fields.items():
            part, _, field = name.rpartition(".")
            of_part = values if not part else values.get(part)
            if not isinstance(of_part, dict) or field not in of_part:
                raise ValueError(f"a run has no field {name}")
            of_part[field] = value
        return Run.model_validate(values)

    def digest(self) -> str:
        """64 hexadecimal digits that two runs share only if they are equal."""
        return hashlib.sha256(self.model_dump_json(exclude_defaults=True).encode()).hexdigest()

    def stack_key(self) -> "Run":
        """What runs have in common that can be trained as one network with many sets of weights: all but the seeds."""
        draw = self.data.draw.model_copy(update={"seed": 0, "number": 1})
        data = self.data.model_copy(update={"draw": draw})
        return self.model_copy(update={"data": data, "seed": 0, "weights_seed": None})


def pairs_digest(run: Run, of_draws: dict[str, dict[Draw, str]]) -> str:
    """16 hexadecimal digits of the pairs that a run sees; `of_draws`: by split (train, test), the digest of each draw.

    Raises KeyError if the run's draw is not among them.
    """
    splits = ("train", "test") if run.data.fold is None else ("train",)
    joined = "/".join(of_draws[split][run.data.draw] for split in splits)
    return hashlib.sha256(joined.encode()).hexdigest()[:16]

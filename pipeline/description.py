"""A description: all that decides the numbers of runs but for their seeds, on one level, so that two can be compared.

The replication describes each published row so, and each of the study's combos; where they differ is a departure.
"""

from typing import Literal

from pydantic import Field

from pipeline.params import Params
from pipeline.run import Data, Draw, Network, Protocol, Run

# Nothing but batch norm and dropout tells the two modes apart.
OF_MODES = {"training_mode", "test_in_training_mode"}


class Description(Network, Protocol):
    """All that decides the numbers of a row's runs, but for their seeds, on one level."""

    train_pairs: int = Field(ge=2)
    test_pairs: int = Field(ge=1)
    standardize: bool
    # Drawn for each run from its seed; or this draw of seed 0, for all of them.
    pairs: Literal["each_run"] | int = "each_run"
    initial_weights: Literal["each_run", "one_for_all"] = "each_run"

    def run(self, seed: int, source: str = "mnist") -> Run:
        """The run with this seed."""
        fields = self.model_dump()
        draw = Draw(seed=seed) if self.pairs == "each_run" else Draw(seed=0, number=self.pairs)
        return Run(
            network=Network(**{name: fields[name] for name in Network.model_fields}),
            protocol=Protocol(**{name: fields[name] for name in Protocol.model_fields}),
            data=Data(
                source=source,
                draw=draw,
                train_pairs=self.train_pairs,
                test_pairs=self.test_pairs,
                standardize=self.standardize,
            ),
            seed=seed,
            weights_seed=None if self.initial_weights == "each_run" else 0,
        )

    def taking(self, other: "Description", names: tuple[str, ...]) -> "Description":
        """This description, but for these fields, which are the other's."""
        return Description(**(self.model_dump() | {name: getattr(other, name) for name in names}))

    def matters(self, names: tuple[str, ...]) -> bool:
        """Whether these fields can make a difference to its runs."""
        return not OF_MODES.issuperset(names) or self.batch_norm or self.dropout > 0


def of_study(study: Params, architecture: str, technique: str) -> Description:
    """The study's own description of this combo; StudyError if params.yaml does not list it."""
    combo = study.combo(architecture, technique)
    return Description(
        **combo.network.model_dump(),
        **combo.protocol.model_dump(),
        **study.data.model_dump(include={"train_pairs", "test_pairs"}),
        standardize=study.architectures[architecture].standardize,
    )


def words(name: str, description: Description, variants: dict[str, str]) -> str:
    """What a description has in this field, in words."""
    value = getattr(description, name)
    match name:
        case "architecture":
            return variants.get(value, "layers as there")
        case "pairs":
            return "pairs of its own for each run" if value == "each_run" else f"draw {value} of pairs for all runs"
        case "initial_weights":
            return "initial weights of its own for each run" if value == "each_run" else "one set of initial weights"
        case "test_in_training_mode":
            return f"tested in training mode, {value} pairs at a time" if value else "tested in evaluation mode"
        case "aux_weight":
            return f"aux weight {value:.4g}" if value is not None else "no auxiliary loss"
    if (name, value) in _SAID:
        return _SAID[name, value]
    if isinstance(value, bool):
        value = "on" if value else "off"
    shown = value if isinstance(value, str) else f"{value:g}"
    return f"{name.replace('_', ' ')} {shown}"


_SAID = {
    ("batch_order", "fixed"): "batches always in the same order",
    ("batch_order", "shuffled"): "batches shuffled",
    ("optimizer_memory", "renewed_each_step"): "optimizer made anew at every step",
    ("optimizer_memory", "kept"): "optimizer kept",
    ("answer_loss", "squared_error"): "squared error of the answer's probability",
    ("answer_loss", "cross_entropy"): "cross-entropy of the answer",
    ("digit_loss_reads", "probabilities"): "digit loss that takes probabilities for logits",
    ("digit_loss_reads", "logits"): "digit loss of logits",
    ("training_mode", "frozen_after_first_test"): "evaluation mode from the second epoch on",
    ("training_mode", "train"): "training mode",
}

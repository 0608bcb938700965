"""A description: all that decides the numbers of runs but for their seeds, on one level, so that two can be compared.

Each published row is described so, and each combo of the study's; a field in which they differ is a deviation.
"""

from typing import Literal

from pydantic import Field

from pipeline.engine.run import Data, Draw, Network, Protocol, Run
from pipeline.params import Params, trainable

# Nothing but batch norm and dropout behaves otherwise in the one mode than in the other.
OF_MODES = {"training_mode", "test_in_training_mode"}


class Description(Data, Protocol, Network):
    """The fields of a run, and two of their own that say how its seed enters."""

    source: str = "mnist"
    epochs: int = Field(ge=1, le=10_000)
    draw: Literal["each_run"] | int = "each_run"  # from each run's seed; or this draw of seed 0, for all of them
    initial_weights: Literal["each_run", "one_for_all"] = "each_run"

    def run(self, seed: int) -> Run:
        """The run with this seed."""
        network, protocol, data = (
            {name: getattr(self, name) for name in part.model_fields} for part in (Network, Protocol, Data)
        )
        data["draw"] = Draw(seed=seed) if self.draw == "each_run" else Draw(seed=0, number=self.draw)
        run = Run(
            network=Network(**network),
            protocol=Protocol(**protocol),
            data=Data(**data),
            seed=seed,
            weights_seed=None if self.initial_weights == "each_run" else 0,
        )
        return trainable(run)

    def runs(self, seeds: int) -> list[Run]:
        """The runs with the seeds from 0."""
        return [self.run(seed) for seed in range(seeds)]

    def taking(self, other: "Description", names: tuple[str, ...]) -> "Description":
        """This description, but for these fields, which are the other's."""
        return Description(**(self.model_dump() | {name: getattr(other, name) for name in names}))

    def matters(self, names: tuple[str, ...]) -> bool:
        """Whether these fields can make a difference to its runs."""
        return not OF_MODES.issuperset(names) or self.batch_norm or self.dropout > 0

    def differing(self, other: "Description") -> list[str]:
        """The fields in which the two differ."""
        return [name for name in type(self).model_fields if getattr(self, name) != getattr(other, name)]


def of_study(study: Params, architecture: str, technique: str) -> Description:
    """The common protocol's description of this combo; StudyError if params.yaml does not list it."""
    run = study.runs(study.combo(architecture, technique), [0])[0]
    return Description(**run.network.model_dump(), **run.protocol.model_dump(), **run.data.model_dump(exclude={"draw"}))


Words = dict[str, dict[str, str]]  # of a field, what its values are called; `any`: the others, with {} for the value


def in_words(name: str, description: Description, words: Words) -> str:
    """What a description has in this field."""
    value = getattr(description, name)
    shown = f"{value:.4g}" if isinstance(value, float) else str(value)
    of_field = words.get(name, {})
    if not {shown, "any"} & of_field.keys():
        return f"{name.replace('_', ' ')} {({'True': 'on', 'False': 'off'}).get(shown, shown)}"
    return of_field.get(shown, of_field.get("any")).format(shown)

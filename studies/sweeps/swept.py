"""What the sweeps ask for: studies/sweeps/params.yaml, typed and validated, and the runs that it lists.

A sweep is the study's runs with some fields changed. A point that changes nothing, or says an architecture's own in
other words, is the study's run, equal in every field: that is not trained again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from pipeline import params, paths
from pipeline.cli import StudyError
from pipeline.engine.run import Run
from pipeline.params import Name, Names, Params, Section, listed_once

HERE = paths.annex("sweeps")
PARAMS = HERE / "params.yaml"
REPORTS = HERE / "reports"
FIGURES = REPORTS / "figures"
PAGE = REPORTS / "index.html"


def results(architecture: str) -> Path:
    """The results of one architecture's runs, for instance studies/sweeps/reports/runs/lenet5.json."""
    return REPORTS / "runs" / f"{architecture}.json"


Value = str | bool | int | float | None  # of a field
Number = Annotated[int | float, Field(ge=0)]


class Sweep(Section):
    """One field with numbers, or named points that each set several fields."""

    title: str  # for readers
    quantity: str | None = None  # what the numbers are
    field: str | None = None
    values: Annotated[list[Number | None], Field(min_length=1), AfterValidator(listed_once)] | None = None
    points: Annotated[dict[Name, dict[str, Value]], Field(min_length=1)] | None = None
    techniques: Names
    architectures: Names | None = None
    seeds: int | None = Field(default=None, ge=1)
    epochs_times: int = Field(default=1, ge=1)
    equivalent: bool = False
    half_gain: bool = False

    @model_validator(mode="after")
    def _numbers_or_names(self) -> "Sweep":
        if (self.field is None, self.values is None) != (self.points is not None,) * 2:
            raise ValueError("give it a field and values, or else points")
        if self.values is not None and {0, None} <= set(self.values):
            raise ValueError("values: tables list null as 0; give one of the two")
        if self.values is not None and self.quantity is None:
            raise ValueError("quantity: say what its numbers are")
        if self.points is not None and (self.equivalent or self.half_gain):
            raise ValueError("equivalent and half_gain are questions about numbers; it has named points")
        if self.half_gain and not {0, None} & set(self.values):
            raise ValueError("half_gain: list 0 or null among the values; the gain is that over 0")
        return self

    @property
    def is_numeric(self) -> bool:
        return self.values is not None


class Sweeps(Section):
    architectures: Names
    seeds: int = Field(ge=1)
    fewer_seeds: dict[Name, Annotated[int, Field(ge=1)]]
    sweeps: dict[Name, Sweep] = Field(min_length=1)

    def of(self, architecture: str) -> dict[str, Sweep]:
        """The sweeps that list this architecture, by name."""
        return {name: sweep for name, sweep in self.sweeps.items() if architecture in self.architectures_of(sweep)}

    def architectures_of(self, sweep: Sweep) -> list[str]:
        """The architectures of a sweep, in the order of the stages."""
        return [name for name in self.architectures if sweep.architectures is None or name in sweep.architectures]

    def seeds_of(self, sweep: Sweep, architecture: str) -> int:
        return min(self.seeds, sweep.seeds or self.seeds, self.fewer_seeds.get(architecture, self.seeds))


@dataclass(frozen=True)
class Point:
    """A technique of an architecture at one point of a sweep, over the seeds."""

    sweep: str
    name: str  # of a number, the number
    value: float | None  # of a numeric sweep
    architecture: str
    technique: str
    own: bool  # whether these are the study's own runs
    runs: list[Run]


def load() -> tuple[Params, Sweeps]:
    """The study's params and the sweeps'; StudyError, in one line, if the sweeps ask for what the study has not."""
    study, sweeps = params.load(), params.read(PARAMS, Sweeps)
    listed = [sweep.architectures or [] for sweep in sweeps.sweeps.values()]
    for name in [*sweeps.fewer_seeds, *(name for names in listed for name in names)]:
        if name not in sweeps.architectures:
            raise StudyError(f"{PARAMS}: architectures: does not list {name}, which a sweep or fewer_seeds names")
    if sweeps.seeds > study.data.draws.seeds:
        raise StudyError(
            f"{PARAMS}: seeds: {sweeps.seeds}, but {paths.PARAMS} has pairs of {study.data.draws.seeds} (data.draws)"
        )
    found = [point for architecture in sweeps.architectures for point in points(study, sweeps, architecture)]
    for name, sweep in sweeps.sweeps.items():
        own = sorted({point.value for point in found if point.sweep == name and point.own and point.value})
        if len(own) > 1:
            raise StudyError(
                f"{PARAMS}: sweeps.{name}: {sweep.field} is {' or '.join(f'{value:g}' for value in own)} in the study, "
                f"by architecture; all numbers are compared with the study's, so give each of these a sweep of its own"
            )
    return study, sweeps


def points(study: Params, sweeps: Sweeps, architecture: str) -> Iterator[Point]:
    """All points of this architecture, sweep by sweep and technique by technique.

    Raises StudyError, which names the sweep, if a run cannot be as it asks.
    """
    for name, sweep in sweeps.of(architecture).items():
        for technique in sweep.techniques:
            combo = f"{architecture} with {technique}"
            with params.naming(f"{PARAMS}: sweeps.{name}: {combo}"):
                own = study.runs(study.combo(architecture, technique), range(sweeps.seeds_of(sweep, architecture)))
            for point, value, fields in _fields(sweep, own[0]):
                with params.naming(f"{PARAMS}: sweeps.{name}, point {point}: {combo}"):
                    fields |= {"protocol.epochs": sweep.epochs_times * own[0].protocol.epochs}
                    first = params.trainable(own[0].with_fields(fields))
                    if first.trains_digits and not own[0].trains_digits:
                        raise ValueError(f"it gives {technique} an auxiliary loss; list another technique")
                runs = [_with_seed_of(run, first) for run in own]
                yield Point(name, point, value, architecture, technique, runs == own, runs)


def _fields(sweep: Sweep, own: Run) -> list[tuple[str, float | None, dict]]:
    """The points' names, values and fields, in their order; `own`: a run of the study."""
    if sweep.points is not None:
        return [(name, None, dict(fields)) for name, fields in sweep.points.items()]
    part, _, field = sweep.field.rpartition(".")
    at_study = getattr(getattr(own, part, None), field, None)
    numbers = {*sweep.values} | ({at_study} if isinstance(at_study, int | float) else set())
    numbers = sorted(numbers, key=lambda number: number or 0)
    return [(f"{number or 0:g}", float(number or 0), {sweep.field: number}) for number in numbers]


def _with_seed_of(run: Run, other: Run) -> Run:
    """The other run, with this one's seed and draw."""
    return other.model_copy(update={"data": other.data.model_copy(update={"draw": run.data.draw}), "seed": run.seed})


def runs(study: Params, sweeps: Sweeps, architecture: str) -> list[Run]:
    """The runs of this architecture's sweeps, each once, the study's own among them."""
    return list(dict.fromkeys(run for point in points(study, sweeps, architecture) for run in point.runs))


def own_value(study: Params, sweeps: Sweeps, name: str) -> float | None:
    """The study's own number in a sweep over numbers; None if it is not among them."""
    architecture = sweeps.architectures_of(sweeps.sweeps[name])[0]
    found = points(study, sweeps, architecture)
    return next((point.value for point in found if point.sweep == name and point.own and point.value), None)

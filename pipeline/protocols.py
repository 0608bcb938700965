"""The reports' protocols: the published figures, what each report did, and the runs that do the same.

`load()` reads studies/replication/params.yaml, whose head says what its keys mean. A row's departures are where its
description differs from that of the study's combo of the same name. What a departure does is seen twice: put right
alone in the row, and made alone in the study.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from pipeline import params
from pipeline.description import Description, of_study
from pipeline.params import MEANINGS, Name, Params, Section
from pipeline.run import Run

FILE = Path("studies/replication/params.yaml")
PAIRS = Path("data/replication")  # its draws: those of more seeds than the study has, and more than one of seed 0
REPORTS = Path("reports/replication")

AS_PUBLISHED, AS_IN_STUDY = "as published", "as in the study"  # what all departures of a row are between
SOUND_MEASURE = "last_epoch"
MEASURES = {  # when accuracy is read
    SOUND_MEASURE: "after the last epoch",
    "epoch_49": "after epoch 49 of 50",
    "best_epoch": "at each run's best epoch",
    "best_epoch_of_mean": "at the best epoch of the runs' mean",
}
Measure = Literal[tuple(MEASURES)]
KnownFrom = Literal["code", "text", "inferred"]


class Departures(Section):
    seeds: int | None = Field(default=None, ge=2)
    of: list[str] | None = None


class Figure(Section):
    """One row of a published table, and what its runs have that others of their report have not."""

    name: str
    test: list[float] = Field(min_length=2, max_length=2)
    train: list[float] | None = Field(default=None, min_length=2, max_length=2)
    parameters: int = Field(ge=1)
    known_from: KnownFrom | None = None
    departures: Departures = Departures()
    has: dict[str, object] = Field(default={})
    text_has: dict[str, object] = Field(default={})


class Architecture(Section):
    departures: Departures = Departures()
    all: dict[str, object] = Field(default={})
    rows: dict[Name, Figure] = Field(min_length=1)

    @model_validator(mode="after")
    def _techniques_are_known(self) -> "Architecture":
        for name in self.rows.keys() - MEANINGS.keys():
            raise ValueError(f"rows.{name}: no technique of that name; known: {', '.join(MEANINGS)}")
        return self


class Report(Section):
    authors: str
    published_in: str
    known_from: KnownFrom
    runs: int = Field(ge=2)
    divisor: Literal["n", "n-1", "unknown"]
    printed_to: float = Field(gt=0)
    measures: list[Measure] = Field(min_length=1)
    notes: list[str] = Field(default=[])
    departures: Departures
    all: dict[str, object]
    architectures: dict[Name, Architecture] = Field(min_length=1)


@dataclass(frozen=True)
class Row:
    """A published figure, and the description of the runs behind it."""

    report: int
    architecture: str  # the study's; `description.architecture` may be a variant of it
    technique: str
    figure: Figure
    of_report: Report
    known_from: KnownFrom
    description: Description
    by_text: Description | None  # where the report's text says otherwise than its code
    departure_seeds: int
    departures_shown: tuple[tuple[str, ...], ...] | None  # None: all there are

    @property
    def key(self) -> str:
        """As the study's combo of that name."""
        return f"{self.architecture}-{self.technique}"

    def runs(self, source: str = "mnist", by_text: bool = False) -> list[Run]:
        """As many as the report made, with the seeds from 0; by its text, there are none where that agrees."""
        description = self.by_text if by_text else self.description
        return [description.run(seed, source) for seed in range(self.of_report.runs)] if description else []

    def departures(self, study: Description) -> list[tuple[str, ...]]:
        """The fields in which it departs from the study's description, each alone or in the groups that it names."""
        every = [
            (name,) for name in Description.model_fields if getattr(self.description, name) != getattr(study, name)
        ]
        return every if self.departures_shown is None else list(self.departures_shown)


class Replication(Section):
    variants: dict[Name, str]
    reports: dict[Name, Report] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_complete(self) -> "Replication":
        for row in self.rows:
            architecture = row.description.architecture
            if architecture not in {row.architecture, *self.variants}:
                raise ValueError(f"{row.key}: architecture {architecture} is not among the variants")
        return self

    @cached_property
    def rows(self) -> list[Row]:
        """Every published figure, in the file's order; ValueError names what is wrong with a description."""
        return [
            self._row(report_name, architecture_name, technique)
            for report_name, report in self.reports.items()
            for architecture_name, architecture in report.architectures.items()
            for technique in architecture.rows
        ]

    def _row(self, report_name: str, architecture_name: str, technique: str) -> Row:
        report = self.reports[report_name]
        architecture = report.architectures[architecture_name]
        figure = architecture.rows[technique]
        encoder, answer, _ = MEANINGS[technique]
        fields = {"architecture": architecture_name, "encoder": encoder, "answer": answer}
        fields |= report.all | architecture.all | figure.has
        key = f"reports.{report_name}.architectures.{architecture_name}.rows.{technique}"
        try:
            description = Description(**fields)
            by_text = Description(**(fields | figure.text_has)) if figure.text_has else None
            description.run(0)
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(f"{key}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        levels = (figure.departures, architecture.departures, report.departures)
        seeds = next((level.seeds for level in levels if level.seeds is not None), report.runs)
        shown = next((level.of for level in levels if level.of is not None), None)
        known = Description.model_fields
        for name in ({*"+".join(shown).split("+")} if shown else set()) - known.keys():
            raise ValueError(f"{key}: departures.of: {name}: no such field; known: {', '.join(known)}")
        return Row(
            report=int(report_name.removeprefix("report_")),
            architecture=architecture_name,
            technique=technique,
            figure=figure,
            of_report=report,
            known_from=figure.known_from or report.known_from,
            description=description,
            by_text=by_text,
            departure_seeds=min(seeds, report.runs),
            departures_shown=None if shown is None else tuple(tuple(names.split("+")) for names in shown),
        )


@dataclass(frozen=True)
class Changed:
    """A row's, or the study's, description with one departure put right, or made."""

    departure: tuple[str, ...]
    way: Literal["put right", "made"]
    description: Description
    other: Description  # what it then has the departure's value of: the study's where it is put right, the row's else


def path(architecture: str) -> Path:
    """Where the outcomes of an architecture's runs are."""
    return REPORTS / "runs" / f"{architecture}.json"


def load(path: Path = FILE) -> Replication:
    """Read and validate the file; StudyError names what is wrong with it."""
    return params.read(path, Replication)


def changed(row: Row, study: Description) -> list[Changed]:
    """The row with each of its departures put right alone, and the study with each made alone, where it can matter."""
    found = []
    for names in row.departures(study):
        for way, of, like in (("put right", row.description, study), ("made", study, row.description)):
            if of.matters(names):
                found.append(Changed(names, way, of.taking(like, names), like))
    return found


def runs(rows: list[Row], study: Params) -> list[Run]:
    """All runs that the rows' stage trains: theirs, and those with departures; the study's own are not among them."""
    source, wanted, trained_by_study = study.data.source, {}, set()
    for row in rows:
        own = of_study(study, row.architecture, row.technique)
        trained_by_study |= {own.run(seed, source) for seed in range(study.seeds)}
        wanted |= dict.fromkeys(row.runs(source) + row.runs(source, by_text=True))
        seeds = range(min(row.departure_seeds, study.seeds))
        for change in changed(row, own):
            wanted |= dict.fromkeys(change.description.run(seed, source) for seed in seeds)
    return [run for run in wanted if run not in trained_by_study]

"""The reports: the published figures, and what each report did to get them.

`load()` reads studies/replication/params.yaml, whose head says what its keys mean.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from pipeline import params, paths
from pipeline.engine.run import Run
from pipeline.params import MEANINGS, Name, Params, Section, said
from studies.replication.description import Description, Words, of_study

FOLDER = paths.annex("replication")
FILE = FOLDER / "params.yaml"
LAST_EPOCH = "last_epoch"
MEASURES = {  # when accuracy is read
    LAST_EPOCH: "after the last epoch",
    "epoch_49": "after epoch 49 of 50",
    "best_epoch": "at each run's best epoch",
    "best_epoch_of_mean": "at the best epoch of the runs' mean",
}
MOST_RUNS = 1_000
Measure = Literal[tuple(MEASURES)]
KnownFrom = Literal["code", "text", "inferred"]
Percent = Annotated[float, Field(ge=0, le=100)]
MeanAndStd = Annotated[list[Percent], Field(min_length=2, max_length=2)]


def _numbered(name: str) -> str:
    number = name.removeprefix("report_")
    if number == name or not (number.isascii() and number.isdigit()) or str(int(number)) != number:
        raise ValueError("a report is named report_ and its number, for instance report_5")
    return name


def _known_technique(name: str) -> str:
    if name not in MEANINGS:
        raise ValueError(
            f"no such technique; name a row by the one of {', '.join(MEANINGS)} that has its encoder, answer and loss, "
            "and put what else it has under `has`"
        )
    return name


class Deviations(Section):
    seeds: int | None = Field(default=None, ge=2, le=MOST_RUNS)
    of: list[str] | None = None


class Figure(Section):
    """One row of a published table, and what its runs have that others of their report have not."""

    name: str
    test: MeanAndStd
    train: MeanAndStd | None = None
    parameters: int = Field(ge=1)
    known_from: KnownFrom | None = None
    deviations: Deviations = Deviations()
    has: dict[str, object] = Field(default={})
    text_has: dict[str, object] = Field(default={})


class Architecture(Section):
    report: str
    deviations: Deviations = Deviations()
    all: dict[str, object] = Field(default={})
    rows: dict[Annotated[str, AfterValidator(_known_technique)], Figure] = Field(min_length=1)


class Report(Section):
    authors: str
    published_in: str
    repository: str
    commit: str
    known_from: KnownFrom
    runs: int = Field(ge=2, le=MOST_RUNS)
    divisor: Literal["n", "n-1", "unknown"]
    printed_to: float = Field(gt=0, le=100)
    measures: list[Measure] = Field(min_length=1)
    notes: list[str] = Field(default=[])
    deviations: Deviations
    all: dict[str, object]


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
    deviation_seeds: int
    deviations_tried: tuple[tuple[str, ...], ...] | None  # None: all there are

    @property
    def key(self) -> str:
        """As the study's combo of that name."""
        return f"{self.architecture}-{self.technique}"

    @property
    def names(self) -> dict[str, object]:
        """What tells it apart from other rows, by column."""
        return {"report": self.report, "architecture": self.architecture, "technique": self.technique}

    def common(self, study: Params) -> Description:
        """What the study's combo of that name does."""
        return of_study(study, self.architecture, self.technique)

    def runs(self, by_text: bool = False) -> list[Run]:
        """As many as the report made, with the seeds from 0; by its text, there are none where that agrees."""
        description = self.by_text if by_text else self.description
        return description.runs(self.of_report.runs) if description else []


class Replication(Section):
    words: Words
    reports: dict[Annotated[str, AfterValidator(_numbered)], Report] = Field(min_length=1)
    architectures: dict[Name, Architecture] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_complete(self) -> "Replication":
        for name, architecture in self.architectures.items():
            if architecture.report not in self.reports:
                raise ValueError(f"architectures.{name}.report: {architecture.report} is not among the reports")
        for row in self.rows:
            name = row.description.architecture
            if name not in {row.architecture, *self.words.get("architecture", {})}:
                raise ValueError(f"{row.key}: architecture {name} is not among words.architecture")
        return self

    @cached_property
    def rows(self) -> list[Row]:
        """Every published figure: architectures as the file lists them, techniques in the order of MEANINGS.

        ValueError names what is wrong with a description.
        """
        return [
            self._row(name, technique)
            for name, architecture in self.architectures.items()
            for technique in sorted(architecture.rows, key=list(MEANINGS).index)
        ]

    def _row(self, architecture_name: str, technique: str) -> Row:
        architecture = self.architectures[architecture_name]
        report, figure = self.reports[architecture.report], architecture.rows[technique]
        key = f"architectures.{architecture_name}.rows.{technique}"
        encoder, answer, _ = MEANINGS[technique]
        fields = {"architecture": architecture_name, "encoder": encoder, "answer": answer}
        fields |= report.all | architecture.all | figure.has
        description = _described(key, fields)
        levels = (figure.deviations, architecture.deviations, report.deviations)
        seeds = next((level.seeds for level in levels if level.seeds is not None), report.runs)
        tried = next((tuple(tuple(names.split("+")) for names in level.of) for level in levels if level.of), None)
        for name in {name for names in tried or () for name in names} - Description.model_fields.keys():
            known = ", ".join(Description.model_fields)
            raise ValueError(f"{key}: deviations.of: {name}: no such field; known: {known}")
        return Row(
            report=int(architecture.report.removeprefix("report_")),
            architecture=architecture_name,
            technique=technique,
            figure=figure,
            of_report=report,
            known_from=figure.known_from or report.known_from,
            description=description,
            by_text=_described(key, fields | figure.text_has) if figure.text_has else None,
            deviation_seeds=min(seeds, report.runs),
            deviations_tried=tried,
        )


def _described(key: str, fields: dict[str, object]) -> Description:
    """The description with these fields; ValueError, under this key of the file, says what is wrong with one."""
    try:
        description = Description(**fields)
        description.run(0)
    except ValueError as error:
        raise ValueError(f"{key}: {said(error)}") from None
    return description


def load(path: Path = FILE) -> Replication:
    """Read and validate the file; StudyError names what is wrong with it."""
    return params.read(path, Replication)


def results(architecture: str) -> Path:
    """Where the results of what an architecture's rows ask for are."""
    return FOLDER / "reports/runs" / f"{architecture}.json"

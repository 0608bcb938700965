"""What the sweeps ask for: studies/sweeps/params.yaml, typed and validated, and the runs that it lists.

A sweep is the study's runs with one field changed. At the study's own value that is the study's run, equal in every
field, and so is the run without auxiliary loss: these are not trained again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from pipeline import params, paths
from pipeline.params import Names, Number, Params, Section, listed_once
from pipeline.run import Run
from pipeline.script import StudyError

PARAMS = Path("studies/sweeps/params.yaml")
REPORTS = paths.REPORTS / "sweeps"
FIGURES = REPORTS / "figures"
PAGE = REPORTS / "index.html"
NO_AUX_LOSS = 0.0  # in place of an aux_weight, in tables and figures


def outcomes_file(architecture: str) -> Path:
    """The outcomes of one architecture's swept runs, for instance reports/sweeps/runs/lenet5.json."""
    return REPORTS / "runs" / f"{architecture}.json"


Weight = Annotated[Number, Field(gt=0, le=1_000)]
PairCount = Annotated[int, Field(ge=2)]


class AuxWeights(Section):
    values: Annotated[list[Weight], AfterValidator(listed_once)]
    techniques: Names


class PairCounts(Section):
    values: Annotated[list[PairCount], AfterValidator(listed_once)]
    techniques: Names


class Sweeps(Section):
    architectures: Names
    seeds: int = Field(ge=1)
    aux_weight: AuxWeights
    train_pairs: PairCounts


@dataclass(frozen=True)
class Point:
    """A technique of an architecture at one value of a sweep, over the seeds."""

    sweep: str  # aux_weight or train_pairs: what is swept
    architecture: str
    technique: str
    value: float  # NO_AUX_LOSS for the technique without its auxiliary loss
    runs: Sequence[Run]


def load() -> tuple[Params, Sweeps]:
    """The study's params and the sweeps'; StudyError, in one line, if the sweeps ask for what the study has not."""
    study, sweeps = params.load(), params.read(PARAMS, Sweeps)
    try:
        for architecture in sweeps.architectures:
            for technique in (*sweeps.aux_weight.techniques, *sweeps.train_pairs.techniques):
                study.combo(architecture, technique)
    except StudyError as error:
        raise StudyError(f"{PARAMS} lists a name that is not known: {error}") from None
    for technique in sweeps.aux_weight.techniques:
        if technique not in study.techniques.auxiliary:
            raise StudyError(
                f"{PARAMS}: aux_weight.techniques: {technique} has no auxiliary loss; "
                f"list one of {', '.join(study.techniques.auxiliary) or 'none: there is no such technique'}"
            )
    if study.aux_weight == NO_AUX_LOSS:
        raise StudyError(f"{paths.PARAMS}: aux_weight: 0 is no point of a sweep over factors; set one above 0")
    if sweeps.seeds > study.seeds:
        raise StudyError(
            f"{PARAMS}: seeds: {sweeps.seeds}, but {paths.PARAMS} has {study.seeds}; lower it, or raise those"
        )
    for architecture in sweeps.architectures:
        recipe = study.architectures[architecture]
        for count in sweeps.train_pairs.values:
            if recipe.batch_norm and count % recipe.batch_size == 1:
                raise StudyError(
                    f"{PARAMS}: train_pairs.values: {count} leaves {architecture} a last batch of one, which batch "
                    f"norm cannot use; choose another number than a multiple of {recipe.batch_size} and one"
                )
    return study, sweeps


def aux_weights(study: Params, sweeps: Sweeps) -> list[float]:
    """The swept weights in their order, the study's among them."""
    return sorted({*sweeps.aux_weight.values, study.aux_weight})


def pair_counts(study: Params, sweeps: Sweeps) -> list[int]:
    """The swept numbers of training pairs in their order, the study's among them."""
    return sorted({*sweeps.train_pairs.values, study.data.train_pairs})


def points(study: Params, sweeps: Sweeps, architecture: str) -> Iterator[Point]:
    """All points of both sweeps of this architecture, technique by technique, values in their order."""
    for technique in sweeps.aux_weight.techniques:
        for weight in (NO_AUX_LOSS, *aux_weights(study, sweeps)):
            of_protocol = {"aux_weight": None if weight == NO_AUX_LOSS else weight}
            runs = [
                run.model_copy(update={"protocol": run.protocol.model_copy(update=of_protocol)})
                for run in _runs(study, sweeps, architecture, technique)
            ]
            yield Point("aux_weight", architecture, technique, weight, runs)
    for technique in sweeps.train_pairs.techniques:
        for count in pair_counts(study, sweeps):
            runs = [
                run.model_copy(update={"data": run.data.model_copy(update={"train_pairs": count})})
                for run in _runs(study, sweeps, architecture, technique)
            ]
            yield Point("train_pairs", architecture, technique, count, runs)


def _runs(study: Params, sweeps: Sweeps, architecture: str, technique: str) -> list[Run]:
    """The study's runs of this combo, of the seeds that are swept."""
    return study.runs(study.combo(architecture, technique))[: sweeps.seeds]


def runs(study: Params, sweeps: Sweeps, architecture: str) -> list[Run]:
    """The runs of this architecture's sweeps, each once."""
    return list(dict.fromkeys(run for point in points(study, sweeps, architecture) for run in point.runs))

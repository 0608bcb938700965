"""What the tuning asks for: studies/tuning/params.yaml, typed and validated, and where the tuning's files lie.

The candidates are in `candidates`, the rungs that they climb in `halving`, the runs on test pairs in `retrained`.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from pipeline import params, paths
from pipeline.params import Name, Names, Number, Params, Recipe, Section
from pipeline.script import StudyError

PARAMS = Path("studies/tuning/params.yaml")
REPORTS = paths.REPORTS / "tuning"
FIGURES = REPORTS / "figures"
PAGE = REPORTS / "index.html"
PAIRS = paths.DATA / "tuning"  # training pairs alone
STUDY, BEST, ONE_STANDARD_ERROR = "study", "best", "one_standard_error"  # recipes: params.yaml's; by either rule
SEARCHED = ("learning_rate", "batch_size", "dropout", "batch_norm")  # fields of a recipe that candidates differ in


def outcomes_file(stage: str, architecture: str) -> Path:
    """The outcomes of one stage's runs: searched, confirmed or leaked; e.g. reports/tuning/searched/lenet5.json."""
    return REPORTS / stage / f"{architecture}.json"


class Draws(Section):
    first: int = Field(ge=0)
    last: int = Field(ge=0)


class Space(Section):
    learning_rate_decades: Number = Field(ge=0, le=4)
    batch_size: Annotated[list[Annotated[int, Field(ge=2)]], Field(min_length=1)]
    most_dropout: Number = Field(ge=0, lt=1)
    least_aux_weight: Number = Field(gt=0, le=1_000)
    most_aux_weight: Number = Field(gt=0, le=1_000)

    @model_validator(mode="after")
    def _has_room(self) -> "Space":
        if self.least_aux_weight > self.most_aux_weight:
            raise ValueError("least_aux_weight is above most_aux_weight")
        return self


class Rung(Section):
    candidates: int = Field(ge=2)
    epochs: int = Field(ge=1)  # times the report's
    splits: int = Field(ge=1)


class Grid(Section):
    technique: Name
    seeds: int = Field(ge=2)
    grid: dict[Name, Annotated[list[bool | int | float], Field(min_length=1)]] = Field(min_length=1)


class Tuning(Section):
    architectures: Names
    techniques: Names
    draws: Draws
    pairs: int = Field(ge=4)
    folds: int = Field(ge=2)
    space: Space
    sampler_seed: int = Field(ge=0)
    rungs: Annotated[list[Rung], Field(min_length=1)]
    smoothing: int = Field(ge=1)
    seeds: int = Field(ge=1)
    leaking: dict[Name, Grid]

    @property
    def splits(self) -> list[tuple[int, int]]:
        """Every seed of a draw with every fold."""
        return [(seed, fold) for seed in range(self.draws.first, self.draws.last + 1) for fold in range(self.folds)]

    @property
    def fitted_pairs(self) -> int:
        """How many pairs a candidate is trained on."""
        return self.pairs - self.pairs // self.folds

    def splits_of(self, rung: int) -> list[tuple[int, int]]:
        """The splits that this rung (from 0) judges by: those after the rung before's, round about."""
        start = sum(before.splits for before in self.rungs[:rung])
        return [self.splits[place % len(self.splits)] for place in range(start, start + self.rungs[rung].splits)]

    @model_validator(mode="after")
    def _rungs_narrow(self) -> "Tuning":
        if self.draws.last < self.draws.first:
            raise ValueError("draws.last is below draws.first")
        if self.pairs % self.folds:
            raise ValueError(f"pairs: {self.pairs} are no {self.folds} equal folds")
        for number, rung in enumerate(self.rungs):
            if number and rung.candidates > self.rungs[number - 1].candidates:
                raise ValueError(f"rungs.{number}.candidates: {rung.candidates} are more than the rung before has")
            if rung.splits > len(self.splits):
                raise ValueError(f"rungs.{number}.splits: {rung.splits} of {len(self.splits)} splits (draws x folds)")
        return self


def load() -> tuple[Params, Tuning]:
    """The study's params and the tuning's; StudyError, in one line, if the tuning asks for what the study has not."""
    study, tuning = params.load(), params.read(PARAMS, Tuning)
    try:
        for architecture in tuning.architectures:
            for technique in tuning.techniques:
                study.combo(architecture, technique)
        for architecture, of_grid in tuning.leaking.items():
            study.combo(architecture, of_grid.technique)
    except StudyError as error:
        raise StudyError(f"{PARAMS} lists a name that is not known: {error}") from None
    if tuning.draws.first < study.seeds:
        raise StudyError(
            f"{PARAMS}: draws.first: {tuning.draws.first} is one of the study's seeds, 0 to {study.seeds - 1}; the "
            "choice must not see their pairs: raise it"
        )
    for where, seeds in {"": tuning.seeds, **{f"leaking.{k}.": g.seeds for k, g in tuning.leaking.items()}}.items():
        if seeds > study.seeds:
            raise StudyError(f"{PARAMS}: {where}seeds: {seeds}, but {paths.PARAMS} has {study.seeds}; lower it")
    for architecture in tuning.architectures:
        _check_space(study, tuning, architecture)
    for architecture, of_grid in tuning.leaking.items():
        _check_grid(study, architecture, of_grid)
    return study, tuning


def _check_space(study: Params, tuning: Tuning, architecture: str) -> None:
    """StudyError if a candidate of this architecture could not be trained."""
    own, space = study.architectures[architecture], tuning.space
    if own.learning_rate * 10**space.learning_rate_decades > 10:
        raise StudyError(f"{PARAMS}: space.learning_rate_decades: {architecture}'s rates would exceed 10; lower it")
    for batch_size in (*space.batch_size, own.batch_size):
        for count in (tuning.fitted_pairs, study.data.train_pairs):
            if count % batch_size == 1:
                raise StudyError(
                    f"{PARAMS}: {count} training pairs leave a last batch of one with batch size {batch_size}, which "
                    f"batch norm cannot use ({architecture}); change space.batch_size or pairs"
                )


def _check_grid(study: Params, architecture: str, of_grid: Grid) -> None:
    """StudyError if the grid names what no recipe has, or a value that it may not have."""
    place, recipe = f"{PARAMS}: leaking.{architecture}.grid", study.architectures[architecture].model_dump()
    for field, values in of_grid.grid.items():
        if field == "aux_weight" and of_grid.technique in study.techniques.auxiliary:
            continue
        if field not in recipe:
            raise StudyError(f"{place}.{field}: nothing that {architecture} with {of_grid.technique} has")
        for value in values:
            try:
                Recipe.model_validate(recipe | {field: value})
            except ValidationError:
                raise StudyError(f"{place}.{field}: {value!r} is none of its values") from None

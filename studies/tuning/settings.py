"""What the tuning asks for: studies/tuning/params.yaml, typed and validated, and where the tuning's files lie."""

import math
from itertools import product
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline import params, paths
from pipeline.analysis.tables import Tables
from pipeline.cli import StudyError
from pipeline.params import Name, Names, Params, Section
from studies.tuning import halving, recipes
from studies.tuning.halving import Candidate
from studies.tuning.plan import Plan

FOLDER = paths.annex("tuning")
PARAMS = FOLDER / "params.yaml"
REPORTS = FOLDER / "reports"
FIGURES = REPORTS / "figures"
PAGE = REPORTS / "index.html"
TABLES = Tables(REPORTS, Path(__file__).with_name("columns.yaml"), "make tuning")
SOURCES = {"effects": ("effects",)}  # by figure, the tables it is drawn from
STUDY = "study"  # the recipe of params.yaml, beside those that the rules of `halving` choose


def results(stage: str, architecture: str) -> Path:
    """The results of one stage's runs: searched, confirmed or selected."""
    return REPORTS / "runs" / stage / f"{architecture}.json"


class Space(Section):
    learning_rate_decades: float = Field(ge=0, le=4)
    batch_size: list[Annotated[int, Field(ge=2, le=1_000_000)]] = Field(min_length=1, max_length=100)
    most_dropout: float = Field(ge=0, lt=1)
    least_aux_weight: float = Field(gt=0, le=1_000)
    most_aux_weight: float = Field(gt=0, le=1_000)

    @model_validator(mode="after")
    def _has_room(self) -> "Space":
        if self.least_aux_weight > self.most_aux_weight:
            raise ValueError("least_aux_weight is above most_aux_weight")
        return self


Values = Annotated[list[bool | int | float], Field(min_length=1, max_length=100)]


class Grid(Section):
    technique: Name
    seeds: int = Field(ge=2)
    grid: dict[Literal[tuple(recipes.FIELDS)], Values] = Field(min_length=1)

    @property
    def size(self) -> int:
        """How many candidates it has."""
        return math.prod(map(len, self.grid.values()))

    @model_validator(mode="after")
    def _is_finite(self) -> "Grid":
        if self.size > 1_000:
            raise ValueError(f"grid: {self.size:,} candidates are more than 1,000")
        return self


class Tuning(Plan):
    architectures: Names
    techniques: Names
    space: Space
    sampler_seed: int = Field(ge=0, lt=2**32)
    seeds: int = Field(ge=1)
    test_set_selection: dict[Name, Grid]


def load() -> tuple[Params, Tuning]:
    """The study's params and the tuning's; StudyError, in one line, if the tuning asks for what cannot be trained."""
    study, tuning = params.load(), params.read(PARAMS, Tuning)
    combos = [(architecture, technique) for architecture in tuning.architectures for technique in tuning.techniques]
    combos += [(architecture, asked.technique) for architecture, asked in tuning.test_set_selection.items()]
    with params.naming(f"{PARAMS} lists a name that is not known"):
        for combo in combos:
            study.combo(*combo)
    tuning.refuse_seen_pairs(study, PARAMS)
    grids = {f"test_set_selection.{name}.seeds": asked.seeds for name, asked in tuning.test_set_selection.items()}
    for key, seeds in {"seeds": tuning.seeds, **grids}.items():
        if seeds > study.seeds:
            raise StudyError(f"{PARAMS}: {key}: {seeds}, but {paths.PARAMS} has {study.seeds}; lower it")
    for architecture in tuning.architectures:
        own = recipes.own(study, architecture, tuning.techniques[0])
        for batch_size in (*tuning.space.batch_size, own.protocol.batch_size):
            with params.naming(f"{PARAMS}: space.batch_size, or pairs ({architecture})"):
                one = recipes.changed(own, {"batch_size": batch_size, "batch_norm": True})
                halving.candidate_runs(Candidate(0, one), tuning, 0)
    for architecture, asked in tuning.test_set_selection.items():
        from_grid(study, architecture, asked)
    return study, tuning


def from_grid(study: Params, architecture: str, asked: Grid) -> list[Candidate]:
    """Every candidate of a grid, in its order; StudyError if one of them cannot be trained."""
    key, found = f"{PARAMS}: test_set_selection.{architecture}.grid", []
    own = recipes.own(study, architecture, asked.technique)
    if "aux_weight" in asked.grid and own.protocol.aux_weight is None:
        raise StudyError(f"{key}.aux_weight: {asked.technique} has no auxiliary loss; leave it out")
    for number, values in enumerate(product(*asked.grid.values())):
        with params.naming(key):
            found.append(Candidate(number, recipes.changed(own, dict(zip(asked.grid, values, strict=True)))))
    return found

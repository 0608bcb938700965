"""How recipes are compared: on folds of training pairs that no study tests on, rung by rung.

A plan is a part of an annex's params.yaml. It says on which pairs candidates are judged, and how many of them are
trained for how long.
"""

from pydantic import Field, model_validator

from pipeline import paths
from pipeline.cli import StudyError
from pipeline.datasets import DATA_SETS
from pipeline.params import Params, Section


class Draws(Section):
    first: int = Field(ge=0, le=9_999)
    last: int = Field(ge=0, le=9_999)


class Rung(Section):
    candidates: int = Field(ge=2, le=1_000)
    epochs: int = Field(ge=1, le=100)  # times the candidate's own
    splits: int = Field(ge=1, le=1_000)


class Plan(Section):
    """On which splits candidates are judged: a split is a fold of the first `pairs` training pairs of a draw."""

    draws: Draws
    pairs: int = Field(ge=4, le=1_000_000)
    folds: int = Field(ge=2, le=100)
    rungs: list[Rung] = Field(min_length=1, max_length=20)
    smoothing: int = Field(ge=1, le=10_000)

    @property
    def splits(self) -> list[tuple[int, int]]:
        """Every seed of a draw with every fold."""
        return [(seed, fold) for seed in range(self.draws.first, self.draws.last + 1) for fold in range(self.folds)]

    @property
    def fitted_pairs(self) -> int:
        """How many pairs a candidate is trained on."""
        return self.pairs - self.pairs // self.folds

    @property
    def runs_per_search(self) -> int:
        """How many runs the search for one technique takes at most."""
        return sum(rung.candidates * rung.splits for rung in self.rungs)

    def splits_of(self, rung: int) -> list[tuple[int, int]]:
        """The splits that this rung (from 0) judges by: those after the rung before's, round about."""
        splits, start = self.splits, sum(before.splits for before in self.rungs[:rung])
        return [splits[place % len(splits)] for place in range(start, start + self.rungs[rung].splits)]

    @model_validator(mode="after")
    def _rungs_narrow(self) -> "Plan":
        if self.draws.last < self.draws.first:
            raise ValueError("draws.last is below draws.first")
        if self.pairs % self.folds:
            raise ValueError(f"pairs: {self.pairs} cannot be cut into {self.folds} equal folds")
        splits = (self.draws.last - self.draws.first + 1) * self.folds
        for number, rung in enumerate(self.rungs):
            if number and rung.candidates > self.rungs[number - 1].candidates:
                raise ValueError(f"rungs.{number}.candidates: {rung.candidates} are more than the rung before has")
            if rung.splits > splits:
                raise ValueError(f"rungs.{number}.splits: {rung.splits} of {splits} splits (draws x folds)")
        return self

    def refuse_seen_pairs(self, study: Params, file: object) -> None:
        """StudyError if the plan's pairs are those of the study's seeds, or were never drawn; `file` holds the plan."""
        if self.draws.first < study.seeds:
            raise StudyError(
                f"{file}: draws.first: {self.draws.first} is one of the study's seeds, 0 to {study.seeds - 1}; the "
                "choice must not see their pairs: raise it"
            )
        drawn, images = study.data.draws.seeds, DATA_SETS[study.data.source].images["train"]
        if self.draws.last >= drawn:
            raise StudyError(
                f"{file}: draws.last: {self.draws.last}, but pairs are drawn for seeds 0 to {drawn - 1}; lower it, or "
                f"raise data.draws.seeds in {paths.PARAMS}"
            )
        if 2 * self.pairs > images:
            raise StudyError(
                f"{file}: pairs: {self.pairs:,} need {2 * self.pairs:,} training images, {study.data.source} has "
                f"{images:,}; lower it"
            )

"""What this annex asks for: studies/best/params.yaml, typed and validated, and where its files lie."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from pipeline import params, paths
from pipeline.analysis.tables import Tables
from pipeline.cli import StudyError
from pipeline.engine.run import Run
from pipeline.params import Name, Params, Section, trainable
from studies.tuning import recipes
from studies.tuning.halving import Candidate, candidate_runs
from studies.tuning.plan import Plan

FOLDER = paths.annex("best")
PARAMS = FOLDER / "params.yaml"
REPORTS = FOLDER / "reports"
PAGE = REPORTS / "index.html"
TABLES = Tables(REPORTS, Path(__file__).with_name("columns.yaml"), "make best")
Fields = dict[str, Any]  # of a run, named as `Run.with_fields` takes them
Group = Literal["digits", "comparator"]  # who answers: the digits that are read, or a comparator


def results(stage: str) -> Path:
    """The results of one stage's runs: searched or confirmed."""
    return REPORTS / "runs" / f"{stage}.json"


class Proposal(Section):
    """A candidate: a combo of the study, and what its run has otherwise."""

    architecture: Name
    technique: Name
    fields: Fields


class Published(Section):
    """A test accuracy that another public solution reports, in percent."""

    repository: str = Field(min_length=1)
    accuracy: float = Field(gt=0, le=100)
    std: float | None = Field(ge=0, le=50)
    how: str = Field(min_length=1)


class Best(Plan):
    seeds: int = Field(ge=1)
    ablation_seeds: int = Field(ge=1)
    shared: Fields  # of every candidate
    groups: dict[Group, Annotated[list[Proposal], Field(min_length=1, max_length=100)]] = Field(min_length=1)
    testing: Fields  # of what was chosen, beside its own: they change tests alone, and cost too much for a search
    ingredients: dict[Name, list[str]]  # each some fields, which the ablation sets back to the study's
    published: list[Published]


def load() -> tuple[Params, Best]:
    """The study's params and this annex's; StudyError, in one line, if they ask for what cannot be trained."""
    study, best = params.load(), params.read(PARAMS, Best)
    best.refuse_seen_pairs(study, PARAMS)
    if not best.ablation_seeds <= best.seeds <= study.seeds:
        raise StudyError(
            f"{PARAMS}: ablation_seeds: {best.ablation_seeds} may be at most seeds: {best.seeds}, and that at most "
            f"{study.seeds}, the seeds of {paths.PARAMS}"
        )
    for group, of_group in candidates(study, best).items():
        if len(of_group) > best.rungs[0].candidates:
            raise StudyError(f"{PARAMS}: groups.{group} lists more than rungs.0.candidates; raise that")
        for candidate in of_group:
            ablations(study, best, best.groups[group][candidate.number], tested(best, candidate.run))
    return study, best


def candidates(study: Params, best: Best) -> dict[Group, list[Candidate]]:
    """By group, its candidates in their order; StudyError names one that cannot be trained."""
    return {
        group: [Candidate(number, _proposed(study, best, one, f"groups.{group}.{number}")) for number, one in listed]
        for group, listed in ((group, enumerate(proposals)) for group, proposals in best.groups.items())
    }


def _proposed(study: Params, best: Best, proposal: Proposal, key: str) -> Run:
    with params.naming(f"{PARAMS}: {key}"):
        own = recipes.own(study, proposal.architecture, proposal.technique)
        run = trainable(own.with_fields(best.shared | proposal.fields))
        candidate_runs(Candidate(0, run), best, 0)
    return run


def ablations(study: Params, best: Best, proposal: Proposal, run: Run) -> dict[str, Run]:
    """By ingredient that this run has, the run without it: its fields as the study has them."""
    own, found = recipes.own(study, proposal.architecture, proposal.technique), {}
    for name, fields in best.ingredients.items():
        with params.naming(f"{PARAMS}: ingredients.{name}"):
            found[name] = trainable(run.with_fields({field: recipes.value(own, field) for field in fields}))
    return {name: without for name, without in found.items() if without != run}


def tested(best: Best, run: Run) -> Run:
    """A run that was chosen, as it is tested."""
    with params.naming(f"{PARAMS}: testing"):
        return trainable(run.with_fields(best.testing))

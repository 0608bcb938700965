"""A run as a value: complete, frozen, the same from its JSON, and with a digest of its own."""

import hashlib

import pytest
from pydantic import ValidationError

from pipeline.engine.run import Augment, Draw, Protocol, Run
from tests.made_up import STUDY, changed, short_run

RUNS = [run for combo in STUDY.combos() for run in STUDY.runs(combo)]


def test_a_field_at_its_default_is_no_part_of_the_digest():
    """So a run that was described before the field existed stays the same run."""
    described = (
        '{"network":{"architecture":"deep_fc","encoder":"separate","answer":"comparator","batch_norm":false,'
        '"dropout":0.0},"protocol":{"optimizer":"adam","learning_rate":0.001,"batch_size":100,"epochs":50},'
        '"data":{"source":"mnist","draw":{"seed":0},"train_pairs":1000,"test_pairs":1000,"standardize":false},"seed":0}'
    )
    digest = hashlib.sha256(described.encode()).hexdigest()
    assert Run.model_validate_json(described).digest() == digest

    class LaterProtocol(Protocol):
        later: float = 0.5

    class LaterRun(Run):
        protocol: LaterProtocol

    later = LaterRun.model_validate_json(described)
    assert later.digest() == digest
    assert LaterRun.model_validate_json(described.replace('"epochs"', '"later":1.0,"epochs"')).digest() != digest


def test_every_run_of_the_study_has_a_digest_of_its_own():
    assert len({run.digest() for run in RUNS}) == len(RUNS) == 720


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"weights_seed": 0},
        {"draw": Draw(seed=0, number=2)},
        {"train_pairs": 23},
        {"aux_weight": 0.0},
        {"augment": Augment(shift=1.0, rotation=0.0, scale=0.0)},
    ],
    ids=str,
)
def test_whatever_is_changed_changes_the_digest(change):
    run = short_run()
    assert changed(run, **change).digest() != run.digest()
    stacks = set(change) <= {"seed", "weights_seed", "draw"}
    assert (changed(run, **change).stack_key() == run.stack_key()) == stacks


@pytest.mark.parametrize(
    ("technique", "change", "message"),
    [
        ("two_channel", {"aux_weight": 1.0}, "encodes no single digit"),
        ("two_channel", {"answer": "latent_digits"}, "needs an encoder per image"),
        ("digits_only", {"aux_weight": 1.0}, "trains on the digits alone"),
    ],
)
def test_what_cannot_be_is_refused(technique, change, message):
    with pytest.raises(ValidationError, match=message):
        changed(short_run("deep_fc", technique), **change)


def test_fields_are_changed_by_name():
    run = short_run()
    assert run.with_fields({"seed": 3, "data.pairing": "renewed"}) == changed(run, seed=3, pairing="renewed")
    for name in ("data.pairings", "seeds", "datas.pairing", "data.draw.seed"):
        with pytest.raises(ValueError, match=f"a run has no field {name}"):
            run.with_fields({name: 1})
    with pytest.raises(ValueError, match="pairing"):
        run.with_fields({"data.pairing": "twice"})

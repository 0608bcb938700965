"""Results as they are written and read: what goes in comes out, and damage is named."""

import json

import numpy as np
import pytest
import torch

from pipeline.engine import result
from pipeline.engine.errors import StudyError
from pipeline.engine.loop import train
from tests.made_up import pairs, short_run

PAIRS = pairs()
TECHNIQUES = ("baseline", "aux_loss", "digits_only")  # without digits, with them, without a comparison loss


@pytest.fixture(scope="module")
def results() -> list[result.Result]:
    runs = [short_run("deep_fc", technique, aux_weight=1 / 3 if technique == "aux_loss" else None)
            for technique in TECHNIQUES]  # fmt: skip
    return [train([run], PAIRS, torch.device("cpu"), "engine")[0].result for run in runs]


@pytest.fixture
def file(results, tmp_path):
    path = tmp_path / "deep_fc.json"
    path.write_text(result.to_text(results), encoding="utf-8")
    return path


def test_round_trip(file, results):
    assert result.read(file) == results
    assert result.to_text(result.read(file)) == file.read_text(encoding="utf-8")
    assert [again.run.digest() for again in result.read(file)] == [made.run.digest() for made in results]


def test_results_of_the_runs_that_are_asked_for(file, results):
    runs = [results[2].run, results[0].run]
    assert result.of_runs(file, runs) == [results[2], results[0]]
    with pytest.raises(StudyError, match=r"deep_fc\.json: holds other runs than the params ask for"):
        result.of_runs(file, [short_run("deep_fc", seed=3)])


def test_a_brief_result_keeps_the_accuracies(results):
    brief = results[1].brief()
    kept = brief.curves.model_dump(exclude_none=True)
    assert set(kept) == {"train_accuracy", "test_accuracy", "digit_accuracy", "digit_derived_accuracy"}
    assert kept.items() <= results[1].curves.model_dump().items()
    assert (brief.errors, brief.weights) == (None, None)
    assert brief.run == results[1].run


def test_curves_have_six_digits_and_nothing_after_they_end():
    assert result.rounded([1 / 3, 2e-9 / 3], 4) == [0.333333, 6.66667e-10, None, None]


def test_errors_by_hand():
    digits, answers = np.array([[3, 7], [7, 3], [5, 5], [0, 9]]), np.array([True, True, True, False])
    found = result.errors(digits, answers, np.array([[3, 7], [1, 3], [5, 6], [0, 9]]))
    assert {gap: found.gap_pairs[i] for i, gap in enumerate(result.GAPS) if found.gap_pairs[i]} == {
        **{-9: 1, -4: 1},
        **{0: 1, 4: 1},
    }
    assert {gap for i, gap in enumerate(result.GAPS) if found.gap_correct[i]} == {-4, 0}
    first, second = np.array(found.digit_confusion)
    assert (first[7, 1], first[3, 3], first.sum()) == (1, 1, 4)
    assert (second[5, 6], second[9, 9], second.sum()) == (1, 1, 4)
    assert result.errors(digits, answers, None).digit_confusion is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"3",
        lambda content: content.replace(b'"run"', b'"runs"'),
        lambda content: b"\xff\xfe\x00",
    ],
    ids=["cut off", "no list", "unknown key", "binary"],
)
def test_damage_is_named(file, damage):
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(StudyError, match=r"^\S+deep_fc\.json: damaged; `dvc repro -f`[^\n]+$"):
        result.read(file)


def test_a_result_that_was_edited_is_refused_by_name(file):
    content = file.read_text(encoding="utf-8")
    accuracy = json.loads(content)[1]["curves"]["test_accuracy"][-1]
    file.write_text(content.replace(f'"test_accuracy": [{accuracy}', '"test_accuracy": [0.999', 1).replace(
        f"{accuracy}]", "0.999]", 1), encoding="utf-8")  # fmt: skip
    with pytest.raises(StudyError, match=r"deep_fc\.json: the result of deep_fc, seed 0 was changed by hand; "):
        result.read(file)

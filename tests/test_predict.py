"""Comparing two digits with a trained network, as a user does."""

import shutil
import sys

import numpy as np
import pytest
import torch

from pipeline import paths, predict
from pipeline.backends import pairs, weights
from pipeline.backends.local import compute
from pipeline.cli import StudyError, write_whole
from tests import ROOT
from tests.made_up import TEST_PAIRS


@pytest.fixture
def trained(small_study):
    """The weights of a run, whose last test pair is TEST_PAIRS - 1."""
    combo = small_study.combo("basenet", "weight_sharing_aux_loss")
    runs = small_study.runs(combo, [0])
    (finished,) = compute(runs, pairs.read([runs[0].data.draw]), torch.device("cpu"))
    write_whole(paths.weights(combo.key, 0), finished.weights)
    return paths.weights(combo.key, 0)


def call(monkeypatch, *arguments) -> None:
    monkeypatch.setattr(sys, "argv", ["predict", *map(str, arguments)])
    predict.main()


def test_a_plain_clone_compares_the_two_examples(workspace, monkeypatch, capsys):
    shutil.copytree(ROOT / paths.EXAMPLES, paths.EXAMPLES)
    call(monkeypatch)
    assert capsys.readouterr().out.startswith("first <= second")
    call(monkeypatch, *reversed(paths.EXAMPLE_PICTURES))
    assert capsys.readouterr().out.startswith("first > second")


def test_a_test_pair_is_given_to_the_network_as_its_test_was(trained, monkeypatch, capsys):
    """basenet standardizes pixels."""
    call(monkeypatch, "--weights", trained, "--test-pair", 3)
    said = capsys.readouterr().out
    network = weights.load(trained)
    draw = network.origin.run.data.draw
    test = pairs.read([draw]).test
    chosen = test.draws[draw][3].long()
    first, second = test.labels[chosen].tolist()
    expected = predict.describe(network(test.images[chosen][None].float()))
    assert said == f"{expected} (true digits: {first} and {second})\n"


def test_test_pairs_that_are_none_of_the_network_s_are_refused(trained, monkeypatch):
    for number in (-1, TEST_PAIRS):
        with pytest.raises(StudyError, match=f"the network has test pairs 0 to {TEST_PAIRS - 1}"):
            call(monkeypatch, "--weights", trained, "--test-pair", number)
    held = pairs.read([weights.load(trained).origin.run.data.draw])
    for split in pairs.SPLITS:
        pairs.write(paths.pairs(split), getattr(held, split), "mnist")
    with pytest.raises(StudyError, match="pairs of mnist, where digits is asked for"):
        call(monkeypatch, "--weights", trained, "--test-pair", 3)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ({"comparison": torch.tensor([[0.0, np.log(3.0)]])}, "first <= second (75.0 %)"),
        ({"comparison": torch.tensor([[np.log(3.0), 0.0]])}, "first > second (75.0 %)"),
        ({"comparison": torch.tensor([[-np.log(3.0)]])}, "first > second (75.0 %)"),
        ({"digits": torch.eye(10)[[7, 2]][None]}, "first > second; reads 7 and 2"),
    ],
)
def test_answers_in_words(output, words):
    assert predict.describe(output) == words

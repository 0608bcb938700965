"""Comparing two digits with a trained network, as a user does."""

import shutil
import sys

import torch

from pipeline import paths, predict
from pipeline.backends import pairs, weights
from pipeline.backends.local import compute
from pipeline.cli import write_whole
from tests import ROOT


def call(monkeypatch, *arguments) -> None:
    monkeypatch.setattr(sys, "argv", ["predict", *map(str, arguments)])
    predict.main()


def test_a_plain_clone_compares_the_two_examples(workspace, monkeypatch, capsys):
    shutil.copytree(ROOT / paths.EXAMPLES, paths.EXAMPLES)
    call(monkeypatch)
    assert capsys.readouterr().out.startswith("first <= second")
    call(monkeypatch, *reversed(paths.EXAMPLE_PICTURES))
    assert capsys.readouterr().out.startswith("first > second")


def test_a_test_pair_is_given_to_the_network_as_its_test_was(small_study, monkeypatch, capsys):
    """basenet standardizes pixels."""
    combo = small_study.combo("basenet", "weight_sharing_aux_loss")
    (run,), file = small_study.runs(combo, [0]), paths.weights(combo.key, 0)
    drawn = pairs.read([run.data.draw])
    (finished,) = compute([run], drawn, torch.device("cpu"))
    write_whole(file, finished.weights)
    call(monkeypatch, "--weights", file, "--test-pair", 3)
    said = capsys.readouterr().out
    chosen = drawn.test.draws[run.data.draw][3].long()
    first, second = drawn.test.labels[chosen].tolist()
    expected = predict.describe(weights.load(file)(drawn.test.images[chosen][None].float()))
    assert said == f"{expected} (true digits: {first} and {second})\n"

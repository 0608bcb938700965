"""The losses, against numbers worked out by hand."""

import math

import pytest
import torch

from pipeline.engine.losses import comparison_loss, digit_loss


def test_two_logits_are_scored_by_cross_entropy():
    logits = torch.tensor([[[0.0, 0.0], [0.0, math.log(3)]], [[math.log(3), 0.0], [0.0, 0.0]]])  # (2 runs, 2 pairs, 2)
    targets = torch.tensor([[0, 1], [1, 0]])
    half, quarter, three_quarters = math.log(2), math.log(4), math.log(4 / 3)
    expected = [(half + three_quarters) / 2, (quarter + half) / 2]
    assert comparison_loss(logits, targets).tolist() == pytest.approx(expected)


def test_one_logit_is_scored_by_binary_cross_entropy():
    logits = torch.tensor([[[0.0], [math.log(3)]]])  # (1 run, 2 pairs, 1): probabilities 1/2 and 3/4
    assert comparison_loss(logits, torch.tensor([[1, 0]])).tolist() == pytest.approx([(math.log(2) + math.log(4)) / 2])


def test_digit_loss_adds_the_two_digits_means():
    logits = torch.zeros(1, 3, 2, 10)
    logits[0, :, 1, 4] = math.log(11)  # probability 11/20 of a 4 in the second image
    digits = torch.tensor([[[0, 4], [1, 4], [2, 4]]])
    assert digit_loss(logits, digits).tolist() == pytest.approx([math.log(10) + math.log(20 / 11)])


def test_squared_error_is_of_the_probability_of_yes():
    one, two = torch.tensor([[[math.log(3)], [0.0]]]), torch.tensor([[[0.0, math.log(3)], [1.0, 1.0]]])
    for logits in (one, two):  # probabilities 3/4 and 1/2
        assert comparison_loss(logits, torch.tensor([[1, 0]]), "squared_error").item() == pytest.approx(
            (1 / 16 + 1 / 4) / 2
        )


def test_digit_loss_on_probabilities_is_bounded():
    certain = torch.nn.functional.one_hot(torch.tensor([[[4, 4]]]), 10) * 1e3
    right, wrong = (digit_loss(certain, torch.tensor([[[d, d]]]), "probabilities").item() for d in (4, 5))
    assert right == pytest.approx(2 * 1.4612, abs=1e-3)
    assert wrong == pytest.approx(2 * 2.4612, abs=1e-3)

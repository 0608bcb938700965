"""What a run is trained and tested on."""

from dataclasses import replace

import pytest
import torch

from pipeline.cli import StudyError
from pipeline.engine.data import select
from pipeline.engine.run import Draw, Fold
from tests.made_up import changed, pairs, short_run

PAIRS = pairs()


def test_target_is_first_less_than_or_equal_to_second():
    data = select([short_run()], PAIRS).test
    expected = [first <= second for first, second in data.digits[0].tolist()]
    assert data.targets[0].bool().tolist() == expected
    assert {first == second for first, second in data.digits[0].tolist()} == {True, False}


def test_examples_are_the_images_that_the_draw_names():
    data = select([short_run(seed=1, standardize=False), short_run(seed=0, standardize=False)], PAIRS)
    first, second = PAIRS.test.draws[Draw(seed=1)][7].tolist()
    assert torch.equal(data.test.images[0, 7], PAIRS.test.images[[first, second]].float())
    assert data.test.digits[0, 7].tolist() == PAIRS.test.labels[[first, second]].tolist()
    assert tuple(data.train.images.shape) == (2, 24, 2, 14, 14)
    assert (data.pixel_mean.tolist(), data.pixel_std.tolist()) == ([0, 0], [1, 1])
    assert data.train.labelled is None


def test_standardizing_uses_the_run_s_own_training_pixels():
    runs = [short_run(seed=seed) for seed in range(2)]
    raw = select([changed(run, standardize=False) for run in runs], PAIRS)
    scaled = select([changed(run, standardize=True) for run in runs], PAIRS)
    for i in range(2):
        pixels = raw.train.images[i]
        assert scaled.pixel_mean[i].item() == pytest.approx(pixels.mean().item(), rel=1e-5)
        assert scaled.pixel_std[i].item() == pytest.approx(pixels.std(unbiased=True).item(), rel=1e-5)
        torch.testing.assert_close(scaled.test.images[i], (raw.test.images[i] - pixels.mean()) / pixels.std())


@pytest.mark.parametrize("count", [2, 5])
def test_folds_are_disjoint_and_exhaustive_and_hold_no_test_pair(count):
    whole = select([short_run()], PAIRS).train.images[0]
    seen = []
    for index in range(count):
        data = select([short_run(fold=Fold(index=index, count=count))], replace(PAIRS, test=None))
        train, held_out = data.train.images[0], data.test.images[0]
        assert len(train) + len(held_out) == len(whole)
        both = torch.cat([train, held_out]).flatten(1)
        assert len(both.unique(dim=0)) == len(whole)  # none is in both
        seen.append(held_out)
    assert torch.equal(torch.cat(seen), whole)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (short_run(seed=9), "no training pairs were drawn for seed 9, draw 1"),
        (short_run(train_pairs=61), "61 training pairs are asked for, a draw has 60"),
        (short_run(test_pairs=31), "31 test pairs are asked for, a draw has 30"),
        (short_run(source="mnist"), "pairs of made up, where mnist is asked for"),
    ],
)
def test_pairs_that_are_not_there_are_named(run, message):
    with pytest.raises(StudyError, match=message):
        select([run], PAIRS)

"""The files of pairs: what was written is read, and what cannot be read is named."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from pipeline import paths
from pipeline.backends import pairs
from pipeline.cli import StudyError
from pipeline.engine.run import Draw, Fold, pairs_digest
from tests import made_up
from tests.made_up import changed, short_run

MADE = made_up.pairs()


@pytest.fixture(autouse=True)
def written(workspace):
    for split in pairs.SPLITS:
        pairs.write(paths.pairs(split), getattr(MADE, split), MADE.source)


def test_what_was_written_is_read():
    draws = [Draw(seed=2), Draw(seed=0)]
    both, training = pairs.read(draws), pairs.read(draws, ["train"])
    assert (both.source, training.test) == ("made up", None)
    assert list(both.train.draws) == draws
    assert torch.equal(both.test.images, MADE.test.images)
    assert torch.equal(both.test.labels, MADE.test.labels)
    assert all(torch.equal(both.train.draws[draw], MADE.train.draws[draw]) for draw in draws)


def test_a_run_s_digest_is_that_of_what_it_sees():
    """As it stands in the files, or as the engine finds it; another image changes it, a further draw does not."""
    run = short_run(seed=2)
    fold = changed(run, fold=Fold(index=0, count=2))
    for one in (run, fold):
        assert pairs_digest(one, pairs.digests([one])) == pairs_digest(one, MADE.digests)
    assert len({pairs_digest(one, MADE.digests) for one in (run, fold, short_run(seed=1))}) == 3
    before = pairs_digest(run, MADE.digests)
    assert pairs_digest(run, pairs.read([Draw(seed=2)]).digests) == before
    other = made_up.pairs()
    other.train.images[0, 0, 0] += 1
    assert pairs_digest(run, other.digests) != before


@pytest.mark.parametrize("damage", ["missing", "cut", "incomplete"])
@pytest.mark.parametrize("reader", [lambda: pairs.read([Draw(seed=0)]), lambda: pairs.digests([short_run()])])
def test_pairs_that_cannot_be_read_are_named(damage, reader):
    path = paths.pairs("test")
    stored = {name: tensor.clone() for name, tensor in load_file(path).items()}
    path.unlink()
    if damage == "cut":
        path.write_bytes(b"\x00" * 40)
    elif damage == "incomplete":
        save_file(stored, path, metadata={"data_set": "noise"})
    with pytest.raises(StudyError, match=r"^data/pairs/test\.safetensors: (missing|damaged)[^\n]*; `dvc repro [^\n]+$"):
        reader()

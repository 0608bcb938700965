"""Seed 0 of four fast combos, trained anew on MNIST, is what is committed: no change of the engine moves a number.

To the bit on the kind of processor that trained it; another one rounds otherwise, which shows after the first epoch.
"""

import json

import pytest
import torch

from pipeline import download, pair, params, paths
from pipeline.backends import code
from pipeline.backends.pairs import SPLITS
from pipeline.engine import result
from pipeline.engine.data import Digits, Pairs
from pipeline.engine.loop import train
from pipeline.engine.run import Draw
from tests import ROOT

COMBOS = [("deep_fc", "baseline"), ("shallow_fc", "digits_only"), ("mlpnet", "latent_digits"), ("lenet5", "aux_loss")]
FIRST = Draw(seed=0)
ROUNDING = 0.003  # of an accuracy after the first epoch: three pairs


@pytest.fixture(scope="module")
def drawn(mnist, tmp_path_factory) -> Pairs:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("study"))
        patch.setenv("MNIST_MIRROR", str(mnist))
        download.fetch("mnist", paths.RAW)
        images = {split: pair.read_images("mnist", split) for split in SPLITS}
    indices = pair.draw_pairs({split: len(labels) for split, (_, labels) in images.items()}, [FIRST])
    splits = (Digits(pair.downsample(shown), labels, indices[split]) for split, (shown, labels) in images.items())
    return Pairs("mnist", *splits)


@pytest.mark.mnist
@pytest.mark.parametrize("combo", COMBOS, ids="-".join)
def test_a_run_trained_anew_is_the_committed_one(drawn, combo):
    study = params.load(ROOT / paths.PARAMS)
    wanted = study.combo(*combo)
    (run,) = study.runs(wanted, [0])
    (committed,) = result.of_runs(ROOT / paths.results(wanted.key), [run])
    (made,) = train([run], drawn, torch.device("cpu"))
    if made.result.hardware == committed.hardware:
        measured = {"parameters", "diverged", "curves", "errors"}
        assert made.result.model_dump(include=measured) == committed.model_dump(include=measured)
    assert made.result.parameters == committed.parameters
    for curve in ("train_accuracy", "test_accuracy"):
        first, expected = (getattr(one.curves, curve)[0] for one in (made.result, committed))
        assert first == pytest.approx(expected, abs=ROUNDING)


ANNEXES = sorted(path.parents[1].name for path in (ROOT / "studies").glob("*/reports/runs"))
FOLDERS = ["reports", *(f"studies/{name}/reports" for name in ANNEXES)]


@pytest.mark.parametrize("folder", FOLDERS)
def test_committed_results_are_those_of_the_committed_engine(folder):
    files = (ROOT / folder / "runs").rglob("*.json")
    made = [one for path in files for one in json.loads(path.read_text(encoding="utf-8"))]
    engines = {(one["run"]["network"]["architecture"], one["engine"]) for one in made}
    assert engines == {(architecture, code.engine_digest(architecture)) for architecture, _ in engines}

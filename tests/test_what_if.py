"""Published quirks, one at a time: each changes something, and none stays behind."""

import math
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from pipeline import what_if
from pipeline.analysis import tables
from pipeline.networks.layers import BatchNorm
from pipeline.training import loop, replicas
from tests.synthetic import make_params

NETWORKS = [(question.architecture, question.technique) for question in what_if.QUESTIONS]


@pytest.fixture
def study(small_study):
    """The small study's pairs, for the combos that are asked about."""
    return make_params(sorted({name for name, _ in NETWORKS}), runs=2, epochs=2)


@pytest.mark.parametrize("question", what_if.QUESTIONS, ids=lambda question: question.architecture)
def test_every_change_trains(study, question):
    combo = study.combo(question.architecture, question.technique)
    for changes in question.tried:
        last, best = what_if.train_changed(combo, 1, changes)
        assert 0 <= last <= best <= 1


def test_every_change_changes_the_weights(study, monkeypatch):
    """Judged by the trained weights: accuracies of two epochs on noise may tie by chance."""
    trained = []
    monkeypatch.setattr(replicas.OneRun, "write_back", lambda runs: trained.append(runs.network.state_dict()))
    for question in what_if.QUESTIONS:
        combo = study.combo(question.architecture, question.technique)
        combo = combo.model_copy(update={"recipe": combo.recipe.model_copy(update={"batch_size": 20})})
        what_if.train_changed(combo, 1, ())
        plain = trained[-1]
        for change in set(question.changes) - {"train mode at test"}:  # that leaves the weights alone
            what_if.train_changed(combo, 1, (change,))
            changed = trained[-1]
            assert changed.keys() != plain.keys() or any(not torch.equal(changed[name], plain[name]) for name in plain)


def test_nothing_stays_patched(study):
    before = (torch.optim.Adam, loop.digit_loss, loop.comparison_loss, replicas.OneRun.train, loop._Noise.draw)
    batch = dict(loop.EVALUATION_BATCH)
    combo = study.combo("mlpnet", "weight_sharing_aux_loss")
    what_if.train_changed(combo, 0, tuple(what_if.PATCHES))
    after = (torch.optim.Adam, loop.digit_loss, loop.comparison_loss, replicas.OneRun.train, loop._Noise.draw)
    assert after == before
    assert batch == loop.EVALUATION_BATCH


def test_forgetful_adam_goes_by_the_sign_of_the_gradient():
    weight = torch.nn.Parameter(torch.zeros(3))
    optimizer = what_if.ForgetfulAdam([weight], lr=0.01)
    for gradient in ([0.3, -2.0, 0.0], [5.0, -0.1, 0.0]):
        weight.grad = torch.tensor(gradient)
        optimizer.step()
    torch.testing.assert_close(weight.data, torch.tensor([-0.02, 0.02, 0.0]), atol=1e-6, rtol=0)


def test_published_resnet_has_batch_norm_in_its_shortcut_alone(study):
    network = what_if.with_plain_main_path(study.combo("resnet_block", "two_channel"), 0)
    normalized = [name for name, module in network.named_modules() if isinstance(module, BatchNorm)]
    assert len(normalized) == 1
    assert "shortcut" in normalized[0]
    assert sum(weight.numel() for weight in network.parameters()) == 65_666  # report 3, Table I


def test_changes_are_compared_with_the_studys_own_runs(study, monkeypatch):
    """Gains are seed by seed, of the measure that the report publishes."""
    own = [SimpleNamespace(seed=seed, curves=SimpleNamespace(test_accuracy=[0.9, 0.8 + seed / 100])) for seed in (0, 1)]
    monkeypatch.setattr(what_if.records, "read", lambda path: own)
    monkeypatch.setattr(what_if, "train_changed", lambda combo, seed, changes: (0.7, 0.91 + seed / 10))
    question = what_if.Question("mlpnet", "weight_sharing_aux_loss", (("a", "b"), ("c",)), runs=2)
    for measure, ours, gain in (("test_accuracy", 0.805, -0.105), ("best_test_accuracy", 0.9, 0.06)):
        row = {"data_set": "digits", "architecture": question.architecture, "technique": question.technique}
        published = pd.DataFrame([row | {"measure": measure, "published_mean": 0.93}])
        monkeypatch.setattr(what_if.tables, "read", lambda name, table=published: table)
        with ThreadPoolExecutor() as workers:
            table = tables.frame("what_if", what_if.answer(question, study, workers))
        assert list(table["change"]) == ["none", "a and b", "c", what_if.TOGETHER]
        assert table.loc[0, "mean"] == pytest.approx(ours)
        assert table["gain"].tolist() == pytest.approx([math.nan, gain, gain, gain], nan_ok=True)

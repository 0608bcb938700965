"""The network that Git has: the smallest good one, to the byte."""

import pandas as pd
import pytest

from pipeline import example, params, paths
from pipeline.analysis import tables
from pipeline.backends import weights
from pipeline.cli import StudyError
from pipeline.engine import result
from tests import ROOT
from tests.made_up import STUDY

COMBOS = {combo.key: combo for combo in STUDY.combos()}


def test_the_smallest_of_the_good_ones_is_chosen():
    rows = [
        ("convnet", "aux_loss", 0, 900, 0.97),
        ("lenet5", "aux_loss", 0, 500, 0.95),
        ("mlpnet", "aux_loss", 0, 300, 0.94),  # too far below the best
        ("lenet5", "digits_only", 0, 200, 0.97),  # gives no probability
        ("deep_fc", "aux_loss", 0, 100, float("nan")),  # diverged
        ("deep_fc", "aux_loss", 1, 100, 0.97),
    ]
    table = pd.DataFrame(rows, columns=["architecture", "technique", "seed", "parameters", "test_accuracy"])
    assert example.smallest_good(table, COMBOS) == "lenet5-aux_loss"
    with pytest.raises(StudyError, match="every run 0 diverged"):
        example.smallest_good(table[table["architecture"] == "deep_fc"], COMBOS)


def test_a_clone_without_models_keeps_the_network_and_another_is_not_taken(workspace, monkeypatch):
    """With the study's own tables and results; only the file of the network changes."""
    for folder in ("reports/runs", "examples"):
        (workspace / folder).mkdir(parents=True)
    (workspace / paths.PARAMS).write_bytes((ROOT / paths.PARAMS).read_bytes())
    (workspace / tables.STUDY.path("runs")).write_bytes((ROOT / tables.STUDY.path("runs")).read_bytes())
    key = example.smallest_good(tables.STUDY.read("runs"), {combo.key: combo for combo in params.load().combos()})
    network = (ROOT / paths.EXAMPLE).read_bytes()
    (made, *others) = result.read(ROOT / paths.results(key))
    made = made.model_copy(update={"weights": weights.digest(network)})
    paths.results(key).write_text(result.to_text([made, *others]))
    (workspace / paths.EXAMPLE).write_bytes(network)
    example.main()
    (workspace / paths.EXAMPLE).write_bytes(network[:-1])
    with pytest.raises(StudyError, match=r"seed_0\.safetensors: missing, or not the weights of its result"):
        example.main()
    paths.weights(key, 0).parent.mkdir(parents=True)
    paths.weights(key, 0).write_bytes(network)
    example.main()
    assert (workspace / paths.EXAMPLE).read_bytes() == network

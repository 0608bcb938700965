"""The published rows: each description is what its report says; what is wrong with the file is one line."""

import pytest
import yaml

from pipeline.cli import StudyError
from pipeline.engine.loop import fresh_network
from pipeline.engine.network import count_parameters
from pipeline.engine.run import Data, Draw, Network, Protocol, Run
from studies.replication import reports
from tests import ROOT
from tests.studies.replication.made_up_results import ROWS

FIXED = {"batch_order": "fixed"}


def run(network: dict, protocol: dict, draw: Draw, standardize: bool, **own) -> Run:
    """The seventh run of a row."""
    data = {"source": "mnist", "draw": draw, "train_pairs": 1000, "test_pairs": 1000, "standardize": standardize}
    parts = {"network": Network(answer="comparator", **network), "protocol": Protocol(**protocol, **FIXED)}
    return Run(**parts, data=Data(**data), seed=6, **own)


# By hand, from the five reports' code.
BY_HAND = {
    "basenet-aux_loss": run(
        {"architecture": "basenet_shared_layer", "encoder": "separate", "batch_norm": True, "dropout": 0.0},
        {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 25, "epochs": 30, "aux_weight": 1.0},
        Draw(seed=6),
        standardize=True,
        weights_seed=0,
    ),
    "wide_convnet-weight_sharing_aux_loss": run(
        {"architecture": "wide_convnet", "encoder": "shared", "batch_norm": True, "dropout": 0.25},
        {"optimizer": "adam", "learning_rate": 0.002, "batch_size": 128, "epochs": 25, "aux_weight": 25.0}
        | {"digit_loss_reads": "probabilities"},
        Draw(seed=0),
        standardize=False,
    ),
    "lenet5-weight_sharing": run(
        {"architecture": "lenet5_features", "encoder": "shared", "batch_norm": True, "dropout": 0.7},
        {"optimizer": "adam", "learning_rate": 0.01, "batch_size": 200, "epochs": 25, "answer_loss": "squared_error"}
        | {"optimizer_memory": "renewed_each_step", "test_in_training_mode": 200},
        Draw(seed=0, number=3),
        standardize=False,
    ),
}


@pytest.mark.parametrize("key", BY_HAND)
def test_a_run_is_what_its_report_says(key):
    assert ROWS[key].runs()[6] == BY_HAND[key]


@pytest.mark.parametrize("key", ROWS)
def test_networks_have_the_published_number_of_weights(key):
    assert count_parameters(fresh_network(ROWS[key].runs()[0])) == ROWS[key].figure.parameters


def report_1(content: dict) -> dict:
    return content["reports"]["report_1"]


def rows_of_basenet(content: dict) -> dict:
    return content["architectures"]["basenet"]["rows"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c["reports"].update(foo=c["reports"].pop("report_1")),
            "reports.foo: a report is named report_",
        ),
        (lambda c: c["architectures"]["basenet"].update(report="report_7"), "report_7 is not among the reports"),
        (lambda c: report_1(c)["all"].update(epoch=3), "rows.two_channel: epoch: "),
        (lambda c: report_1(c)["all"].update(batch_size=37), "rows.two_channel: 1000 training pairs leave"),
        (lambda c: c["words"]["architecture"].pop("basenet_shared_layer"), "is not among words.architecture"),
        (lambda c: report_1(c)["deviations"].update(of=["dropot"]), "deviations.of: dropot: no such field"),
        (
            lambda c: rows_of_basenet(c)["two_channel"].update(test=[8205, 1]),
            "test.0: input should be less",
        ),
        (lambda c: rows_of_basenet(c).update(siamese={}), "rows.siamese: no such technique; name a row by the one of"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(tmp_path, change, message):
    content = yaml.safe_load((ROOT / reports.FILE).read_text(encoding="utf-8"))
    change(content)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    with pytest.raises(StudyError) as raised:
        reports.load(path)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)

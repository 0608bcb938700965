"""The published rows: each description is what its report says, and a departure changes what it names."""

from collections import Counter

import pytest
import yaml

from pipeline import params, protocols
from pipeline.description import of_study
from pipeline.networks.pair_network import count_parameters
from pipeline.protocols import changed
from pipeline.run import Data, Draw, Network, Protocol, Run
from pipeline.script import StudyError
from pipeline.training.loop import fresh_network
from tests.synthetic import ROOT, make_params

STUDY = params.load(ROOT / "params.yaml")
REPLICATION = protocols.load(ROOT / protocols.FILE)
ROWS = {row.key: row for row in REPLICATION.rows}
FIXED = {"batch_order": "fixed"}
REPORT_4 = FIXED | {
    "optimizer": "adam",
    "learning_rate": 0.01,
    "batch_size": 200,
    "epochs": 25,
    "answer_loss": "squared_error",
    "optimizer_memory": "renewed_each_step",
    "test_in_training_mode": 200,
}


def data(draw: Draw, standardize: bool) -> Data:
    return Data(source="mnist", draw=draw, train_pairs=1000, test_pairs=1000, standardize=standardize)


def network(architecture, encoder, batch_norm, dropout, answer="comparator") -> Network:
    return Network(architecture=architecture, encoder=encoder, answer=answer, batch_norm=batch_norm, dropout=dropout)


# By hand, from the five reports' code: the seventh run of a row of each.
BY_HAND = {
    "deep_fc-aux_loss": Run(
        network=network("deep_fc", "separate", False, 0.0),
        protocol=Protocol(optimizer="adam", learning_rate=0.001, batch_size=100, epochs=50, aux_weight=0.5, **FIXED),
        data=data(Draw(seed=6), standardize=False),
        seed=6,
    ),
    "basenet-aux_loss": Run(
        network=network("basenet_shared_layer", "separate", True, 0.0),
        protocol=Protocol(optimizer="sgd", learning_rate=0.1, batch_size=25, epochs=30, aux_weight=1.0, **FIXED),
        data=data(Draw(seed=6), standardize=True),
        seed=6,
        weights_seed=0,
    ),
    "wide_convnet-weight_sharing_aux_loss": Run(
        network=network("wide_convnet", "shared", True, 0.25),
        protocol=Protocol(
            optimizer="adam",
            learning_rate=0.002,
            batch_size=128,
            epochs=25,
            aux_weight=25.0,
            digit_loss_reads="probabilities",
            **FIXED,
        ),
        data=data(Draw(seed=0), standardize=False),
        seed=6,
    ),
    "wide_convnet-baseline": Run(
        network=network("wide_convnet", "separate", True, 0.25),
        protocol=Protocol(optimizer="adam", learning_rate=0.007, batch_size=128, epochs=25, **FIXED),
        data=data(Draw(seed=0), standardize=False),
        seed=6,
    ),
    "siamese_cnn-digits_only": Run(
        network=network("siamese_cnn", "shared", True, 0.0, "digits"),
        protocol=Protocol(
            optimizer="sgd",
            learning_rate=0.1,
            batch_size=100,
            epochs=25,
            training_mode="frozen_after_first_test",
            **FIXED,
        ),
        data=data(Draw(seed=6), standardize=True),
        seed=6,
    ),
    "resnet_block-two_channel": Run(
        network=network("resnet_block_bare", "two_channel", True, 0.0),
        protocol=Protocol(
            optimizer="sgd",
            learning_rate=0.1,
            batch_size=50,
            epochs=25,
            training_mode="frozen_after_first_test",
            **FIXED,
        ),
        data=data(Draw(seed=6), standardize=True),
        seed=6,
    ),
    "lenet5-weight_sharing": Run(
        network=network("lenet5_features", "shared", True, 0.7),
        protocol=Protocol(**REPORT_4),
        data=data(Draw(seed=0, number=3), standardize=False),
        seed=6,
    ),
    "mlpnet-weight_sharing_aux_loss": Run(
        network=network("mlpnet", "shared", True, 0.5),
        protocol=Protocol(**REPORT_4, aux_weight=1 / 6, digit_loss_reads="probabilities"),
        data=data(Draw(seed=0, number=4), standardize=False),
        seed=6,
    ),
}


@pytest.mark.parametrize("key", BY_HAND)
def test_a_run_is_what_its_report_says(key):
    assert ROWS[key].runs()[6] == BY_HAND[key]


def test_all_published_rows_are_there_with_as_many_runs():
    assert Counter(row.report for row in REPLICATION.rows) == {0: 12, 1: 4, 2: 4, 3: 7, 4: 8}
    assert {row.report: len(row.runs()) for row in REPLICATION.rows} == {0: 10, 1: 10, 2: 15, 3: 15, 4: 10}
    assert all(len(set(row.runs())) == len(row.runs()) for row in REPLICATION.rows)


@pytest.mark.parametrize("key", ROWS)
def test_networks_have_the_published_number_of_weights(key):
    assert count_parameters(fresh_network(ROWS[key].runs()[0])) == ROWS[key].figure.parameters


AUXILIARY = {key for key in ROWS if key.endswith("aux_loss")}


def of_report(*numbers: int) -> set[str]:
    return {row.key for row in REPLICATION.rows if row.report in numbers}


@pytest.mark.parametrize(
    ("quirk", "sound", "rows"),
    [
        ("batch_order", "shuffled", of_report(0, 1, 2, 3, 4)),
        ("initial_weights", "each_run", of_report(1)),
        ("pairs", "each_run", of_report(2, 4)),
        ("training_mode", "train", of_report(3)),
        ("optimizer_memory", "kept", of_report(4)),
        ("answer_loss", "cross_entropy", of_report(4)),
        ("test_in_training_mode", None, of_report(4)),
        ("digit_loss_reads", "logits", of_report(2, 4) & AUXILIARY),
        ("aux_weight", None, AUXILIARY),
    ],
)
def test_a_quirk_reaches_the_rows_that_have_it_and_no_other(quirk, sound, rows):
    assert {row.key for row in REPLICATION.rows if getattr(row.description, quirk) != sound} == rows


def test_where_text_and_code_of_a_report_disagree_there_are_runs_of_both():
    both = {row.key for row in REPLICATION.rows if row.runs(by_text=True)}
    assert both == of_report(4) & AUXILIARY
    for key in both:
        code, text = ROWS[key].runs()[0].protocol, ROWS[key].runs(by_text=True)[0].protocol
        assert (code.aux_weight, text.aux_weight) == pytest.approx((0.05 / 0.3, 0.5 / 0.3))
        assert text.model_copy(update={"aux_weight": code.aux_weight}) == code
    assert {row.report for row in REPLICATION.rows if len(row.of_report.measures) > 1} == {0}


@pytest.mark.parametrize("key", ROWS)
def test_the_study_s_own_description_gives_the_study_s_own_runs(key):
    row = ROWS[key]
    own = of_study(STUDY, row.architecture, row.technique)
    runs = STUDY.runs(STUDY.combo(row.architecture, row.technique))
    assert [own.run(seed) for seed in range(STUDY.seeds)] == runs
    assert not changed(row, own) or row.runs()[0] not in runs


@pytest.mark.parametrize("key", ROWS)
def test_a_departure_changes_what_it_names_and_nothing_else(key):
    row = ROWS[key]
    own = of_study(STUDY, row.architecture, row.technique)
    for change in changed(row, own):
        there, other = (row.description, own) if change.way == "put right" else (own, row.description)
        for name in type(own).model_fields:
            expected = other if name in change.departure else there
            assert getattr(change.description, name) == getattr(expected, name), (change.departure, change.way, name)
        change.description.run(0)  # it can be described as a run


def test_every_difference_is_a_departure_where_none_are_chosen():
    row = ROWS["siamese_cnn-weight_sharing"]
    own = of_study(STUDY, row.architecture, row.technique)
    assert set(row.departures(own)) == {("batch_norm",), ("batch_size",), ("batch_order",), ("training_mode",)}
    ways = Counter(change.way for change in changed(row, own))
    assert ways == {"put right": 4, "made": 3}  # without batch norm, the mode in training makes no difference
    chosen = ROWS["wide_convnet-aux_loss"]
    assert chosen.departures(of_study(STUDY, "wide_convnet", "aux_loss")) == [
        ("aux_weight", "digit_loss_reads"),
        ("pairs",),
    ]


def test_the_study_s_own_runs_are_not_trained_again():
    """With one departure, putting it right gives the study's runs, and making it the row's."""
    alone, two = ROWS["deep_fc-baseline"], ROWS["deep_fc-aux_loss"]
    assert protocols.runs([alone], STUDY) == alone.runs()
    assert len(protocols.runs([two], STUDY)) == len(set(protocols.runs([two], STUDY))) == 30
    study = set(STUDY.runs(STUDY.combo("deep_fc", "aux_loss")))
    assert study.isdisjoint(protocols.runs([two], STUDY))


def test_runs_follow_the_study():
    row = ROWS["deep_fc-aux_loss"]
    smaller = make_params(["deep_fc"], seeds=3, epochs=50)
    assert len(protocols.runs([row], smaller)) == 10 + 2 * 3
    other = smaller.model_copy(update={"aux_weight": 0.5})  # as the report: one departure is left
    assert len(protocols.runs([row], other)) == 10


def test_draws_are_those_that_the_stage_pair_makes():
    stages = yaml.safe_load((ROOT / "studies/replication/dvc.yaml").read_text(encoding="utf-8"))["stages"]
    from pipeline.pair import draws_named

    *_, folder = words = stages["pair"]["cmd"].split()[:4]
    assert folder == str(protocols.PAIRS)
    made = set(draws_named(stages["pair"]["cmd"].split()[len(words) :]))
    assert {run.data.draw for run in protocols.runs(REPLICATION.rows, STUDY)} == made


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(report={}), "unknown key report; did you mean reports?"),
        (
            lambda c: c["reports"]["report_1"].update(divisr="n"),
            "unknown key reports.report_1.divisr; did you mean div",
        ),
        (lambda c: c["reports"]["report_1"]["all"].update(epoch=3), "rows.two_channel: epoch: "),
        (
            lambda c: c["variants"].pop("mlpnet_sigmoid_code"),
            "architecture mlpnet_sigmoid_code is not among the variants",
        ),
        (
            lambda c: c["reports"]["report_1"]["departures"].update(of=["dropot"]),
            "departures.of: dropot: no such field",
        ),
        (lambda c: c["reports"]["report_1"].update(measures=["first"]), "reports.report_1.measures.0: input should be"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(tmp_path, change, message):
    content = yaml.safe_load((ROOT / protocols.FILE).read_text(encoding="utf-8"))
    change(content)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    with pytest.raises(StudyError) as raised:
        protocols.load(path)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)

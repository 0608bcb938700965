"""The published figures: every one matched to a combo, the verdict, and the differences of protocol."""

import math
from collections import Counter

import pytest

from pipeline import protocols, tables
from pipeline.analysis import measured, published
from tests.synthetic import ROOT, make_params, make_records

REPLICATION = protocols.load(ROOT / protocols.FILE)
FIGURES = published.printed(REPLICATION)
KEYS = ["report", "architecture", "technique", "published_name", "measure"]


QUIRKS = [  # of report 1
    "batches always in the same order (study: shuffled)",
    "one set of initial weights (study: initial weights of its own for each run)",
]


def keys(figure):
    """What a figure has of KEYS."""
    row = figure.row
    return row.report, row.architecture, row.technique, row.figure.name, figure.measure


def compare(params, table=published.published_vs_ours, **options):
    return table(params, measured.runs(make_records(params, **options)), REPLICATION)


def constant_runs(params, accuracy, measure="test_accuracy"):
    """The table `runs` with the same measure in every run of the architecture, by technique."""
    runs = measured.runs(make_records(params))
    return runs.assign(**{measure: runs["technique"].map(accuracy)})


def test_published_figures_are_complete():
    tested = Counter(figure.row.report for figure in FIGURES if figure.quantity == "test_accuracy")
    assert tested == {0: 12, 1: 4, 2: 4, 3: 7, 4: 8}
    assert Counter(figure.row.report for figure in FIGURES) - tested == {4: 8}
    assert len({keys(figure) for figure in FIGURES}) == len(FIGURES)
    assert {figure.measure for figure in FIGURES} <= set(tables.COLUMNS["runs"])
    assert all(0.75 < figure.mean < 1 and 0.001 < figure.std < 0.03 for figure in FIGURES)


def test_every_published_figure_is_compared_with_a_combo():
    params = make_params()
    table = compare(params)
    assert set(table[KEYS].itertuples(index=False, name=None)) == {keys(figure) for figure in FIGURES}
    assert table["our_mean"].notna().all()
    order = [(combo.architecture, combo.technique) for combo in params.combos()]
    places = [order.index(pair) for pair in zip(table["architecture"], table["technique"], strict=True)]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (-0.01, 0.01, "agrees"),
        (-0.02, 0.02, "agrees"),  # bounds included
        (0.005, 0.015, "agrees"),  # surely more, and by less than two points
        (-0.02, -0.01, "agrees"),
        (0.0, 0.0, "agrees"),
        (0.001, 0.0201, "higher"),
        (0.03, 0.05, "higher"),
        (-0.0201, -0.001, "lower"),
        (-0.05, -0.03, "lower"),
        (0.0, 0.03, "unclear"),  # touches nought
        (-0.03, 0.0, "unclear"),
        (-0.03, 0.01, "unclear"),
        (-0.1, 0.1, "unclear"),
        (math.nan, math.nan, "unclear"),
    ],
)
def test_verdict(low, high, word):
    assert published.verdict(low, high) == word


def test_comparison_by_hand():
    # report 1's two_channel: 83.0 -+ 1.2 of 10 runs; ours 0.85 in every run, so that only theirs has a spread
    params = make_params(["basenet"], ["two_channel"], seeds=3)
    (row,) = published.published_vs_ours(params, constant_runs(params, {"two_channel": 0.85}), REPLICATION).to_dict(
        "records"
    )
    assert (row["published_mean"], row["published_std"], row["published_runs"]) == pytest.approx((0.83, 0.012, 10))
    assert (row["our_mean"], row["our_std"], row["our_runs"]) == pytest.approx((0.85, 0, 3))
    half = 2.262157 * 0.012 / math.sqrt(10)  # t for 9 degrees of freedom
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((0.02 - half, 0.02 + half), abs=1e-6)
    assert (row["difference"], row["verdict"]) == (pytest.approx(0.02), "higher")


def test_a_standard_deviation_that_divides_by_n_is_converted():
    # report 4's lenet5 two_channel: 79.56 -+ 1.18, dividing by its 10 runs
    params = make_params(["lenet5"], ["two_channel"], seeds=2)
    row = published.published_vs_ours(params, constant_runs(params, {"two_channel": 0.7956}), REPLICATION).iloc[0]
    assert row["published_std"] == pytest.approx(0.0118)  # as printed
    assert row["ci_high"] == pytest.approx(2.262157 * 0.0118 / math.sqrt(9), abs=1e-6)


def test_each_report_is_compared_by_what_it_publishes():
    measures = {}
    for figure in FIGURES:
        measures.setdefault(figure.row.report, set()).add(figure.measure)
    assert measures == {
        0: {"test_accuracy"},
        1: {"test_accuracy"},
        2: {"best_test_accuracy"},
        3: {"test_accuracy"},
        4: {"test_accuracy", "train_accuracy"},
    }
    params = make_params(["wide_convnet"], ["baseline"], seeds=2)
    runs = constant_runs(params, {"baseline": 0.9}, "best_test_accuracy").assign(test_accuracy=0.5)
    assert published.published_vs_ours(params, runs, REPLICATION)["our_mean"][0] == pytest.approx(0.9)


def test_differences_of_protocol_follow_params():
    def protocol(technique="weight_sharing_aux_loss", architecture="basenet", **changes):
        params = make_params([architecture], [technique], seeds=1, epochs=30)
        recipe = params.architectures[architecture].model_copy(update=changes)
        params = params.model_copy(update={"architectures": {architecture: recipe}, "aux_weight": 0.75})
        return compare(params)["protocol_differences"][0].split("; ")

    def of_recipe(differences):
        return [words for words in differences if "(study: " in words and words not in QUIRKS]

    # report 1's is one of the study's recipes: batch 25, 30 epochs, rate 0.1, standardized, batch norm, dropout 0.2
    published_recipe = {"learning_rate": 0.1, "batch_size": 25, "batch_norm": True, "dropout": 0.2}
    assert of_recipe(protocol(**published_recipe)) == ["aux weight 1 (study: 0.75)"]
    assert of_recipe(protocol("weight_sharing", **published_recipe)) == ["dropout 0 (study: 0.2)"]
    changed = of_recipe(protocol(**(published_recipe | {"optimizer": "adam", "batch_norm": False, "batch_size": 50})))
    assert "optimizer sgd (study: adam)" in changed
    assert "batch norm on (study: off)" in changed
    assert "batch size 25 (study: 50)" in changed
    assert set(QUIRKS) <= set(protocol())
    assert "dropout chosen for each technique by the accuracy on test pairs, one training each" in protocol()
    assert "standard deviation divides by n" in protocol(architecture="lenet5")


def test_gains_are_the_ones_that_the_reports_publish():
    table = compare(make_params(seeds=2), published.published_gains)
    assert set(table["effect"]) == set(published.GAINS)
    by_architecture = table.groupby("architecture")["effect"].apply(list).to_dict()
    without_aux_loss = [effect for effect in published.GAINS if effect != "aux_loss"]  # report 3 has no such row
    for architecture, effects in by_architecture.items():
        report_3 = architecture in ("siamese_cnn", "resnet_block")
        assert effects == (without_aux_loss if report_3 else list(published.GAINS)), architecture
    assert set(by_architecture) == {figure.row.architecture for figure in FIGURES}
    basic = table[table["effect"] == "both"].set_index("report")["reference"].to_dict()
    assert basic == {0: "baseline", 1: "two_channel", 2: "baseline", 3: "two_channel", 4: "two_channel"}
    assert (table["measure"] == "best_test_accuracy").equals(table["report"] == 2)


def test_gains_by_hand():
    # report 1: 85.9 -+ 1.5 over 83.0 -+ 1.2, 10 runs each; their difference has 17.17 degrees of freedom
    params = make_params(["basenet"], ["two_channel", "weight_sharing"], seeds=4)
    runs = constant_runs(params, {"two_channel": 0.8, "weight_sharing": 0.85})
    (row,) = published.published_gains(params, runs, REPLICATION).to_dict("records")
    assert (row["effect"], row["technique"], row["reference"]) == ("weight_sharing", "weight_sharing", "two_channel")
    error = math.sqrt(0.015**2 / 10 + 0.012**2 / 10)
    half = 2.1083 * error
    assert row["published_gain"] == pytest.approx(0.029)
    assert row["published_ci_high"] - row["published_gain"] == pytest.approx(half, abs=1e-5)
    assert (row["our_gain"], row["our_ci_low"], row["our_ci_high"]) == pytest.approx((0.05, 0.05, 0.05))
    assert row["our_runs"] == 4
    assert (row["difference"], row["ci_low"], row["verdict"]) == (
        pytest.approx(0.021),
        pytest.approx(0.021 - half, abs=1e-5),
        "higher",
    )


def test_our_gain_is_between_runs_of_one_seed():
    params = make_params(["basenet"], ["two_channel", "weight_sharing"], seeds=3)
    runs = constant_runs(params, {"two_channel": 0.8, "weight_sharing": 0.85})
    runs["test_accuracy"] += runs["seed"] * 0.02  # what the pairs of a seed do to both techniques
    row = published.published_gains(params, runs, REPLICATION).iloc[0]
    assert (row["our_ci_low"], row["our_ci_high"]) == pytest.approx((0.05, 0.05))


def test_runs_that_diverged_are_left_out():
    params = make_params(["basenet"], ["two_channel", "weight_sharing"], seeds=4)
    lost = {"diverged": {("basenet-two_channel", 1)}}
    assert list(compare(params, **lost)["our_runs"]) == [3, 4]
    assert list(compare(params, published.published_gains, **lost)["our_runs"]) == [3]


def test_gains_say_which_system_a_difference_is_of():
    params = make_params(["mlpnet"], ["two_channel", "weight_sharing"], seeds=2)
    protocol = compare(params, published.published_gains)["protocol_differences"][0].split("; ")
    assert "optimizer made anew at every step (study: kept)" in protocol
    assert f"weight_sharing: {REPLICATION.variants['mlpnet_sigmoid_code']} (study: layers as there)" in protocol
    assert len(protocol) == len(set(protocol))


@pytest.mark.parametrize("table", [published.published_vs_ours, published.published_gains])
def test_only_listed_combos_on_mnist_are_compared(table):
    assert compare(make_params(["convnet"], ["digits_only"], seeds=2), table).empty
    assert compare(make_params(["convnet"], seeds=2, source="digits"), table).empty
    assert set(compare(make_params(["convnet"], seeds=2), table)["architecture"]) == {"convnet"}


@pytest.mark.parametrize("table", [published.published_vs_ours, published.published_gains])
def test_one_run_of_ours_leaves_the_verdict_open(table):
    compared = compare(make_params(["convnet"], seeds=1), table)
    assert set(compared["verdict"]) == {"unclear"}
    assert compared[["ci_low", "ci_high"]].isna().all(axis=None)
    assert compared["difference"].notna().all()

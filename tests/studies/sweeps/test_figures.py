"""The sweeps' figures: what they show is what the tables hold, for sweeps of any size, the same bytes every time."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

from pipeline.figures import style
from pipeline.params import AVERAGE
from studies.sweeps import aggregate, figures, report, swept
from studies.sweeps.analysis import TABLES
from tests.studies.sweeps.swept_study import CONTENT, STUDY, make_sweeps, write_study

SWEEPS = make_sweeps()


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture
def small(workspace):
    write_study(SWEEPS)
    aggregate.main()
    style.use()


def drawn(name):
    made_by, tables = figures.figures(STUDY, SWEEPS)[name]
    return made_by(STUDY, *map(TABLES.read, tables))


def lines_through(axis, points):
    """Whether some line of the panel goes through exactly these points."""
    return any(
        len(line.get_xdata()) == len(points) and np.allclose(np.column_stack(line.get_data()), points)
        for line in axis.get_lines()
    )


LEAST = make_sweeps(
    architectures=["lenet5"],
    seeds=1,
    sweeps={
        "weight": CONTENT["sweeps"]["aux_weight"] | {"values": [2.0], "techniques": ["aux_loss"]},
        "pairing": {"title": "x", "points": {"drawn": {}}, "techniques": ["baseline"]},
    },
)
LARGE = make_sweeps(architectures=["deep_fc", "lenet5", "convnet"], fewer_seeds={"convnet": 1})


@pytest.mark.parametrize("sweeps", [LEAST, LARGE])
def test_draws_every_figure_of_any_sweeps_and_drawn_again_they_are_the_same_bytes(workspace, sweeps):
    write_study(sweeps)
    aggregate.main()
    report.draw(STUDY, sweeps)
    first = {path.name: path.read_bytes() for path in swept.FIGURES.iterdir()}
    assert set(first) == {f"{name}.png" for name in figures.figures(STUDY, sweeps)}
    report.draw(STUDY, sweeps)
    assert first == {path.name: path.read_bytes() for path in swept.FIGURES.iterdir()}


def test_a_point_without_any_run_that_did_not_diverge_is_drawn_as_a_gap(workspace):
    sweeps = make_sweeps("train_pairs", architectures=["lenet5"])
    runs = [run for run in swept.runs(STUDY, sweeps, "lenet5") if run.data.train_pairs == 4000]
    write_study(sweeps, diverged=runs)
    aggregate.main()
    assert (TABLES.read("equivalents")["runs"] == 0).all()
    report.draw(STUDY, sweeps)
    assert len(list(swept.FIGURES.iterdir())) == 3


def test_numbers_have_a_panel_per_architecture_with_every_run_the_means_and_the_study_s_own(small):
    runs, accuracy = (TABLES.read(name).query("sweep == 'train_pairs'") for name in ("runs", "accuracy"))
    axes = drawn("train_pairs_accuracy").axes
    assert [axis.get_title() for axis in axes] == ["deep_fc", "lenet5"]
    for axis in axes:
        assert axis.get_xscale() == "log"
        assert any(set(line.get_xdata()) == {1000} for line in axis.get_lines())
        thin = [segment for lines in axis.collections for segment in getattr(lines, "get_segments", list)()]
        for technique in runs["technique"].unique():
            means = style.of_combo(accuracy, axis.get_title(), technique)
            assert lines_through(axis, means[["value", "mean_test_accuracy"]].to_numpy() * (1, 100))
            for _, run in style.of_combo(runs, axis.get_title(), technique).groupby("seed"):
                wanted = run[["value", "test_accuracy"]].to_numpy() * (1, 100)
                assert any(segment.shape == wanted.shape and np.allclose(segment, wanted) for segment in thin)


def test_value_0_stands_apart_from_the_others(small):
    axis = drawn("aux_weight_accuracy").axes[-1]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0", "0.1", "1", "10"]
    none = style.of_combo(TABLES.read("accuracy"), "lenet5", "aux_loss").query("sweep == 'aux_weight' and value == 0")
    place = axis.get_xticks()[0]
    assert 0 < place < 0.1
    assert lines_through(axis, [[place, 100 * none["mean_test_accuracy"].iloc[0]]])


@pytest.mark.parametrize(
    ("table", "panel", "mean"),
    [("accuracy", "technique", "mean_test_accuracy"), ("effects", "effect", "mean_difference")],
)
def test_named_points_have_a_panel_per_technique_or_effect_with_a_line_per_architecture(small, table, panel, mean):
    rows = TABLES.read(table).query("sweep == 'interface_pairing'")
    rows = rows[rows[mean].notna()]
    axes = drawn(f"interface_pairing_{table}").axes
    assert len(axes) == rows[panel].nunique()
    for axis, name in zip(axes, rows[panel].unique(), strict=True):
        for architecture in ("deep_fc", "lenet5", AVERAGE):
            means = rows[(rows[panel] == name) & (rows["architecture"] == architecture)][mean]
            assert lines_through(axis, np.column_stack([[0, 1, 2], 100 * means]))


def test_what_has_not_converged_is_hollow(small):
    table = TABLES.read("accuracy")
    weak = (table["architecture"] == "lenet5") & (table["point"] == "renewed")
    figure = figures.accuracy_by_point(
        "interface_pairing", SWEEPS.sweeps["interface_pairing"], STUDY, table.assign(converged=~weak)
    )
    for axis in figure.axes:
        hollow = [line for line in axis.get_lines() if line.get_markerfacecolor() == "white" and len(line.get_xdata())]
        assert [list(line.get_xdata()) for line in hollow] == [[2.0]]


def test_equivalents_show_estimates_and_arrows_for_what_lies_outside_the_sweep(small):
    table = TABLES.read("equivalents").head(3).assign(effect="both", value=[500.0, math.inf, 0])
    table = table.assign(architecture=["deep_fc", "lenet5", AVERAGE], value_low=[0.0, 2000, 0])
    table = table.assign(value_high=[900.0, math.inf, 0], fewest=125, most=4000)
    (axis,) = figures.equivalents("train_pairs", SWEEPS.sweeps["train_pairs"], 1000, STUDY, table).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["deep_fc", "lenet5", AVERAGE]
    assert axis.get_ylim()[0] > axis.get_ylim()[1]  # the first on top
    marks = [(line.get_marker(), line.get_xdata()[0]) for line in axis.get_lines() if line.get_marker() != "None"]
    assert [mark for mark, _ in marks] == ["<", "|", "D", "|", ">", ">", "<", "<", "<"]
    assert {x for mark, x in marks if mark == "<"} == {125 / figures.BEYOND}
    assert {x for mark, x in marks if mark == ">"} == {4000 * figures.BEYOND}
    assert [x for mark, x in marks if mark == "D"] == [500]

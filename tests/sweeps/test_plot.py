"""The sweeps' figures: what they show is what the tables hold, for sweeps of any size, the same bytes every time."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from pipeline import tables
from pipeline.figures import style
from pipeline.params import AVERAGE
from pipeline.sweeps import aggregate, plot, swept
from pipeline.sweeps.figures import effects, sources
from tests.sweeps.swept_study import TECHNIQUES, make_sweeps, write_sweeps
from tests.synthetic import make_params


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture
def small(workspace):
    study = write_sweeps(make_sweeps())
    aggregate.main()
    style.use()
    return study


def drawn(name, study):
    return plot.FIGURES[name](study, *map(tables.read, sources.TABLES[name]))


def lines_through(axis, points):
    """Whether some line of the panel goes through exactly these points."""
    return any(
        len(line.get_xdata()) == len(points) and np.allclose(np.column_stack(line.get_data()), points)
        for line in axis.get_lines()
    )


ONE = {
    "architectures": ["lenet5"],
    "seeds": 1,
    "aux_weight": {"values": [], "techniques": ["aux_loss"]},
    "train_pairs": {"values": [], "techniques": ["aux_loss"]},
}
LARGE = {"architectures": ["deep_fc", "lenet5", "convnet"], "seeds": 2}


@pytest.mark.parametrize("changes", [ONE, LARGE])
def test_draws_every_figure_of_any_sweeps_and_drawn_again_they_are_the_same_bytes(workspace, changes):
    write_sweeps(make_sweeps(**changes))
    aggregate.main()
    plot.main()
    first = {path.name: path.read_bytes() for path in swept.FIGURES.iterdir()}
    assert set(first) == {f"{name}.png" for name in plot.FIGURES}
    plot.main()
    assert first == {path.name: path.read_bytes() for path in swept.FIGURES.iterdir()}


def test_a_point_without_any_run_that_did_not_diverge_is_drawn_as_a_gap(workspace):
    sweeps = make_sweeps(architectures=["lenet5"], seeds=2)
    study = make_params(["lenet5"], TECHNIQUES, seeds=2)
    runs = [run for run in swept.runs(study, sweeps, "lenet5") if run.data.train_pairs == 4000]
    write_sweeps(sweeps, study, diverged=runs)
    aggregate.main()
    assert (tables.read("sweeps/worth")["runs"] == 0).all()
    plot.main()
    assert len(list(swept.FIGURES.iterdir())) == len(plot.FIGURES)


def test_every_figure_names_data_set_and_seeds(small):
    assert list(plot.FIGURES) == list(sources.TABLES)
    for name in plot.FIGURES:
        assert "MNIST, 3 seeds" in drawn(name, small).get_supxlabel().replace("\n", " "), name


@pytest.mark.parametrize(
    ("name", "sweep", "own"), [("train_pairs", "train_pairs", 1000), ("aux_weight", "aux_weight", 1)]
)
def test_accuracy_shows_every_run_the_means_and_the_study_s_own_value(small, name, sweep, own):
    runs, accuracy = (table[table["sweep"] == sweep] for table in map(tables.read, ("sweeps/runs", "sweeps/accuracy")))
    axes = drawn(name, small).axes
    assert [axis.get_title() for axis in axes] == ["deep_fc", "lenet5"]
    for axis in axes:
        assert axis.get_xscale() == "log"
        assert any(set(line.get_xdata()) == {own} for line in axis.get_lines())
        for technique in runs["technique"].unique():
            means = style.of_combo(accuracy, axis.get_title(), technique)
            means = means[means["value"] > 0][["value", "mean_test_accuracy"]].to_numpy() * (1, 100)
            assert lines_through(axis, means)
        thin = [segment for lines in axis.collections for segment in getattr(lines, "get_segments", list)()]
        of_panel = runs[(runs["architecture"] == axis.get_title()) & (runs["value"] > 0)]
        for _, run in of_panel.groupby(["technique", "seed"]):
            wanted = run[["value", "test_accuracy"]].to_numpy() * (1, 100)
            assert any(segment.shape == wanted.shape and np.allclose(segment, wanted) for segment in thin)


def test_without_auxiliary_loss_a_technique_stands_apart_from_the_swept_weights(small):
    axis = drawn("aux_weight", small).axes[-1]
    labels = [label.get_text() for label in axis.get_xticklabels()]
    assert labels == ["none", "0.1", "1", "10"]
    accuracy = tables.read("sweeps/accuracy")
    none = style.of_combo(accuracy, "lenet5", "aux_loss").query("sweep == 'aux_weight' and value == 0")
    place = axis.get_xticks()[0]
    assert place < 0.1
    assert lines_through(axis, [[place, 100 * none["mean_test_accuracy"].iloc[0]]])


def test_a_technique_has_the_colour_that_it_has_in_the_study(small):
    colours = style.colours(small.technique_names())
    axis = drawn("train_pairs", small).axes[0]
    legend = axis.figure.legends[0]
    shown = {
        text.get_text(): line.get_color() for text, line in zip(legend.get_texts(), legend.get_lines(), strict=True)
    }
    assert to_rgb(shown["auxiliary loss"]) == to_rgb(colours["aux_loss"])
    assert to_rgb(shown["weight sharing"]) == to_rgb(colours["weight_sharing"])


def test_effects_show_the_average_and_every_architecture(small):
    table = tables.read("sweeps/effects")
    for axis, name in zip(drawn("effects", small).axes, table["effect"].unique(), strict=True):
        for architecture in ("deep_fc", "lenet5", AVERAGE):
            rows = table[(table["effect"] == name) & (table["architecture"] == architecture)]
            assert lines_through(axis, rows[["train_pairs", "mean_difference"]].to_numpy() * (1, 100))


def test_worth_shows_estimates_and_arrows_for_what_lies_outside_the_sweep(small):
    table = tables.read("sweeps/worth").head(3).assign(effect="both", pairs=[500.0, math.inf, 0])
    table = table.assign(architecture=["deep_fc", "lenet5", AVERAGE], pairs_low=[0.0, 2000, 0])
    table = table.assign(pairs_high=[900.0, math.inf, 0], fewest=125, most=4000)
    (axis,) = effects.worth(small, table).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["deep_fc", "lenet5", AVERAGE]
    assert axis.get_ylim()[0] > axis.get_ylim()[1]  # the first on top
    marks = [(line.get_marker(), line.get_xdata()[0]) for line in axis.get_lines() if line.get_marker() != "None"]
    assert [mark for mark, _ in marks] == ["<", "|", "D", "|", ">", ">", "<", "<", "<"]
    assert {x for mark, x in marks if mark == "<"} == {125 / effects.BEYOND}
    assert {x for mark, x in marks if mark == ">"} == {4000 * effects.BEYOND}
    assert [x for mark, x in marks if mark == "D"] == [500]

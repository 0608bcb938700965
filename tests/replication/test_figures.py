"""The replication's figures: what they show is what its tables hold."""

import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_rgb

from pipeline import params, paths, protocols, wording
from pipeline.figures import style
from pipeline.replication import figures as figures_of
from pipeline.replication import wording as words
from tests.replication.frames import make_frames
from tests.synthetic import ROOT


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def study():
    style.use()
    return params.load(ROOT / paths.PARAMS)


@pytest.fixture(scope="module")
def frames(study):
    return make_frames(study, protocols.load(ROOT / protocols.FILE))


def marks(axis) -> list:
    """The points of means, without their arms."""
    return [line for line in axis.get_lines() if line.get_linestyle() == "None"]


def test_published_ours_and_the_study_s_have_a_shape_each(study, frames):
    table = frames["replication/figures"]
    left, right = figures_of.published_and_ours(study, table).axes
    rows = words.main(table)
    assert len(rows) == 35
    for who, shape in figures_of.SHAPES.items():
        drawn = [line.get_xdata()[0] for line in marks(left) if line.get_marker() == shape]
        assert drawn == pytest.approx(100 * rows[f"{who}_mean"])
    colours = style.colours(study.technique_names())
    ours = [line for line in marks(left) if line.get_marker() == figures_of.SHAPES["our"]]
    assert [line.get_color() for line in ours] == [colours[technique] for technique in rows["technique"]]
    labels = [tick.get_text() for tick in left.get_yticklabels()]
    assert next(label for label in labels if label.startswith("report")) == "report 0: shallow_fc"
    assert len(labels) == 35 + 9
    assert len(marks(right)) == 35


def test_arms_hold_nought_where_the_published_mean_lies_within(study, frames):
    table = frames["replication/figures"]
    right = figures_of.published_and_ours(study, table).axes[1]
    rows = words.main(table).to_dict("records")
    lines = right.get_lines()
    arms = [lines[place - 1].get_xdata() for place, line in enumerate(lines) if line in marks(right)]  # drawn before
    for row, arm, mark in zip(rows, arms, marks(right), strict=True):
        assert bool(arm[0] <= 0 <= arm[1]) is row["within"]
        assert (mark.get_markerfacecolor() == "white") is not row["within"]
        assert mark.get_xdata()[0] == pytest.approx(100 * (row["our_mean"] - row["published_mean"]))
    assert [text.get_text() for text in right.texts] == ["outside"] * sum(not row["within"] for row in rows)
    assert {row["within"] for row in rows} == {True, False}


@pytest.mark.parametrize("report", range(5))
def test_departures_have_a_mark_for_each_way(study, frames, report):
    table = frames["replication/departures"]
    rows = table[table["report"] == report]
    figure = figures_of.departures(study, table, report)
    systems = rows.groupby(["architecture", "technique"], sort=False)
    labels = [tick.get_text().replace("\n", " ") for tick in figure.axes[0].get_yticklabels()]
    assert set(labels) == {words.departure(name) for name in rows["departure"]}
    assert labels[-1] == "all at once"
    for axis, ((architecture, technique), of) in zip(figure.axes, systems, strict=True):
        title = axis.get_title().replace("\n", " ")
        assert title == f"{architecture} {wording.label(technique)}"
        assert [mark.get_xdata()[0] for mark in marks(axis)] == pytest.approx(100 * of["mean_difference"])
        assert [mark.get_marker() for mark in marks(axis)] == [figures_of.WAYS[way][0] for way in of["way"]]
        filled = [mark.get_markerfacecolor() != "white" for mark in marks(axis)]
        assert filled == list(of["shown"] | (of["departure"] == "all"))
        assert len(axis.patches) == of["shown"].sum()
        assert axis.get_xlabel() == "percentage points"


def test_departures_name_their_seeds(study, frames):
    table = frames["replication/departures"]
    notes = [figures_of.departures(study, table, report).get_supxlabel() for report in (0, 1)]
    assert notes[0].startswith("MNIST, 5 to 10 seeds. ")
    assert notes[1].startswith("MNIST, 6 seeds. ")


def test_learning_curves_have_every_run_the_mean_and_the_published_mean(study, frames):
    curves, table = frames["replication/curves"], frames["replication/figures"]
    figure = figures_of.learning_curves(study, curves, table)
    assert len(figure.axes) == 35
    for axis, row in zip(figure.axes, words.main(table).to_dict("records"), strict=True):
        of = words.of_row(curves, row)
        train, test, published = axis.get_lines()
        assert train.get_ydata() == pytest.approx(100 * of.groupby("epoch")["train_accuracy"].mean())
        assert test.get_ydata() == pytest.approx(100 * of.groupby("epoch")["test_accuracy"].mean())
        assert list(published.get_ydata()) == pytest.approx([100 * row["published_mean"]] * 2)
        assert [len(lines.get_segments()) for lines in axis.collections] == [row["published_runs"]] * 2
        assert axis.get_title() == wording.label(row["technique"])
    assert figure.axes[0].get_ylabel() == "report 0\nshallow_fc"
    assert figure.get_supxlabel().startswith("MNIST, as many runs as each report made. ")


def test_pale_colours_are_lighter_and_still_differ():
    pale = [figures_of._pale(colour) for colour in style.COLOURS]
    assert all(
        min(light) > 0.5 and sum(light) > sum(to_rgb(dark)) for light, dark in zip(pale, style.COLOURS, strict=True)
    )
    assert len(set(pale)) == len(style.COLOURS)

"""The tuning's figures: what they show is what the tables hold, for tunings of any size, the same bytes every time."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from pipeline import tables
from pipeline.figures import style
from pipeline.params import AVERAGE
from pipeline.tuning import aggregate, candidates, plot, tuned
from pipeline.tuning.figures import effects, sources
from tests.tuning.tuned_study import make_study, make_tuning, write_tuning

ONE = {
    "architectures": ["lenet5"],
    "techniques": ["baseline"],
    "rungs": [{"candidates": 2, "epochs": 1, "splits": 1}],
    "seeds": 1,
    "leaking": {},
}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def drawn(name, study):
    style.use()
    return plot.FIGURES[name](study, *map(tables.read, sources.TABLES[name]))


@pytest.mark.parametrize("changes", [ONE, {"techniques": ["baseline", "aux_loss"]}])
def test_draws_every_figure_of_any_tuning_and_drawn_again_they_are_the_same_bytes(workspace, changes):
    write_tuning(make_tuning(**changes))
    aggregate.main()
    plot.main()
    first = {path.name: path.read_bytes() for path in tuned.FIGURES.iterdir()}
    assert set(first) == {f"{name}.png" for name in plot.FIGURES} == {f"{name}.png" for name in sources.TABLES}
    plot.main()
    assert first == {path.name: path.read_bytes() for path in tuned.FIGURES.iterdir()}


def test_figures_of_a_tuning_whose_runs_diverge(workspace):
    tuning = make_tuning(architectures=["lenet5"])
    study = make_study(tuning)
    own = candidates.own(study, "lenet5")
    lost = candidates.runs_on(study, tuning, ("lenet5", "baseline"), own, 3, tuning.splits)
    write_tuning(tuning, study, diverged=lost)
    aggregate.main()
    table = tables.read("tuning/candidates")
    assert table["diverged"].max() == 3
    plot.main()


def by_rate(points):
    return points[points[:, 0].argsort()]


def test_candidates_are_shown_where_they_got_to_with_the_report_s_and_the_chosen(workspace):
    study = write_tuning(make_tuning())
    aggregate.main()
    table, chosen = map(tables.read, sources.TABLES["candidates"])
    figure = drawn("candidates", study)
    assert "MNIST" in figure.get_supxlabel()
    assert len(figure.axes) == 2 * 4
    combos = list(dict.fromkeys(zip(table["architecture"], table["technique"], strict=True)))
    for axis, combo in zip(figure.axes, combos, strict=True):
        assert axis.get_xscale() == "log"
        rows = style.of_combo(table, *combo).drop_duplicates("candidate", keep="last").set_index("candidate")
        wanted = rows[["learning_rate", "accuracy"]].to_numpy() * (1, 100)
        floor, top = axis.get_ylim()
        dots, triangles = (np.ma.getdata(marks.get_offsets()) for marks in axis.collections)
        dots = dots[~np.isnan(dots[:, 1])]
        assert np.allclose(by_rate(dots), by_rate(wanted[wanted[:, 1] >= floor]))
        assert np.allclose(by_rate(triangles)[:, 0], by_rate(wanted[wanted[:, 1] < floor])[:, 0])
        assert set(triangles[:, 1]) <= {floor}
        assert 100 * rows["accuracy"].max() < top < 105
        assert len(dots) + len(triangles) == len(rows)
        marks = {line.get_marker(): line.get_xdata()[0] for line in axis.get_lines()}
        of_combo = style.of_combo(chosen, *combo).set_index("recipe")["learning_rate"]
        assert marks["s"] == rows.loc[0, "learning_rate"] == of_combo["study"]
        assert marks["*"] == of_combo["best"]
        assert marks["o"] == of_combo["one_standard_error"]


def test_effects_show_every_recipe_of_every_architecture_and_the_average(workspace):
    study = write_tuning(make_tuning())
    aggregate.main()
    table = tables.read("tuning/effects")
    figure = drawn("effects", study)
    assert "MNIST, 3 seeds" in figure.get_supxlabel()
    for axis, name in zip(figure.axes, table["effect"].unique(), strict=True):
        rows = table[table["effect"] == name]
        shown = [line.get_xdata()[0] for line in axis.get_lines() if line.get_marker() in ("o", "D")]
        assert shown == pytest.approx(list(100 * rows["mean_difference"]))
        assert set(rows["architecture"]) == {"deep_fc", "lenet5", AVERAGE}
        assert set(rows["recipe"]) == set(effects.LOOKS)

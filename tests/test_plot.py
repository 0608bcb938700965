"""The figures: what they show is what the tables hold, for studies of any size."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from pipeline import aggregate, params, paths, plot
from pipeline.analysis.effects import AVERAGE_CONVERGED
from pipeline.analysis.tables import STUDY
from pipeline.figures import effects, sources, style
from pipeline.pages import formats
from pipeline.params import AVERAGE
from tests.processes import start
from tests.synthetic import make_params, write_study


def study(*args, diverged=(), **options):
    """A made-up study in the current folder, with its tables, ready to be drawn."""
    write_study(make_params(*args, **options), diverged=diverged)
    aggregate.main()
    style.use()
    return params.load()


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize(
    ("architectures", "techniques", "options"),
    [
        (["basenet"], ["weight_sharing"], {"seeds": 1, "epochs": 1, "source": "digits"}),
        (
            ["shallow_fc", "lenet5", "basenet"],
            ["baseline", "weight_sharing", "latent_digits"],
            {"seeds": 2, "diverged": {("basenet-baseline", 0), ("basenet-baseline", 1)}},
        ),
    ],
)
def test_draws_every_figure_of_any_study(workspace, architectures, techniques, options):
    study(architectures, techniques, **options)
    plot.main()
    assert {path.name for path in paths.FIGURES.iterdir()} == {f"{name}.png" for name in plot.FIGURES}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths.FIGURES.iterdir())


def test_effects_show_differences_means_and_intervals(workspace):
    small = study(["basenet", "lenet5"], seeds=2, epochs=3)
    runs, table = STUDY.read("effect_runs"), STUDY.read("effects")
    part = table[(table["effect"] == "both") & (table["architecture"] == AVERAGE)]
    extra = part.assign(architecture=AVERAGE_CONVERGED)
    figure = plot.FIGURES["effects"](small, runs, pd.concat([table, extra], ignore_index=True))
    assert len(figure.axes) == len(effects.MAIN)
    further = plot.FIGURES["further_effects"](small, *map(STUDY.read, sources.TABLES["further_effects"]))
    assert len(further.axes) == table["effect"].nunique() - len(effects.MAIN)
    for axis, name in zip(figure.axes, effects.MAIN, strict=True):
        rows = table[table["effect"] == name]
        assert axis.get_title().replace("\n", " ") == formats.label(name)
        bars = axis.containers[: len(rows)]
        assert [bar[0].get_xdata()[0] for bar in bars] == pytest.approx(100 * rows["mean_difference"])
        intervals = [bar[2][0].get_segments()[0][:, 0] for bar in bars]
        assert np.array(intervals) == pytest.approx(100 * rows[["ci_low", "ci_high"]].to_numpy())
        assert [bar[0].get_markerfacecolor() == "white" for bar in bars] == [not known for known in rows["converged"]]
        assert len(axis.containers) == len(rows) + (name == "both")
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert labels == [*small.architectures, AVERAGE, AVERAGE_CONVERGED]


def test_a_notebooks_backend_is_no_matter():
    """MPLBACKEND as Jupyter sets it, where its backend is not installed."""
    program = start("import pipeline.plot", MPLBACKEND="module://nowhere")
    assert program.communicate()[1] == ""
    assert program.returncode == 0

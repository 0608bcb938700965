"""The figures: what they show is what the tables hold, for studies of any size, and the same bytes every time."""

import json
import os
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex, to_rgb

from pipeline import aggregate, params, paths, plot
from pipeline.analysis.effects import AVERAGE_CONVERGED
from pipeline.analysis.tables import STUDY
from pipeline.cli import StudyError
from pipeline.figures import effects, sources, style
from pipeline.pages import formats
from pipeline.params import AVERAGE
from tests import ROOT
from tests.synthetic import make_params, write_study

TEMPLATES = ROOT / ".dvc" / "plots"


def study(*args, diverged=(), **options):
    """A made-up study in the current folder, with its tables, ready to be drawn."""
    write_study(make_params(*args, **options), diverged=diverged)
    aggregate.main()
    style.use()
    return params.load()


def drawn(name, of_study):
    return plot.FIGURES[name](of_study, *map(STUDY.read, sources.TABLES[name]))


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture
def small(workspace):
    return study(["basenet", "lenet5"], seeds=2, epochs=3)


def texts(figure) -> str:
    """All words of a figure that stand outside its panels, and the annotations in them."""
    inside = [text.get_text() for axis in figure.axes for text in axis.texts]
    return " ".join([figure.get_suptitle(), figure.get_supxlabel().replace("\n", " "), *inside])


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


def test_drawn_again_a_figure_is_the_same_bytes(workspace):
    study(["basenet"], ["baseline", "aux_loss"], seeds=2, epochs=3)
    plot.main()
    first = {path: path.read_bytes() for path in paths.FIGURES.iterdir()}
    plot.main()
    assert first == {path: path.read_bytes() for path in paths.FIGURES.iterdir()}


def test_every_figure_names_data_set_and_runs(small):
    assert list(plot.FIGURES) == list(sources.TABLES)
    for name in plot.FIGURES:
        assert "MNIST, 2 runs per combo" in texts(drawn(name, small)), name


def test_a_technique_of_the_users_own_is_drawn(workspace):
    write_study(make_params(["basenet"], ["baseline"], seeds=2, epochs=2))
    content = yaml.safe_load(paths.PARAMS.read_text())
    content["techniques"]["auxiliary"]["my_own"] = {"encoder": "shared", "answer": "comparator"}
    write_study(params.Params.model_validate(content))
    aggregate.main()
    labels = drawn("test_accuracy", params.load()).axes[0].get_yticklabels()
    assert "my own" in [text.get_text() for text in labels]


@pytest.mark.parametrize("count", [1, 8, 10, 14])
def test_techniques_have_colours_of_their_own(count):
    names = [f"technique_{i}" for i in range(count)]
    colours = style.colours(names)
    assert list(colours) == names
    assert len({to_rgb(colour) for colour in colours.values()}) == count


def test_accuracy_shows_every_run_and_hollow_what_is_not_converged(small):
    runs, summary = STUDY.read("runs"), STUDY.read("summary")
    summary.loc[3, "converged"] = not summary.loc[3, "converged"]
    techniques = small.technique_names()
    axes = plot.FIGURES["test_accuracy"](small, runs, summary).axes
    for axis, architecture in zip(axes, small.architectures, strict=True):
        assert axis.get_title() == architecture
        drawn_points = [points for points in axis.collections if isinstance(points, PathCollection)]
        for points, technique in zip(drawn_points, techniques, strict=True):
            wanted = style.of_combo(runs, architecture, technique)
            assert sorted(points.get_offsets()[:, 0]) == pytest.approx(sorted(100 * wanted["test_accuracy"]))
            colour = to_rgb(style.colours(techniques)[technique])
            if style.of_combo(summary, architecture, technique)["converged"].iloc[0]:
                assert points.get_facecolor()[0][:3] == pytest.approx(colour)
            else:
                assert points.get_facecolor()[0][:3] == pytest.approx((1, 1, 1))
                assert points.get_edgecolor()[0][:3] == pytest.approx(colour)


def test_learning_curves_show_every_run_and_the_mean(small):
    curves = STUDY.read("learning_curves").groupby(["architecture", "technique"], sort=False)
    for axis, ((_, technique), combo) in zip(drawn("learning_curves", small).axes, curves, strict=True):
        train, test, *derived = axis.get_lines()
        assert train.get_ydata() == pytest.approx(100 * combo["mean_train_accuracy"], rel=1e-5)
        assert test.get_ydata() == pytest.approx(100 * combo["mean_test_accuracy"], rel=1e-5)
        assert (train.get_linestyle(), test.get_linestyle()) == ("--", "-")
        assert [len(lines.get_segments()) for lines in axis.collections] == [small.seeds, small.seeds]
        assert len(derived) == (technique in ("aux_loss", "weight_sharing_aux_loss"))
        for line in derived:
            assert line.get_ydata() == pytest.approx(100 * combo["mean_digit_derived_accuracy"], rel=1e-5)


def test_effects_show_differences_means_and_intervals(small):
    runs, table = STUDY.read("effect_runs"), STUDY.read("effects")
    part = table[(table["effect"] == "both") & (table["architecture"] == AVERAGE)]
    extra = part.assign(architecture=AVERAGE_CONVERGED)
    figure = plot.FIGURES["effects"](small, runs, pd.concat([table, extra], ignore_index=True))
    assert len(figure.axes) == len(effects.MAIN)
    assert len(drawn("further_effects", small).axes) == table["effect"].nunique() - len(effects.MAIN)
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


def test_the_average_of_one_architecture_is_not_drawn_twice(workspace):
    figure = drawn("effects", study(["basenet"], ["baseline", "weight_sharing"], seeds=1, epochs=1))
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["basenet"]
    (bars,) = figure.axes[0].containers
    assert np.isfinite(np.asarray(bars[0].get_xdata(), dtype=float)).all()
    assert [segment.size for segment in bars[2][0].get_segments()] == [0]  # one run has no interval


def test_gaps_show_accuracies_and_pairs(small):
    gaps = STUDY.read("gaps")
    figure = drawn("accuracy_by_gap", small)
    of_first = style.of_combo(gaps, "basenet", "two_channel").dropna()
    assert figure.axes[0].get_lines()[0].get_ydata() == pytest.approx(100 * of_first["test_accuracy"])
    assert f"from {gaps['pairs'].min()} pairs" in texts(figure)


def test_confusion_adds_up_to_all_images(small):
    figure = drawn("digit_confusion", small)
    titles = [axis.get_title() for axis in figure.axes]
    names = ["aux_loss", "weight_sharing_aux_loss", "latent_digits", "latent_digits_aux_loss", "digits_only"]
    assert titles == [formats.label(name) for name in names]
    counts = STUDY.read("confusion").query("technique == 'aux_loss' and digit == 3")
    read_right = counts.loc[counts["predicted"] == 3, "count"].sum() / counts["count"].sum()
    (cell,) = [text for text in figure.axes[0].texts if text.get_position() == (3.5, 3.5)]
    assert float(cell.get_text()) == pytest.approx(100 * read_right, abs=0.51)


def test_what_cannot_be_shown_is_said(workspace):
    without = study(["basenet"], ["weight_sharing"], seeds=1, epochs=1, source="digits")
    for name in ("effects", "further_effects"):
        assert "params.yaml lists no techniques" in texts(drawn(name, without))
    assert "trains its encoders to read digits" in texts(drawn("digit_confusion", without))


def test_a_notebooks_backend_is_no_matter():
    """MPLBACKEND as Jupyter sets it, where its backend is not installed."""
    command = [sys.executable, "-c", "import pipeline.plot"]
    environment = os.environ | {"MPLBACKEND": "module://nowhere", "PYTHONPATH": str(ROOT)}
    assert subprocess.run(command, env=environment, check=False).returncode == 0


def test_a_missing_table_is_said_in_one_line(small):
    STUDY.path("runs").unlink()
    with pytest.raises(StudyError, match=r"^reports/runs.csv: missing; .*aggregate"):
        plot.main()


def test_dvcs_learning_curves_have_the_colours_of_the_figures():
    template = json.loads((TEMPLATES / "learning_curves.json").read_text())
    colours = template["spec"]["encoding"]["color"]["scale"]["range"]
    assert colours == [to_hex(colour) for colour in style.COLOURS]


@pytest.mark.parametrize(("name", "table"), [("test_accuracy", "runs"), ("learning_curves", "learning_curves")])
def test_dvcs_templates_read_columns_that_exist(name, table):
    text = (TEMPLATES / f"{name}.json").read_text()
    template = json.loads(text)
    assert template["data"]["values"] == "<DVC_METRIC_DATA>"
    made = {step.get("as") for step in template["transform"]} | {
        w["as"] for s in template["transform"] for w in s.get("window", [])
    }

    def fields(part):
        if isinstance(part, dict):
            yield from ([part["field"]] if "field" in part else [])
            yield from (name for value in part.values() for name in fields(value))
        elif isinstance(part, list):
            yield from (name for value in part for name in fields(value))

    assert set(fields(template)) <= made | set(STUDY.columns(table)) | {"rev"}

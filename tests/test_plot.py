"""The figures: what they show is what the tables hold, for studies of any size, and the same bytes every time."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
import yaml
from matplotlib.colors import to_hex

from pipeline import aggregate, params, paths, plot
from pipeline.analysis import tables
from pipeline.figures import accuracy_by_gap, digit_confusion, effects, learning_curves, published, style, test_accuracy
from pipeline.params import AVERAGE
from pipeline.script import StudyError
from tests.synthetic import ROOT, make_params, write_study

TEMPLATES = ROOT / ".dvc" / "plots"


def study(*args, **options):
    """A made-up study in the current folder, with its tables, ready to be drawn."""
    write_study(make_params(*args, **options))
    aggregate.main()
    style.use()
    return params.load()


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture
def small(workspace):
    return study(["basenet", "lenet5"], runs=2, epochs=3)


def texts(figure) -> str:
    """All words of a figure that stand outside its panels, and the annotations in them."""
    inside = [text.get_text() for axis in figure.axes for text in axis.texts]
    return " ".join([figure.get_suptitle(), figure.get_supxlabel().replace("\n", " "), *inside])


@pytest.mark.parametrize(
    ("architectures", "techniques", "runs", "epochs", "source"),
    [
        (["basenet"], None, 2, 2, "digits"),
        (["basenet"], ["weight_sharing"], 1, 1, "digits"),
        (["shallow_fc", "deep_fc", "convnet", "lenet5"], None, 3, 4, "mnist"),
    ],
)
def test_draws_every_figure_of_any_study(workspace, architectures, techniques, runs, epochs, source):
    study(architectures, techniques, runs=runs, epochs=epochs, source=source)
    plot.main()
    assert {path.name for path in paths.FIGURES.iterdir()} == {f"{name}.png" for name in plot.FIGURES}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths.FIGURES.iterdir())


def test_drawn_again_a_figure_is_the_same_bytes(small):
    plot.main()
    first = {path: path.read_bytes() for path in paths.FIGURES.iterdir()}
    plot.main()
    assert first == {path: path.read_bytes() for path in paths.FIGURES.iterdir()}


@pytest.mark.parametrize("draw", plot.FIGURES.values(), ids=plot.FIGURES)
def test_every_figure_names_data_set_and_runs(small, draw):
    assert "MNIST, 2 runs per combo" in texts(draw(small))


def test_a_technique_of_the_users_own_is_drawn(workspace):
    write_study(make_params(["basenet"], runs=2, epochs=2))
    content = yaml.safe_load(paths.PARAMS.read_text())
    content["techniques"]["auxiliary"]["my_own"] = {"encoder": "shared", "answer": "comparator"}
    write_study(params.Params.model_validate(content))
    aggregate.main()
    plot.main()
    assert "my own" in [text.get_text() for text in test_accuracy.draw(params.load()).axes[0].get_yticklabels()]


@pytest.mark.parametrize("count", [1, 6, 10, 14])
def test_techniques_have_colours_of_their_own(count):
    names = [f"technique_{i}" for i in range(count)]
    colours = style.colours(names)
    assert list(colours) == names
    assert len(set(colours.values())) == count


def test_accuracy_shows_every_run(small):
    runs = tables.read("runs")
    for axis, architecture in zip(test_accuracy.draw(small).axes, small.architectures, strict=True):
        assert axis.get_title() == architecture
        drawn = [points for points in axis.collections if len(points.get_offsets()) == small.runs]
        for points, technique in zip(drawn, small.technique_names(), strict=True):
            wanted = runs[(runs["architecture"] == architecture) & (runs["technique"] == technique)]
            assert sorted(points.get_offsets()[:, 0]) == pytest.approx(sorted(100 * wanted["test_accuracy"]))
            colour = style.colours(small.technique_names())[technique]
            assert points.get_facecolor()[0][:3] == pytest.approx(colour)


def test_learning_curves_show_every_run_and_the_mean(small):
    curves = tables.read("learning_curves").groupby(["architecture", "technique"], sort=False)
    for axis, (_, combo) in zip(learning_curves.draw(small).axes, curves, strict=True):
        train, test = axis.get_lines()
        assert train.get_ydata() == pytest.approx(100 * combo["mean_train_accuracy"], rel=1e-5)
        assert test.get_ydata() == pytest.approx(100 * combo["mean_test_accuracy"], rel=1e-5)
        assert (train.get_linestyle(), test.get_linestyle()) == ("--", "-")
        assert [len(lines.get_segments()) for lines in axis.collections] == [small.runs, small.runs]


def test_effects_show_differences_mean_and_interval(small):
    table = tables.read("effects")
    figure = effects.draw(small)
    assert len(figure.axes) == table["effect"].nunique()
    for axis, (name, rows) in zip(figure.axes, table.groupby("effect", sort=False), strict=True):
        assert axis.get_title().replace("\n", " ") == effects.wording.label(name)
        assert [bars[0].get_xdata()[0] for bars in axis.containers] == pytest.approx(100 * rows["mean_difference"])
        arms = [bars[2][0].get_segments()[0][:, 0] for bars in axis.containers]
        assert np.array(arms) == pytest.approx(100 * rows[["ci_low", "ci_high"]].to_numpy())
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == [*small.architectures, AVERAGE]


def test_the_average_of_one_architecture_is_not_drawn_twice(workspace):
    figure = effects.draw(study(["basenet"], runs=2, epochs=2))
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["basenet"]


def test_one_run_has_an_effect_without_interval(workspace):
    figure = effects.draw(study(["basenet"], runs=1, epochs=1))
    (bars,) = figure.axes[0].containers
    assert np.isfinite(np.asarray(bars[0].get_xdata(), dtype=float)).all()
    assert [segment.size for segment in bars[2][0].get_segments()] == [0]


def test_gaps_show_accuracies_and_pairs(small):
    gaps = tables.read("gaps")
    figure = accuracy_by_gap.draw(small)
    of_first = gaps[(gaps["architecture"] == "basenet") & (gaps["technique"] == "two_channel")].dropna()
    assert figure.axes[0].get_lines()[0].get_ydata() == pytest.approx(100 * of_first["test_accuracy"])
    assert f"from {gaps['pairs'].min()} pairs" in texts(figure)


def test_confusion_adds_up_to_all_images(small):
    figure = digit_confusion.draw(small)
    assert [axis.get_title() for axis in figure.axes] == [
        "auxiliary loss",
        "weight sharing + auxiliary loss",
        "digits only",
    ]
    counts = tables.read("confusion").query("technique == 'aux_loss' and digit == 3")
    read_right = counts.loc[counts["predicted"] == 3, "count"].sum() / counts["count"].sum()
    (cell,) = [text for text in figure.axes[0].texts if text.get_position() == (3.5, 3.5)]
    assert float(cell.get_text()) == pytest.approx(100 * read_right, abs=0.51)


@pytest.mark.parametrize(
    ("draw", "table", "published_mean", "our_mean"),
    [
        (published.draw_accuracies, "published_vs_ours", "published_mean", "our_mean"),
        (published.draw_gains, "published_gains", "published_gain", "our_gain"),
    ],
)
def test_published_figures_stand_beside_ours(small, draw, table, published_mean, our_mean):
    rows = tables.read(table)
    rows = rows[rows["measure"] != "train_accuracy"]
    left, right = draw(small).axes
    assert [text.get_text() for text in right.texts] == list(rows["verdict"])
    marks = [line.get_xdata()[0] for line in left.get_lines() if line.get_marker() == "o"]
    assert marks[0::2] == pytest.approx(100 * rows[published_mean])
    assert marks[1::2] == pytest.approx(100 * rows[our_mean])
    # a row each, and a heading for each architecture
    labels = [tick.get_text() for tick in left.get_yticklabels()]
    assert len(labels) == len(rows) + rows["architecture"].nunique()
    assert [label for label in labels if label.startswith("report")] == ["report 1: basenet", "report 4: lenet5"]


def test_what_cannot_be_shown_is_said(workspace):
    without = study(["basenet"], ["weight_sharing"], runs=1, epochs=1, source="digits")
    assert "params.yaml lists no techniques that an effect compares" in texts(effects.draw(without))
    assert "trains its encoders to read digits" in texts(digit_confusion.draw(without))
    for draw in (published.draw_accuracies, published.draw_gains):
        assert "No report publishes figures for this data set" in texts(draw(without))


def test_a_missing_table_is_said_in_one_line(small):
    paths.table("gaps").unlink()
    with pytest.raises(StudyError, match=r"^reports/gaps.csv: missing; .*aggregate"):
        plot.main()


def test_dvcs_learning_curves_have_the_colours_of_the_figures():
    template = json.loads((TEMPLATES / "learning_curves.json").read_text())
    colours = template["spec"]["encoding"]["color"]["scale"]["range"]
    assert colours == [to_hex(colour) for colour in style.colours([str(i) for i in range(10)]).values()]


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

    assert set(fields(template)) <= made | set(tables.COLUMNS[table]) | {"rev"}

"""The sweeps' page: complete, from the tables, true to them in its verdicts, and in need of nothing beside it."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from pipeline import params
from pipeline.analysis.tables import write_all
from pipeline.pages import formats, render
from studies.sweeps import aggregate, figures, report, swept
from studies.sweeps.analysis import TABLES
from studies.sweeps.swept import Sweeps
from tests import ROOT
from tests.studies.sweeps.swept_study import STUDY, make_sweeps, write_study
from tests.test_report import Page

# The project's own sweeps, on few architectures and seeds.
WHOLE = params.read(ROOT / swept.PARAMS, Sweeps)
REAL = make_sweeps(
    architectures=["shallow_fc", "siamese_cnn", "mlpnet", "lenet5"],
    seeds=2,
    fewer_seeds={"lenet5": 1},
    sweeps={name: sweep.model_dump() | {"architectures": None} for name, sweep in WHOLE.sweeps.items()},
)


def written(sweeps, diverged=()) -> Page:
    """The page, from made-up results by way of both stages."""
    write_study(sweeps, diverged=diverged)
    write_all(*aggregate.tables_made())
    report.main()
    assert {path.stem for path in swept.FIGURES.iterdir()} == set(report.sources(sweeps))
    return Page(swept.PAGE.read_text(encoding="utf-8"))


def test_needs_nothing_beside_it_but_the_study_s_page_and_holds_its_tables_numbers(workspace):
    sweeps = make_sweeps(architectures=["deep_fc", "lenet5", "mlpnet"], fewer_seeds={"mlpnet": 2})
    run = next(run for run in swept.runs(STUDY, sweeps, "lenet5") if run.data.train_pairs == 4000)
    page = written(sweeps, [run])
    links = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert {link for link in links if not link.startswith("data:")} == {"../../../reports/index.html"}
    assert len({image["alt"] for image in page.named("img")}) == len(report.sources(sweeps))
    assert len(page.named("caption")) == len(page.named("table"))
    for row in TABLES.read("accuracy").to_dict("records"):
        assert formats.mean_std(row["mean_test_accuracy"], row["std_test_accuracy"]) in page.text
    for row in TABLES.read("effects").query("sweep == 'interface_pairing' and effect == 'aux_loss'").to_dict("records"):
        assert formats.interval(row["ci_low"], row["ci_high"]) in page.text


@pytest.mark.slow
def test_says_of_every_expectation_whether_it_held_and_the_readme_what_is_left(workspace):
    page = written(REAL)
    expected = len(re.findall(r"^  # ? ?(\d+)\. ", (ROOT / swept.PARAMS).read_text(), re.MULTILINE))
    assert len([tag for tag, attributes in page.tags if tag == "li" and "value" in attributes]) == expected > 0
    assert page.text.count(" Held ") + page.text.count(" Did not hold ") == expected
    block = render.text(ROOT / swept.HERE / "readme.md", **report.readme_values())
    left = TABLES.read("effects").query(
        "sweep == 'interface_pairing' and point == 'renewed' and architecture == 'average'"
    )
    for effect in ("aux_loss", "weight_sharing"):
        (difference,) = left.loc[left["effect"] == effect, "mean_difference"]
        assert formats.points(difference).removeprefix("+") in block


def test_a_figure_has_a_panel_per_technique_with_a_line_per_architecture_and_value_0_apart(workspace):
    sweeps = make_sweeps()
    write_study(sweeps)
    write_all(*aggregate.tables_made())
    made_by, tables = figures.figures(sweeps)["aux_weight_accuracy"]
    drawn = made_by(STUDY, *map(TABLES.read, tables))
    assert [axis.get_title() for axis in drawn.axes] == ["auxiliary loss", "weight sharing + auxiliary loss"]
    axis, rows = drawn.axes[0], TABLES.read("accuracy").query("sweep == 'aux_weight' and technique == 'aux_loss'")
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0", "0.1", "1", "10"]
    place = axis.get_xticks()[0]
    assert 0 < place < 0.1
    lines = [np.column_stack(line.get_data()) for line in axis.get_lines()]
    for _, of_one in rows.groupby("architecture"):
        points = of_one.assign(value=of_one["value"].replace(0, place), mean=100 * of_one["mean_test_accuracy"])
        assert any(len(line) == 4 and np.allclose(line, points[["value", "mean"]]) for line in lines)
    plt.close(drawn)

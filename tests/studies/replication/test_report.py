"""The annex's figures and page, from made-up results of all published rows."""

import re

import pandas as pd
import pytest

from pipeline.pages import render
from studies.replication import deviations, measured, report, reports
from tests import ROOT
from tests.studies.replication.made_up_results import REPLICATION, ROWS, STUDY, jitter, results


def level(description, seed):
    """Near enough to what is published; batch order alone does something, in opposite directions by architecture."""
    base = 0.8 + (0.1 if description.aux_weight is not None else 0) + jitter(seed)
    up = 0.05 if description.architecture.startswith("lenet5") else -0.05
    return base + up * (description.batch_order == "fixed") + 0.002 * (seed % 3 - 1) * (description.draw == "each_run")


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    found = results(REPLICATION, level)
    return {
        "figures": measured.figures(REPLICATION, STUDY, found),
        "gains": measured.gains(REPLICATION, STUDY, found),
        "deviations": deviations.deviations(REPLICATION, STUDY, found),
    }


def test_the_figure_is_drawn_and_the_page_holds_every_row_and_report(frames, workspace):
    for name, frame in frames.items():
        measured.TABLES.write(name, frame)
    (workspace / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    (workspace / reports.FILE).write_bytes((ROOT / reports.FILE).read_bytes())
    report.main()
    assert {path.stem for path in report.FIGURES.glob("*.png")} == set(report.SOURCES)
    page = report.PAGE.read_text(encoding="utf-8")
    for row in ROWS.values():
        assert f"{row.figure.name}" in page
    for of in REPLICATION.reports.values():
        assert of.authors in page
        assert of.repository in page
    assert "nan" not in re.sub(r'src="data:[^"]*"|<style>.*?</style>', "", page, flags=re.DOTALL)
    assert render.text(report.TEMPLATE.with_name("readme.md"), **report.readme_values()).count("35") == 1


def test_agreement_is_counted_by_protocol(frames):
    main = measured.main_figures(frames["figures"])
    assert len(main) == 35
    main = main.assign(own_within=[False] + [True] * 34, common_within=[True] * 25 + [False] * 10)
    main = main.assign(own_difference=[0.01, -0.01] + [0.0] * 33)
    said = report.agreement(frames | {"figures": main})
    assert said["consistent"] == {"own": 34, "common": 25}
    assert said["mean_absolute"]["own"] == pytest.approx(0.02 / 35)
    assert [row["technique"] for row in said["inconsistent"]] == ["baseline"]


def test_a_deviation_is_summed_up_over_rows_with_both_directions(frames):
    """Where batch order is the only deviation, it is not tried in two ways, and so not counted."""
    by_name = {row["deviation"]: row for row in report.by_deviation(frames["deviations"])}
    order = by_name["batch_order"]
    assert (order["rows"], order["comparisons"]) == (25, 50)
    assert (order["up"], order["down"]) == (4, 21)
    assert order["removed"] == order["added"] == order["mean"] == pytest.approx((4 * 0.05 - 21 * 0.05) / 25)
    assert {name for name, row in by_name.items() if row["up"] or row["down"]} == {"batch_order"}
    assert report.agreement(frames)["rows_with_cause"] == 25

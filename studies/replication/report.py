"""Stage `report`: the annex's figures, and one page with a section per report.

Reads studies/replication/params.yaml, params.yaml and studies/replication/reports/*.csv; writes figures/*.png and
index.html there, figures and style inside. The sentences are those of page.html; every number in them comes from the
tables.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pandas as pd

from pipeline import params
from pipeline.cli import run_script
from pipeline.figures import style
from pipeline.pages import render
from pipeline.params import Params
from studies.replication import plots, reports
from studies.replication.deviations import ADDED, ALL, REMOVED
from studies.replication.measured import MARGIN, TABLES, main_figures
from studies.replication.reports import MEASURES, Replication

FIGURES = TABLES.folder / "figures"
PAGE = TABLES.folder / "index.html"
TEMPLATE = Path(__file__).with_name("page.html")
TITLE = "Five published reports, made again by their own protocols"
SHOWN = ("figures", "gains", "deviations")  # the tables that the page takes from
ROW = ["report", "architecture", "technique"]


def sources(replication: Replication) -> dict[str, tuple[str, ...]]:
    """The figures by name, each with the tables it is drawn from."""
    of_reports = {f"deviations_{number}": ("deviations",) for number in _numbers(replication)}
    return {"published_and_ours": ("figures",), "learning_curves": ("curves", "figures")} | of_reports


def draw(study: Params, replication: Replication) -> None:
    """Draw every figure of `sources`."""
    made_by = {"published_and_ours": plots.published_and_ours, "learning_curves": plots.learning_curves}
    made_by |= {f"deviations_{number}": partial(plots.deviations, report=number) for number in _numbers(replication)}
    style.draw(made_by, sources(replication), TABLES, study, FIGURES)


def _numbers(replication: Replication) -> list[int]:
    return list(dict.fromkeys(row.report for row in replication.rows))


def agreement(frames: Mapping[str, pd.DataFrame]) -> dict[str, object]:
    """How well both protocols agree with what is published, and in how many rows a deviation is a cause."""
    main, deviations = main_figures(frames["figures"]), frames["deviations"]
    causes = _of_description(deviations[deviations["shown"]])
    return {
        "count": len(main),
        "consistent": {whose: int(main[f"{whose}_within"].sum()) for whose in ("own", "common")},
        "mean_absolute": {whose: main[f"{whose}_difference"].abs().mean() for whose in ("own", "common")},
        "inconsistent": main[~main["own_within"]].to_dict("records"),
        "rows_with_cause": len(causes[ROW].drop_duplicates()),
    }


def _of_description(deviations: pd.DataFrame) -> pd.DataFrame:
    """The rows whose deviation is one of a run's description: not when accuracy is read, and not all at once."""
    return deviations[~deviations["deviation"].isin(["all", *MEASURES])]


def by_deviation(deviations: pd.DataFrame) -> list[dict]:
    """A row per deviation over all reports: its mean effects, and in how many rows it is a cause, up and down."""
    rows = []
    tested = _of_description(deviations[deviations["way"].isin([REMOVED, ADDED])])
    for name, of in tested.groupby("deviation", sort=False):
        causes = of[of["shown"]].drop_duplicates(ROW)["mean_difference"]
        row = {"deviation": name, "rows": len(of[ROW].drop_duplicates()), "comparisons": len(of)}
        row |= {"mean": of["mean_difference"].mean(), "up": int((causes > 0).sum()), "down": int((causes < 0).sum())}
        rows.append(row | {way: of[of["way"] == way]["mean_difference"].mean() for way in (REMOVED, ADDED)})
    return sorted(rows, key=lambda row: -row["comparisons"])


def figure_rows(figures: pd.DataFrame) -> tuple[list[dict], dict[int, list[str]]]:
    """The rows of the table, each with its `own` differences of protocol; and those that all of a report share."""
    rows = figures.fillna({"protocol_differences": ""}).to_dict("records")
    shared: dict[int, list[str]] = {}
    for row in rows:
        row["own"] = [difference for difference in row["protocol_differences"].split("; ") if difference]
        shared[row["report"]] = [d for d in shared.get(row["report"], row["own"]) if d in row["own"]]
    for row in rows:
        row["own"] = [difference for difference in row["own"] if difference not in shared[row["report"]]]
    return rows, shared


def deviation_rows(deviations: pd.DataFrame) -> list[dict]:
    """A row per published row and deviation, with its `ways` by name."""
    made = []
    for _, ways in deviations.groupby([*ROW, "deviation"], sort=False):
        first = ways.iloc[0].to_dict()
        made.append(first | {"ways": {row["way"]: row for row in ways.to_dict("records")}})
    return made


def explanations(deviations: pd.DataFrame) -> list[dict]:
    """A row per published row: what all its deviations do at once, and those that are causes."""
    causes = deviation_rows(deviations[deviations["shown"]])
    return [
        row | {"causes": [cause for cause in causes if all(cause[name] == row[name] for name in ROW)]}
        for row in deviations[deviations["way"] == ALL].to_dict("records")
    ]


def sections(replication: Replication, frames: Mapping[str, pd.DataFrame]) -> list[dict]:
    """A report each: what params say of it, and its rows of the tables."""
    rows, shared = figure_rows(frames["figures"])
    made, variants = [], replication.words.get("architecture", {})
    for name, report in replication.reports.items():
        number = int(name.removeprefix("report_"))
        described = [row.description.architecture for row in replication.rows if row.report == number]
        gains, deviations = (frames[table][frames[table]["report"] == number] for table in ("gains", "deviations"))
        of_report = [row for row in rows if row["report"] == number]
        tested = [row["main"] and row["quantity"] == "test_accuracy" for row in of_report]
        made.append(
            {
                "number": number,
                "params": report,
                "rows": [row for row, main in zip(of_report, tested, strict=True) if main],
                "further": [row for row, main in zip(of_report, tested, strict=True) if not main],
                "shared": shared.get(number, []),
                "variants": {name: said for name, said in variants.items() if name in described},
                "gains": gains.to_dict("records"),
                "explanations": explanations(deviations),
                "deviations": deviation_rows(deviations),
            }
        )
    return made


def page(study: Params, replication: Replication, frames: Mapping[str, pd.DataFrame]) -> str:
    """The page, from the tables SHOWN and the figures."""
    main = main_figures(frames["figures"])
    outside = main[~main["spread_within"]]
    return render.page(
        TEMPLATE,
        TITLE,
        FIGURES,
        TABLES,
        sources(replication),
        study=study,
        **agreement(frames),
        by_deviation=by_deviation(frames["deviations"]),
        sections=sections(replication, frames),
        narrow=outside[outside["spread_ratio"] < outside["spread_low"]].to_dict("records"),
        wide=outside[outside["spread_ratio"] > outside["spread_high"]].to_dict("records"),
        coarse=[report for report in replication.reports.values() if report.printed_to >= 1],
        margin=100 * MARGIN,
        measures=MEASURES,
        named=plots.named,
    )


def readme_values() -> dict[str, object]:
    """What readme.md, the annex's block of README.md, is filled with."""
    return agreement({name: TABLES.read(name) for name in SHOWN})


def main() -> None:
    """Draw the figures and write the page."""
    study, replication = params.load(), reports.load()
    draw(study, replication)
    render.write(PAGE, page(study, replication, {name: TABLES.read(name) for name in SHOWN}))


if __name__ == "__main__":
    run_script(main)

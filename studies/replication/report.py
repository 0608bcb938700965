"""Stage `report`: the annex's figure, and one page with a section per report.

Reads studies/replication/params.yaml, params.yaml and studies/replication/reports/*.csv; writes figures/*.png and
index.html there, figures and style inside. The sentences are those of page.html; every number in them comes from the
tables.
"""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import params
from pipeline.cli import run_script
from pipeline.figures import style
from pipeline.pages import formats, render
from pipeline.params import Params
from studies.replication import plots, reports
from studies.replication.deviations import ADDED, ALL, REMOVED
from studies.replication.measured import TABLES, main_figures
from studies.replication.reports import MEASURES, Replication

FIGURES = TABLES.folder / "figures"
PAGE = TABLES.folder / "index.html"
TEMPLATE = Path(__file__).with_name("page.html")
TITLE = "Five published reports, made again by their own protocols"
SHOWN = ("figures", "gains", "deviations")  # the tables that the page takes from
ROW = ["report", "architecture", "technique"]
SOURCES = {"published_and_ours": ("figures",)}  # by figure, the tables it is drawn from
NAMES = {"all": "all at once", "architecture": "layers of the network", "draw": "draw of pairs"}  # of deviations


def named(deviation: str) -> str:
    """A deviation, or several at once, in words: `aux weight and digit loss reads`."""
    return formats.listed([NAMES.get(field, field.replace("_", " ")) for field in deviation.split("+")])


def agreement(frames: Mapping[str, pd.DataFrame]) -> dict[str, object]:
    """How well both protocols agree with what is published, and in how many rows a deviation is a cause."""
    main, deviations = main_figures(frames["figures"]), frames["deviations"]
    causes = _of_description(deviations[deviations["shown"]])
    variance = sum(main[f"{whose}_std"] ** 2 / main[f"{whose}_runs"] for whose in ("published", "own"))
    return {
        "count": len(main),
        "consistent": {whose: int(main[f"{whose}_within"].sum()) for whose in ("own", "common")},
        "mean_absolute": {whose: main[f"{whose}_difference"].abs().mean() for whose in ("own", "common")},
        "by_chance": math.sqrt(2 / math.pi) * np.sqrt(variance).mean(),  # of normal means with these variances
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
    made = []
    for name, report in replication.reports.items():
        number = int(name.removeprefix("report_"))
        gains, deviations = (frames[table][frames[table]["report"] == number] for table in ("gains", "deviations"))
        section = {"number": number, "params": report, "rows": [], "further": [], "shared": shared.get(number, [])}
        for row in rows:
            if row["report"] == number:
                section["rows" if row["main"] and row["quantity"] == "test_accuracy" else "further"].append(row)
        section |= {"gains": gains.to_dict("records"), "explanations": explanations(deviations)}
        made.append(section | {"deviations": deviation_rows(deviations)})
    return made


def page(study: Params, replication: Replication, frames: Mapping[str, pd.DataFrame]) -> str:
    """The page, from the tables SHOWN and the figure."""
    main = main_figures(frames["figures"])
    outside = main[~main["spread_within"]]
    return render.page(
        TEMPLATE,
        TITLE,
        FIGURES,
        TABLES,
        SOURCES,
        study=study,
        **agreement(frames),
        by_deviation=by_deviation(frames["deviations"]),
        sections=sections(replication, frames),
        narrow=outside[outside["spread_ratio"] < outside["spread_low"]].to_dict("records"),
        wide=outside[outside["spread_ratio"] > outside["spread_high"]].to_dict("records"),
        coarse=[report for report in replication.reports.values() if report.printed_to >= 1],
        measures=MEASURES,
        named=named,
    )


def readme_values() -> dict[str, object]:
    """What readme.md, the annex's block of README.md, is filled with."""
    return agreement({name: TABLES.read(name) for name in SHOWN})


def main() -> None:
    study, replication = params.load(), reports.load()
    style.draw({"published_and_ours": plots.published_and_ours}, SOURCES, TABLES, study, FIGURES)
    render.write(PAGE, page(study, replication, {name: TABLES.read(name) for name in SHOWN}))


if __name__ == "__main__":
    run_script(main, arguments=False)

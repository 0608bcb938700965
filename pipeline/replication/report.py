"""Stage `report` of the replication: its figures, and one page with a section per report.

Reads studies/replication/params.yaml, params.yaml and reports/replication/*.csv; writes figures/*.png and index.html
there, figures and style inside. The page is laid out by pages/replication.html; every number and verdict on it comes
from the tables.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pipeline import params, protocols, tables, wording
from pipeline.analysis.published import MARGIN
from pipeline.figures import style
from pipeline.pages import render
from pipeline.params import Params
from pipeline.protocols import Replication
from pipeline.replication import figures as figures_of
from pipeline.replication import wording as say
from pipeline.script import run_script

FIGURES = protocols.REPORTS / "figures"
PAGE = protocols.REPORTS / "index.html"
TABLES = ("replication/figures", "replication/departures", "replication/curves")


def sources(published: Replication) -> dict[str, tuple[str, ...]]:
    """The figures by name, each with the tables it is drawn from."""
    of_reports = {f"departures_{report}": TABLES[1:2] for report in dict.fromkeys(row.report for row in published.rows)}
    return {"published_and_ours": TABLES[:1], "learning_curves": (TABLES[2], TABLES[0])} | of_reports


def draw(study: Params, frames: Mapping[str, pd.DataFrame], published: Replication) -> None:
    """Draw every figure of `sources`, from the tables TABLES."""
    style.use()
    for name, read in sources(published).items():
        needed = [frames[table] for table in read]
        if name.startswith("departures_"):
            figure = figures_of.departures(study, *needed, int(name.removeprefix("departures_")))
        else:
            figure = getattr(figures_of, name)(study, *needed)
        style.save(figure, FIGURES / f"{name}.png")
        print(FIGURES / f"{name}.png")


def sections(published: Replication, frames: Mapping[str, pd.DataFrame]) -> list[dict]:
    """A report each: what params say of it, its rows of the tables, and sentences made of them."""
    rows, shared = wording.shared_and_own_differences(frames["replication/figures"])
    made = []
    for name, report in published.reports.items():
        number = int(name.removeprefix("report_"))
        figures, departures = (table[table["report"] == number] for table in map(frames.get, TABLES[:2]))
        described = [row.description.architecture for row in published.rows if row.report == number]
        made.append(
            {
                "number": number,
                "params": report,
                "rows": _with_gains([row for row in rows if row["report"] == number], figures),
                "basic": wording.label(say.reference(say.main(figures))),
                "shared": shared.get(number, []),
                "variants": {name: said for name, said in published.variants.items() if name in described},
                "means": say.means(figures, known_report=True),
                "spreads": say.spreads(figures, known_report=True),
                "further": say.further(figures),
                "claims": {
                    "It published": say.claims(figures, "published_mean"),
                    "Its protocol gives": say.claims(figures, "our_mean"),
                    "The sound protocol gives": say.claims(figures, "study_mean"),
                },
                "explanations": say.explanations(departures),
                "departures": _departure_rows(departures),
            }
        )
    return made


def _with_gains(rows: list[dict], figures: pd.DataFrame) -> list[dict]:
    """The rows, those of main figures with the gains over their report's basic network: published, ours, study's."""
    tested = say.main(figures)
    gains = {}
    for architecture, of in tested.groupby("architecture", sort=False):
        for who in ("published", "our", "study"):
            by_row = say.gains(of, f"{who}_mean")
            gains |= {(architecture, technique, who): g for technique, g in zip(of["technique"], by_row, strict=True)}
    basic = say.reference(tested)
    return [
        row
        | {
            "gains": {who: gains[row["architecture"], row["technique"], who] for who in ("published", "our", "study")}
            if row["main"] and row["quantity"] == "test_accuracy" and row["technique"] != basic
            else None
        }
        for row in rows
    ]


def _departure_rows(departures: pd.DataFrame) -> list[dict]:
    """A row per published row and departure, with its `ways` by name."""
    made = []
    keys = [*say.KEYS, "departure"]
    for _, ways in departures.groupby(keys, sort=False):
        first = ways.iloc[0].to_dict()
        made.append(first | {"ways": {row["way"]: row for row in ways.to_dict("records")}})
    return made


def page(study: Params, published: Replication, frames: Mapping[str, pd.DataFrame]) -> str:
    """The page, from the tables TABLES and the figures."""
    figures, departures = frames["replication/figures"], frames["replication/departures"]
    coarse = [
        f"report {name.removeprefix('report_')} prints to {report.printed_to:g} point"
        for name, report in published.reports.items()
        if report.printed_to >= 1
    ]
    return render.page(
        "replication.html",
        "The published figures, by their own protocols",
        FIGURES,
        sources(published),
        study=study,
        say=say,
        headline=say.headline(figures, departures),
        sections=sections(published, frames),
        margin=100 * MARGIN,
        coarse=wording.listed(coarse),
        count=len(say.main(figures)),
        folder=Path("studies/replication").as_posix(),
    )


def main() -> None:
    """Draw the figures and write the page."""
    study, published = params.load(), protocols.load()
    frames = {name: tables.read(name) for name in TABLES}
    draw(study, frames, published)
    render.write(PAGE, page(study, published, frames))


if __name__ == "__main__":
    run_script(main)

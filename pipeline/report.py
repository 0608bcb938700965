"""Stage `report`: the study on one page that needs nothing else.

Reads params.yaml, reports/*.csv and reports/figures/*.png; writes reports/index.html, figures and style inside. The
sentences are those of pages/report.html; every number in them comes from the tables. Pages of annexes
(studies/NAME/reports/index.html) are linked if they are there when it is written.
"""

import re
from pathlib import Path

import pandas as pd

from pipeline import params, paths, readme
from pipeline.analysis.tables import STUDY
from pipeline.cli import StudyError, run_script, say
from pipeline.figures.sources import TABLES
from pipeline.pages import render
from pipeline.pages.values import TABLES as SHOWN
from pipeline.pages.values import values
from pipeline.params import Params

TEMPLATE = Path(render.__file__).with_name("report.html")
TITLE = "Comparing two handwritten digits: how much do weight sharing and an auxiliary loss help?"


def annexes() -> dict[str, dict[str, str]]:
    """The annexes that have a page, by name: its title, and where it is from the root's page."""
    found = {}
    for path in sorted(paths.annex("*").parent.glob("*/reports/index.html")):
        title = re.search(r"<title>(.*?)</title>", path.read_text(encoding="utf-8"))
        name = path.parts[1]
        found[name] = {"title": title.group(1) if title else name, "href": f"../{path.as_posix()}"}
    return found


def page(study: Params, frames: dict[str, pd.DataFrame], linked: dict[str, dict[str, str]]) -> str:
    """The page, from the tables SHOWN, the figures and the annexes that have a page."""
    return render.page(TEMPLATE, TITLE, paths.FIGURES, STUDY, TABLES, annexes=linked, **values(study, frames))


def main() -> None:
    """Write the page; say whether the study's results in README.md are older than it."""
    render.write(paths.PAGE, page(params.load(), {name: STUDY.read(name) for name in SHOWN}, annexes()))
    try:
        if readme.README.is_file() and readme.is_outdated({"results"}):
            say(f"{readme.README}: its results are not the tables'; `python -m pipeline.readme` updates them")
    except StudyError as error:  # somebody's own README.md
        say(f"not compared with the tables: {error}")


if __name__ == "__main__":
    run_script(main, arguments=False)

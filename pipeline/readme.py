"""Bring the results in README.md up to date: `python -m pipeline.readme` (or `make readme`); `--check` only looks.

README.md is written by hand, but for what stands between the markers of a block: <!-- NAME:begin --> and
<!-- NAME:end -->. The block `results` is pages/readme_results.md, filled from the study's tables. One of an annex's
name is studies/NAME/readme.md, filled with `studies.NAME.report.readme_values()`.
"""

import argparse
import importlib
import re
from collections.abc import Container
from pathlib import Path

from pipeline import params, paths
from pipeline.analysis.tables import STUDY
from pipeline.cli import StudyError, run_script
from pipeline.pages import render
from pipeline.pages.values import TABLES, values

README = Path("README.md")
RESULTS = Path(render.__file__).with_name("readme_results.md")
MARKER = re.compile(r"<!-- (\w+):(begin|end) -->")


def block(name: str) -> str:
    """What stands between the markers of this name; StudyError if there is no such block."""
    if name == "results":
        figure = paths.FIGURES / "test_accuracy.png"
        frames = {table: STUDY.read(table) for table in TABLES}
        return render.text(RESULTS, figure=figure.as_posix(), **values(params.load(), frames))
    template = paths.annex(name) / "readme.md"
    if not template.is_file():
        raise StudyError(f"{README}: there is no block {name}; results, or an annex that has a {template.name}")
    if not (paths.annex(name) / "reports" / "index.html").is_file():
        return f"Not made yet: `make {name}`."
    return render.text(template, **importlib.import_module(f"studies.{name}.report").readme_values())


def updated(text: str, wanted: Container[str] | None = None) -> str:
    """The text with every block (of these names) as it should be.

    StudyError unless its markers stand in pairs, each name once.
    """
    markers = list(MARKER.finditer(text))
    begins, ends = markers[::2], markers[1::2]
    kinds = [(begin[1], begin[2], end[1], end[2]) for begin, end in zip(begins, ends, strict=False)]
    names = [begin[1] for begin in begins]
    pairs = [(name, "begin", name, "end") for name in names]
    if not names or kinds != pairs or len(set(names)) < len(names):
        raise StudyError(f"{README}: each block needs <!-- NAME:begin --> and <!-- NAME:end --> once, in this order")
    for begin, end in reversed(list(zip(begins, ends, strict=True))):
        if wanted is not None and begin[1] not in wanted:
            continue
        text = f"{text[: begin.end()]}\n{block(begin[1]).strip()}\n{text[end.start() :]}"
    return text


def is_outdated(wanted: Container[str] | None = None) -> bool:
    """Whether README.md has other results (in the blocks of these names) than the tables."""
    text = README.read_text(encoding="utf-8")
    return updated(text, wanted) != text


def main() -> None:
    """Rewrite README.md, or with --check end with StudyError where that would change it."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.readme", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit status 1 if README.md is out of date"
    )
    check = parser.parse_args().check
    if not README.is_file():
        raise StudyError(f"{README}: not found; run from the project's root")
    if not check:
        README.write_text(updated(README.read_text(encoding="utf-8")), encoding="utf-8")
    elif is_outdated():
        raise StudyError(f"{README}: its results are not those of {paths.REPORTS}/; `make readme` updates them")


if __name__ == "__main__":
    run_script(main)

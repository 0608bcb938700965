"""Bring the results in README.md up to date: `python -m pipeline.readme` (or `make readme`); `--check` only looks.

Rewrites what stands between the two markers, from reports/*.csv. No stage of the flow: README.md is written by hand.
"""

import argparse
from pathlib import Path

import pandas as pd

from pipeline import paths, wording
from pipeline.analysis import tables
from pipeline.analysis.effects import AVERAGE
from pipeline.script import StudyError, run_script

README = Path("README.md")
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"


def block(summary: pd.DataFrame, effects: pd.DataFrame) -> str:
    """The results as Markdown, from the tables of these names: the finding, the main figure, a table of accuracies."""
    techniques = list(summary["technique"].unique())
    rows = [["architecture", *map(wording.label, techniques)], ["---", *["---:"] * len(techniques)]]
    for architecture, combos in summary.groupby("architecture", sort=False):
        scores = zip(combos["mean_test_accuracy"], combos["std_test_accuracy"], strict=True)
        rows.append([architecture, *(wording.mean_std(mean, std) for mean, std in scores)])
    if summary["architecture"].nunique() > 1:
        means = summary.groupby("technique", sort=False)["mean_test_accuracy"].mean()
        rows.append([AVERAGE, *map(wording.percent, means)])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)

    data_set, n = wording.DATA_SETS[summary["data_set"].iloc[0]], wording.runs(summary["runs"].iloc[0])
    note = f"Test accuracy in percent after the last epoch: mean ± standard deviation of {n}. Data set: {data_set}."
    figure = f"![Test accuracy of every run]({(paths.FIGURES / 'test_accuracy.png').as_posix()})"
    return "\n\n".join([wording.headline(effects), figure, table, note])


def updated(text: str, block: str) -> str:
    """`text` with `block` between its markers; StudyError unless each marker stands in it once, in order."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in before + after:
        raise StudyError(f"{README}: put {BEGIN} and {END} once each where the results belong")
    return f"{before}{BEGIN}\n{block}\n{END}{after}"


def main() -> None:
    """Rewrite README.md, or with --check end with StudyError where that would change it."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.readme", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit status 1 if README.md is out of date"
    )
    check = parser.parse_args().check
    try:
        text = README.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StudyError(f"{README}: not found; run from the project's root") from None
    wanted = updated(text, block(tables.read("summary"), tables.read("effects")))
    if check and wanted != text:
        raise StudyError(
            f"{README}: its results are not those of {paths.REPORTS}/; `make readme` brings them up to date"
        )
    if not check:
        README.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    run_script(main)

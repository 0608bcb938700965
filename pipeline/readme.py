"""Bring the results in README.md up to date: `python -m pipeline.readme` (or `make readme`); `--check` only looks.

Rewrites what stands between the markers of each block, from reports/*.csv. No stage of the flow: README.md is written
by hand.
"""

import argparse
from pathlib import Path

import pandas as pd

from pipeline import paths, wording
from pipeline.analysis import tables
from pipeline.analysis.published import MARGIN, VERDICTS
from pipeline.params import AVERAGE
from pipeline.script import StudyError, run_script

README = Path("README.md")


def results(summary: pd.DataFrame, effects: pd.DataFrame) -> str:
    """The results as Markdown, from the tables of these names: the finding, the main figure, a table of accuracies."""
    techniques = list(summary["technique"].unique())
    rows = [["architecture", *map(wording.label, techniques)], ["---", *["---:"] * len(techniques)]]
    for architecture, combos in summary.groupby("architecture", sort=False):
        scores = zip(combos["mean_test_accuracy"], combos["std_test_accuracy"], strict=True)
        rows.append([architecture, *(wording.mean_std(mean, std) for mean, std in scores)])
    if summary["architecture"].nunique() > 1:
        means = summary.groupby("technique", sort=False)["mean_test_accuracy"].mean()
        rows.append([AVERAGE, *map(wording.percent, means)])
    data_set, n = wording.DATA_SETS[summary["data_set"].iloc[0]], wording.runs(summary["runs"].iloc[0])
    note = f"Test accuracy in percent after the last epoch: mean ± standard deviation of {n}. Data set: {data_set}."
    figure = f"![Test accuracy of every run]({(paths.FIGURES / 'test_accuracy.png').as_posix()})"
    return "\n\n".join([wording.headline(effects), figure, _table(rows), note])


def published(published: pd.DataFrame, what_if: pd.DataFrame) -> str:
    """How many published accuracies ours agree with, and what explains the others; from the tables of these names."""
    tested = published[published["measure"] != "train_accuracy"]
    counts = tested["verdict"].value_counts()
    listed = ", ".join(f"{verdict} {counts[verdict]}" for verdict in VERDICTS if verdict in counts)
    apart = (tested["difference"].abs() > MARGIN).sum()
    margin = f"{100 * MARGIN:g}"
    text = (
        f"The verdicts on {len(tested)} published test accuracies: {listed}. *Agrees* means that the 95% "
        f"interval of the difference lies within ±{margin} points; *higher* and *lower*, that it does not, and lies "
        f"above or below zero; *unclear*, neither. {apart} of our means are more than {margin} points away. What "
        "explains some of the largest differences, one of protocol tried at a time on the study's own seeds "
        "(`python -m pipeline.what_if`):"
    )
    rows = [
        ["combo", "changed as published", "runs", "accuracy", "change (95% interval)"],
        ["---", "---", "---:", "---:", "---"],
    ]
    for combo, tried in what_if.groupby(["architecture", "technique"], sort=False):
        name, first = "-".join(combo), tried.iloc[0]
        rows.append([f"`{name}`", "(as published)", "", wording.percent(first["published_mean"]), ""])
        for row in tried.to_dict("records"):
            gain = f"{wording.points(row['gain'])} ({wording.interval(row['ci_low'], row['ci_high'])})"
            change = ["nothing (the study)", ""] if pd.isna(row["gain"]) else [row["change"], gain]
            rows.append(["", change[0], f"{row['runs']}", wording.mean_std(row["mean"], row["std"]), change[1]])
    return f"{text}\n\n{_table(rows)}"


def updated(text: str, name: str, block: str) -> str:
    """`text` with `block` between the markers of that name; StudyError unless each stands in it once, in order."""
    begin, end = markers(name)
    before, found_begin, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end or begin in rest or end in before + after:
        raise StudyError(f"{README}: put {begin} and {end} once each where these results belong")
    return f"{before}{begin}\n{block}\n{end}{after}"


def markers(name: str) -> tuple[str, str]:
    """What a block of README.md stands between."""
    return f"<!-- {name}:begin -->", f"<!-- {name}:end -->"


def _table(rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


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
    wanted = updated(text, "results", results(tables.read("summary"), tables.read("effects")))
    wanted = updated(wanted, "published", published(tables.read("published_vs_ours"), tables.read("what_if")))
    if check and wanted != text:
        raise StudyError(
            f"{README}: its results are not those of {paths.REPORTS}/; `make readme` brings them up to date"
        )
    if not check:
        README.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    run_script(main)

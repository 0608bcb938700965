"""Bring the results in README.md up to date: `python -m pipeline.readme` (or `make readme`); `--check` only looks.

Rewrites what stands between the markers of each block, from params.yaml and reports/*.csv. No stage of the flow:
README.md is written by hand.
"""

import argparse
from pathlib import Path

import pandas as pd

from pipeline import params, paths, replication_wording, tables, wording
from pipeline.analysis.published import MARGIN
from pipeline.params import AVERAGE, Params
from pipeline.script import StudyError, run_script

README = Path("README.md")


def results(study: Params, effects: pd.DataFrame, summary: pd.DataFrame) -> str:
    """The results as Markdown: the answer, the main figure, a table of accuracies, reservations."""
    techniques = study.technique_names()
    rows = [["architecture", *map(wording.label, techniques)], ["---", *["---:"] * len(techniques)]]
    for architecture, combos in summary.groupby("architecture", sort=False):
        rows.append([architecture, *map(_score, combos.to_dict("records"))])
    if len(study.architectures) > 1:
        means = summary.groupby("technique", sort=False)["mean_test_accuracy"].mean()
        rows.append([AVERAGE, *map(wording.percent, means[techniques])])
    size = [(study.architectures, "architecture"), (techniques, "technique"), (range(study.seeds), "seed")]
    counts = f" {wording.TIMES} ".join(wording.counted(len(of), thing) for of, thing in size)
    note = (
        f"{wording.DATA_SETS[study.data.source]}, {counts}, {study.data.train_pairs:,} training pairs each. "
        f"Test accuracy in percent after the last epoch: mean ± standard deviation over seeds. {wording.DAGGER} not "
        f"trained out. Always answering yes: {wording.percent(summary['mean_yes_share'].mean())} %."
    )
    figure = f"![Test accuracy of every run]({(paths.FIGURES / 'test_accuracy.png').as_posix()})"
    answer = "\n".join(f"- {sentence}" for sentence in wording.headline(effects, summary))
    return "\n\n".join([answer, figure, _table(rows), note, " ".join(wording.reservations(effects, summary))])


def _score(combo: dict) -> str:
    mark = "" if combo["trained_out"] else wording.DAGGER
    left = f" (n = {combo['runs']})" if combo["diverged"] else ""
    return wording.mean_std(combo["mean_test_accuracy"], combo["std_test_accuracy"]) + mark + left


def published(published_vs_ours: pd.DataFrame) -> str:
    """How many published accuracies ours agree with; from the table of this name."""
    return (
        f"{wording.verdicts(published_vs_ours)} *Agree* means that the 95% interval of the difference lies within "
        f"±{100 * MARGIN:g} points; *higher* and *lower*, that it does not, and leaves out zero; *unclear*, neither."
    )


def replication(figures: pd.DataFrame, departures: pd.DataFrame) -> str:
    """How many published figures their own protocols give, and why the study's are others; from these tables."""
    said = replication_wording
    answer = " ".join([said.means(figures), said.spreads(figures), said.causes(departures)])
    return f"{answer} Report by report: [reports/replication/index.html](reports/replication/index.html)."


def limits(study: Params, summary: pd.DataFrame) -> str:
    """What the study cannot say, as a list."""
    return "\n".join(f"- {limit}" for limit in wording.limits(study, summary))


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


def _replication_if_made() -> str:
    """Its block; a further study may not have been made."""
    names = ("replication/figures", "replication/departures")
    if not all(paths.table(name).is_file() for name in names):
        return "The replication has not been made: `make replication`."
    return replication(*map(tables.read, names))


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
    study, summary = params.load(), tables.read("summary")
    wanted = updated(text, "results", results(study, tables.read("effects"), summary))
    wanted = updated(wanted, "published", published(tables.read("published_vs_ours")))
    wanted = updated(wanted, "replication", _replication_if_made())
    wanted = updated(wanted, "limits", limits(study, summary))
    if check and wanted != text:
        raise StudyError(
            f"{README}: its results are not those of {paths.REPORTS}/; `make readme` brings them up to date"
        )
    if not check:
        README.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    run_script(main)

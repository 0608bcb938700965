"""Bring the results in README.md up to date: `python -m pipeline.readme` (or `make readme`); `--check` only looks.

Rewrites what stands between the markers of each block, from params.yaml and reports/*.csv. No stage of the flow:
README.md is written by hand.
"""

import argparse
from pathlib import Path

import pandas as pd

from pipeline import params, paths, tables, wording
from pipeline.analysis.published import MARGIN
from pipeline.params import AVERAGE, Params
from pipeline.replication import wording as replication_wording
from pipeline.script import StudyError, run_script
from pipeline.sweeps import wording as swept_wording
from pipeline.tuning import wording as tuned_wording

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


def published(study: Params, published_vs_ours: pd.DataFrame) -> str:
    """How many published accuracies ours agree with; from the table of this name."""
    return (
        f"{wording.verdicts(published_vs_ours)} *Agree* means that the 95% interval of the difference lies within "
        f"±{100 * MARGIN:g} points; *higher* and *lower*, that it does not, and leaves out zero; *unclear*, neither."
    )


def replication(study: Params, figures: pd.DataFrame, departures: pd.DataFrame) -> str:
    """How many published figures their own protocols give, and why the study's are others; from these tables."""
    said = replication_wording
    answer = " ".join([said.means(figures), said.spreads(figures), said.causes(departures)])
    return f"{answer} Report by report: [reports/replication/index.html](reports/replication/index.html)."


def sweeps(study: Params, worth: pd.DataFrame, effects: pd.DataFrame, aux_weights: pd.DataFrame) -> str:
    """How the effects change with the number of training pairs and with aux_weight; from the sweeps' tables."""
    answer = "\n".join(f"- {sentence}" for sentence in swept_wording.headline(study, worth, effects, aux_weights))
    return f"{answer}\n\nCurves and tables: [reports/sweeps/index.html](reports/sweeps/index.html)."


def tuning(study: Params, effects: pd.DataFrame, accuracy: pd.DataFrame, optimism: pd.DataFrame) -> str:
    """Whether the effects hold with recipes chosen for each technique; from the tuning's tables."""
    answer = "\n".join(f"- {sentence}" for sentence in tuned_wording.headline(effects, accuracy, optimism))
    return f"{answer}\n\nRecipes and tables: [reports/tuning/index.html](reports/tuning/index.html)."


def limits(study: Params, summary: pd.DataFrame) -> str:
    """What the study cannot say, as a list."""
    return "\n".join(f"- {limit}" for limit in wording.limits(study, summary))


BLOCKS = {  # by the name of its markers: what makes it, and from which tables
    "results": (results, ("effects", "summary")),
    "published": (published, ("published_vs_ours",)),
    "replication": (replication, ("replication/figures", "replication/departures")),
    "sweeps": (sweeps, ("sweeps/worth", "sweeps/effects", "sweeps/aux_weights")),
    "tuning": (tuning, ("tuning/effects", "tuning/accuracy", "tuning/optimism")),
    "limits": (limits, ("summary",)),
}


def block(name: str, study: Params) -> str:
    """What stands between the markers of this name; a further study may not have been made."""
    make, needed = BLOCKS[name]
    if "/" in needed[0] and not all(paths.table(table).is_file() for table in needed):
        return f"Not made yet: `make {name}`."
    return make(study, *map(tables.read, needed))


def updated(text: str, name: str, content: str) -> str:
    """`text` with this content between the markers of that name; StudyError unless each stands in it once, in order."""
    begin, end = markers(name)
    before, found_begin, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end or begin in rest or end in before + after:
        raise StudyError(f"{README}: put {begin} and {end} once each where these results belong")
    return f"{before}{begin}\n{content}\n{end}{after}"


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
    study, wanted = params.load(), text
    for name in BLOCKS:
        wanted = updated(wanted, name, block(name, study))
    if check and wanted != text:
        raise StudyError(
            f"{README}: its results are not those of {paths.REPORTS}/; `make readme` brings them up to date"
        )
    if not check:
        README.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    run_script(main)

"""What the replication's tables say, in sentences: the same on its page and in README.md.

`figures` and `departures` are the tables of these names, or a report's rows of them; see pipeline/tables.py.
"""

import math

import pandas as pd

from pipeline import wording
from pipeline.protocols import AS_PUBLISHED, MEASURES

KEYS = ["report", "architecture", "technique"]  # of a published row
DEPARTURES = {  # those that their names do not explain
    "all": "all at once",
    "architecture": "layers of the network",
    "digit_loss_reads": "what the digit loss reads",
    "initial_weights": "initial weights of the runs",
    "pairs": "pairs of the runs",
}


def main(figures: pd.DataFrame) -> pd.DataFrame:
    """The published test accuracies, a row each: by the measure that the report's code prints."""
    return figures[figures["main"].eq(True) & (figures["quantity"] == "test_accuracy")]


def of_row(table: pd.DataFrame, row: dict) -> pd.DataFrame:
    """The rows of a table that are of the same published row as `row`."""
    return table[(table[KEYS] == [row[key] for key in KEYS]).all(axis=1)]


def departure(name: str) -> str:
    """A departure, or several at once, in words: `digit loss reads and aux weight`."""
    return wording.listed([DEPARTURES.get(field, field.replace("_", " ")) for field in name.split("+")])


def system(row: dict, known_report: bool = False) -> str:
    """A published row by name: `report 4's lenet5 with weight sharing`; without its report where that is known."""
    name = f"{row['architecture']} with {wording.label(row['technique'])}"
    return name if known_report else f"report {row['report']}'s {name}"


def bounds(low: float, high: float) -> str:
    """An interval of accuracies in percent: `84.0 to 86.1`."""
    return wording.NONE if math.isnan(low) else f"{wording.percent(low)} to {wording.percent(high)}"


def ratio(value: float) -> str:
    """For instance `0.92`; a dash for NaN."""
    return wording.NONE if math.isnan(value) else f"{value:.2f}"


def means(figures: pd.DataFrame, known_report: bool = False) -> str:
    """How many published means lie within our prediction intervals, and by name which do not."""
    rows = main(figures)
    outside = [
        f"{system(row, known_report)} (published {100 * row['published_mean']:.6g}, "
        f"expected {bounds(row['prediction_low'], row['prediction_high'])})"
        for row in rows[~rows["within"].eq(True)].to_dict("records")
    ]
    missed = f"Not reproduced: {wording.listed(outside)}." if outside else "All are reproduced."
    return (
        f"{len(rows) - len(outside)} of the {len(rows)} published test accuracies lie within the 95% prediction "
        f"interval of our replication. {missed}"
    )


def spreads(figures: pd.DataFrame, known_report: bool = False) -> str:
    """How many published standard deviations are such as our runs let expect, and by name which are not."""
    rows = main(figures)
    outside = rows[~rows["spread_within"].eq(True)]
    said = [
        f"{wording.listed([system(row, known_report) for row in found.to_dict('records')])}"
        f" {'has' if len(found) == 1 else 'have'} a {size} one than expected"
        for size, found in (
            ("smaller", outside[outside["spread_ratio"] < outside["spread_low"]]),
            ("larger", outside[outside["spread_ratio"] > outside["spread_high"]]),
        )
        if len(found)
    ]
    return (
        f"{len(rows) - len(outside)} of the {len(rows)} published standard deviations are such as ours let expect"
        + (f"; {wording.listed(said)}." if said else ".")
    )


def further(figures: pd.DataFrame) -> str:
    """The same count for the figures that are not main ones: by another measure, or of training; empty without any."""
    rest = figures.drop(main(figures).index)
    said = []
    for (report, quantity, measure), rows in rest.groupby(["report", "quantity", "measure"], sort=False):
        when = f" (as its text has it, {MEASURES[measure]})" if quantity == "test_accuracy" else ""
        named = {"test_accuracy": "test accuracies", "train_accuracy": "training accuracies"}[quantity]
        said.append(f"{rows['within'].eq(True).sum()} of the {len(rows)} {named} of report {report}{when}")
    return f"Of further published figures, {wording.listed(said)} lie within theirs." if said else ""


def causes(departures: pd.DataFrame) -> str:
    """How many systems have a departure that is shown to make a difference, and which those are."""
    rows = departures[KEYS].drop_duplicates()
    shown = _shown(departures).drop_duplicates([*KEYS, "departure"])
    if shown.empty:
        return f"In none of the {len(rows)} systems is one departure from the sound protocol alone shown to matter."
    counts = shown["departure"].value_counts(sort=False).sort_values(ascending=False, kind="stable")
    named = [f"{departure(name)} in {count}" for name, count in counts.items()]
    return (
        f"In {len(shown[KEYS].drop_duplicates())} of the {len(rows)} systems, a departure from the sound protocol is "
        f"shown to change test accuracy, both where it alone is put right and where it alone is made: "
        f"{wording.listed(named)}."
    )


def headline(figures: pd.DataFrame, departures: pd.DataFrame) -> list[str]:
    """The answer: means, spreads, causes."""
    by_chance = 0.05 * len(main(figures))
    chance = f"Of so many intervals at 95%, about {by_chance:.1g} would miss by chance alone."
    return [" ".join(filter(None, (means(figures), chance, further(figures)))), spreads(figures), causes(departures)]


def reference(rows: pd.DataFrame) -> str:
    """Over which technique gains are taken: baseline, or two_channel where that is the report's basic network."""
    return "baseline" if "baseline" in set(rows["technique"]) else "two_channel"


def gains(rows: pd.DataFrame, mean: str) -> pd.Series:
    """Differences of the means in this column to the reference of their architecture; rows of one architecture."""
    return rows[mean] - rows.loc[rows["technique"] == reference(rows), mean].squeeze()


def claims(figures: pd.DataFrame, mean: str) -> str:
    """One report's accuracies in the column `mean`, and what they gain over its basic network, over architectures."""
    rows = main(figures)
    basic = reference(rows)
    parts = [gains(of, mean) for _, of in rows.groupby("architecture", sort=False)]
    rows = rows.assign(gain=pd.concat(parts))
    said = []
    for technique, of in rows[rows["technique"] != basic].groupby("technique", sort=False):
        known = of.dropna(subset="gain").set_index("architecture")["gain"]
        if known.empty:
            continue
        low, high = wording.points(known.min()), wording.points(known.max())
        gained = f"{low} ({known.idxmin()}) to {high} ({known.idxmax()})" if len(known) > 1 else low
        said.append(f"{gained} with {wording.label(technique)}")
    accuracies = bounds(rows[mean].min(), rows[mean].max())
    return f"{accuracies} %; against {wording.label(basic)}, in points: {'; '.join(said)}."


def explanations(departures: pd.DataFrame) -> list[str]:
    """What explains the differences between one report's protocol and the sound one: causes alone that are shown."""
    said, alike = [], []
    for (report, architecture, technique), rows in departures.groupby(KEYS, sort=False):
        row = {"report": report, "architecture": architecture, "technique": technique}
        effect = rows[rows["departure"] == "all"].to_dict("records")
        single, read = _shown(rows), _read(rows)
        if effect and not _clear(effect[0]) and single.empty and not read:
            alike.append(system(row, known_report=True))
        else:
            said.append(f"{system(row, known_report=True)}: {_explained(effect, single)}{read}")
    if alike:
        said.append(
            f"For {wording.listed(alike)}, the difference between the report's protocol and the sound one does not "
            "stand clear of nought, and no departure is shown to make one."
        )
    return said


def _shown(departures: pd.DataFrame) -> pd.DataFrame:
    """The rows of departures of training and testing that are shown; when accuracy is read is another matter."""
    return departures[departures["shown"].eq(True) & ~departures["departure"].isin(["all", *MEASURES])]


def _read(departures: pd.DataFrame) -> str:
    """What a system gains by when its accuracy is read, where that is shown; the effect of all else leaves it out."""
    rows = departures[departures["shown"].eq(True) & departures["departure"].isin(MEASURES)]
    said = []
    for _, of in rows.groupby("departure", sort=False):
        higher = [f"{wording.gain(row)} {_READ[row['way']]}" for row in of.to_dict("records")]
        when = f"{of['published'].iloc[0]} instead of {of['study'].iloc[0]}"
        said.append(f" Read {when}, accuracy is higher by {wording.listed(higher)}.")
    return "".join(said)


_READ = {"put right": "in the report's protocol", "made": "in the study"}


def _explained(effect: list[dict], shown: pd.DataFrame) -> str:
    """The difference that all departures make at once, and what is shown to be part of it or to work against it."""
    alone = [_alone(of) for _, of in shown.groupby("departure", sort=False)]
    if not effect:
        known = f"Shown to change it alone: {'; '.join(alone)}." if alone else "no departure is shown to change it."
        return f"what the report's protocol changes as a whole was not measured. {known}"
    (all_at_once,) = effect
    changed = f"the report's protocol changes test accuracy by {wording.gain(all_at_once)} against the sound one"
    if not _clear(all_at_once):
        though = f", though alone there is an effect of {'; '.join(alone)}" if alone else ""
        return f"{changed}, which is not clear of nought{though}."
    by_departure = shown.groupby("departure", sort=False)["mean_difference"].first()
    along = [text for text, value in zip(alone, by_departure, strict=True) if _same_sign(value, all_at_once)]
    against = [text for text in alone if text not in along]
    if all_at_once["published"] != AS_PUBLISHED:
        text = f". Its one departure is the cause: {all_at_once['published']} (study: {all_at_once['study']})"
    elif along:
        text = f". A cause is {'; another is '.join(along)}"
    else:
        text = "; none of the departures tried alone explains it"
    return f"{changed}{text}." + (f" Against it works {'; and '.join(against)}." if against else "")


def _alone(rows: pd.DataFrame) -> str:
    """A departure that is shown, with both its effects; `rows` are its ways."""
    first = rows.iloc[0]
    ways = [f"{wording.gain(row)} {_WAYS[row['way']]}" for row in rows.to_dict("records")]
    return f"{departure(first['departure'])}: {first['published']} (study: {first['study']}), {wording.listed(ways)}"


_WAYS = {"put right": "seen by putting it right", "made": "seen by making it", "both": "all told"}


def _clear(row: dict) -> bool:
    return row["ci_low"] > 0 or row["ci_high"] < 0


def _same_sign(value: float, row: dict) -> bool:
    return (value > 0) == (row["mean_difference"] > 0)

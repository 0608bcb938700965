"""How the sweeps' numbers are worded for readers: numbers of pairs, what is near the best aux_weight, the answer."""

import math

import pandas as pd

from pipeline import wording
from pipeline.params import AVERAGE, Params
from pipeline.wording import listed, percent, points

NEAR = 0.01  # a point: an aux_weight no farther behind the best is called near it


def pairs(number: float, row: dict) -> str:
    """A number of pairs to three digits; for one outside the sweep of this row of `sweeps/worth`, on which side."""
    if math.isnan(number):
        return wording.NONE
    if number == 0:
        return f"< {row['fewest']:,}"
    return f"> {row['most']:,}" if math.isinf(number) else f"{float(f'{number:.3g}'):,.0f}"


def pairs_interval(row: dict) -> str:
    """The 95% interval of a row of `sweeps/worth`: `1,460 to 1,650`."""
    low, high = (pairs(row[name], row) for name in ("pairs_low", "pairs_high"))
    return low if low == high else f"{low} to {high}"


def headline(study: Params, worth: pd.DataFrame, effects: pd.DataFrame, aux_weights: pd.DataFrame) -> list[str]:
    """The answer in a few sentences, from the tables of these names: fewer where techniques are not swept."""
    names = [name for name in aux_weights["architecture"].unique() if name != AVERAGE]
    whole = AVERAGE if len(names) > 1 else names[0]
    where = f"Averaged over the {len(names)} architectures, " if len(names) > 1 else f"With {whole}, "
    worth, effects, aux_weights = (table[table["architecture"] == whole] for table in (worth, effects, aux_weights))
    said = [_worth(study.data.train_pairs, worth), _effects(effects)]
    said += [_best(group, study.aux_weight) for _, group in aux_weights.groupby("technique", sort=False)]
    said = [sentence for sentence in said if sentence]
    return [where + said[0], *(sentence[0].upper() + sentence[1:] for sentence in said[1:])] if said else []


def _worth(own: int, worth: pd.DataFrame) -> str:
    """With how many pairs the baseline, and the auxiliary loss without weight sharing, are as accurate."""
    names = {"baseline": "the baseline", "aux_loss": "auxiliary loss alone"}
    parts = {}
    for row in worth.to_dict("records"):
        if row["reference"] in names and not math.isnan(row["pairs"]):
            known = (
                "" if math.isnan(row["pairs_low"]) else f" ({'' if parts else '95% interval '}{pairs_interval(row)})"
            )
            number = pairs(row["pairs"], row).replace("> ", "more than ").replace("< ", "fewer than ")
            parts.setdefault(row["technique"], []).append(f"{names[row['reference']]} with {number}{known}")
    if not parts:
        return ""
    said = [(wording.label(technique), " and as ".join(of)) for technique, of in parts.items()]
    others = [f"{name}, as {reached}" for name, reached in said[1:]]
    first = f"{said[0][0]} with {own:,} training pairs is as accurate as {said[0][1]}"
    return f"{'; '.join([first, *others])}."


def _effects(effects: pd.DataFrame) -> str:
    """The gains over the baseline with the fewest and the most pairs."""
    counts = sorted(effects["train_pairs"].unique())
    parts = []
    for name in ("weight_sharing", "aux_loss", "both"):
        rows = {row["train_pairs"]: row for row in effects[effects["effect"] == name].to_dict("records")}
        if rows and len(counts) > 1:
            gains = [wording.gain(rows[count]) for count in (counts[0], counts[-1])]
            parts.append(f"with {wording.label(name)} from {gains[0]} to {gains[1]}")
    if not parts:
        return ""
    return (
        f"from {counts[0]:,} to {counts[-1]:,} training pairs, the change in test accuracy against the baseline goes "
        f"{listed(parts)}."
    )


def about_best(group: pd.DataFrame, own: float) -> dict:
    """What a technique's rows of `sweeps/aux_weights` say of its best aux_weight; `own`: the study's.

    Near: the weights about the best, without a gap, that are no more than NEAR behind it. Not told apart: those whose
    95% interval of the difference to the best holds nought.
    """
    swept = group[group["aux_weight"] > 0].sort_values("aux_weight").to_dict("records")
    names = {name: group[name].iloc[0] for name in ("architecture", "technique")}
    place = next((place for place, row in enumerate(swept) if row["best"]), None)
    if place is None:
        return names | {"best": None}
    first = last = place
    while first > 0 and swept[first - 1]["behind"] >= -NEAR:
        first -= 1
    while last < len(swept) - 1 and swept[last + 1]["behind"] >= -NEAR:
        last += 1
    near = [row["aux_weight"] for row in swept[first : last + 1]]
    alike = [row["aux_weight"] for row in swept if row["best"] or row["behind_high"] >= 0]
    by_weight = {row["aux_weight"]: row for row in group.to_dict("records")}
    return names | {
        "best": swept[place]["aux_weight"],
        "accuracy": swept[place]["mean_test_accuracy"],
        "near": near,
        "alike": alike,
        "own": by_weight[own],
        "none": by_weight.get(0),
    }


def behind(row: dict) -> str:
    """A difference to the best with its interval, in points: `+0.4 (+0.1 to +0.7)`."""
    known = "" if math.isnan(row["behind_low"]) else f" ({wording.interval(row['behind_low'], row['behind_high'])})"
    return points(row["behind"]) + known


def span(values: list[float]) -> str:
    """`0.5 to 5`, or the only value."""
    return f"{values[0]:g}" if len(values) == 1 else f"{values[0]:g} to {values[-1]:g}"


def _best(group: pd.DataFrame, own: float) -> str:
    """Where a technique's best aux_weight is, how flat it is there, and how far the study's is behind."""
    found = about_best(group, own)
    if found["best"] is None:
        return ""
    best = f"{found['best']:g} ({percent(found['accuracy'])} %)"
    text = f"of the aux_weights swept, the best with {wording.label(found['technique'])} is {best}"
    if len(found["near"]) > 1:
        text += f"; those from {span(found['near'])} are within {100 * NEAR:g} point of it"
    if len(found["alike"]) > 1:
        text += f"; {listed([f'{weight:g}' for weight in found['alike']])} are not told apart"
    if own != found["best"]:
        text += f"; the study's {own:g} differs from it by {behind(found['own'])} points"
    return text + "."

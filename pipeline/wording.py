"""How names and numbers are worded for readers, the same in figures, page and README: accuracies in percent."""

import math

import pandas as pd

from pipeline.analysis.effects import CONTRASTS
from pipeline.params import AVERAGE

DATA_SETS = {"mnist": "MNIST", "digits": "scikit-learn's digits (the offline demonstration)"}
NONE = "\N{EN DASH}"  # in a table, where a value is not defined
MINUS = "\N{MINUS SIGN}"


def label(name: str) -> str:
    """A technique or effect in words: weight_sharing_aux_loss is `weight sharing + auxiliary loss`."""
    words = name.replace("_given_", " given ").replace("_aux_loss", " + aux_loss")
    return words.replace("aux_loss", "auxiliary loss").replace("_", " ")


def compared(effect: str) -> str:
    """The techniques that an effect compares, for instance `weight sharing vs. baseline`."""
    sides = []
    for sign in (1, -1):
        names = [label(name) for name, weight in CONTRASTS[effect].items() if weight == sign]
        names = [f"({name})" if " + " in name and len(names) > 1 else name for name in names]
        sides.append(" and ".join(names))
    return " vs. ".join(sides)


def runs(n: int) -> str:
    """`1 run`, `10 runs`."""
    return f"{n} run{'' if n == 1 else 's'}"


def percent(fraction: float) -> str:
    """A fraction in percent with one decimal, for instance `91.2`; a dash for NaN."""
    return NONE if math.isnan(fraction) else f"{100 * fraction:.1f}"


def mean_std(mean: float, std: float) -> str:
    """For instance `91.2 ± 0.8`; the mean alone where one run has no standard deviation."""
    return percent(mean) if math.isnan(std) else f"{percent(mean)} ± {percent(std)}"


def printed(mean: float, std: float) -> str:
    """A published mean and standard deviation in percent with the digits that its report prints: `82.05 ± 1.49`."""
    return f"{100 * mean:.6g} ± {100 * std:.6g}"


def points(difference: float) -> str:
    """A difference of fractions in percentage points with its sign, for instance `+3.1`; a dash for NaN."""
    if math.isnan(difference):
        return NONE
    rounded = round(100 * difference, 1) + 0.0  # no negative zero
    return f"{rounded:+.1f}".replace("-", MINUS) if rounded else "0.0"


def interval(low: float, high: float) -> str:
    """The bounds of a 95% interval in points, for instance `+2.3 to +3.1`; a dash where it is not defined."""
    return NONE if math.isnan(low) else f"{points(low)} to {points(high)}"


def headline(effects: pd.DataFrame) -> str:
    """One sentence, from the table `effects`: what each technique changes against the baseline, over architectures.

    An empty table gives a sentence that says so.
    """
    rows = effects[(effects["architecture"] == AVERAGE) & effects["effect"].map(_is_gain)].to_dict("records")
    if not rows:
        return "No technique of params.yaml can be compared with the baseline."
    parts = []
    for row in rows:
        bounds = interval(row["ci_low"], row["ci_high"])
        known = "no interval from one run" if bounds == NONE else f"95% interval {bounds}"
        parts.append(f"{points(row['mean_difference'])} points with {label(row['effect'])} ({known})")
    listed = ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else parts[0]
    count = effects["architecture"].nunique() - 1
    where = f"Averaged over the {count} architectures" if count > 1 else f"With {effects['architecture'].iloc[0]}"
    return f"{where}, test accuracy changes against the baseline by {listed}."


def _is_gain(effect: str) -> bool:
    """Whether an effect is one technique compared with the baseline."""
    return sorted(CONTRASTS[effect].values()) == [-1, 1] and CONTRASTS[effect].get("baseline") == -1


def finding(rows: pd.DataFrame) -> str:
    """What the rows of one effect in the table `effects` say: its average, and how the architectures differ."""
    mean = rows.set_index("architecture")["mean_difference"]
    single = rows[rows["architecture"] != AVERAGE].set_index("architecture")
    text = f"{points(mean[AVERAGE])} points"
    if len(single) == 1:
        return text
    lowest, highest = single["mean_difference"].idxmin(), single["mean_difference"].idxmax()
    text += f" on average, from {points(mean[lowest])} ({lowest}) to {points(mean[highest])} ({highest})"
    if single["ci_low"].isna().all():
        return text
    above, below = (single["ci_low"] > 0).sum(), (single["ci_high"] < 0).sum()
    return f"{text}; {above} of {len(single)} intervals lie above zero, {below} below"

"""How names and numbers are written for readers, the same in figures, pages and README: accuracies in percent."""

import math
from collections.abc import Sequence

import pandas as pd

from pipeline.analysis.effects import AVERAGES, CONTRASTS

NONE = "\N{EN DASH}"  # in a table, where a value is not defined
TIMES = "\N{MULTIPLICATION SIGN}"
MINUS = "\N{MINUS SIGN}"
DAGGER = "\N{DAGGER}"  # marks combos that have not converged


def label(name: str) -> str:
    """A technique or effect in words: weight_sharing_aux_loss is `weight sharing + auxiliary loss`."""
    words = (
        name.replace("_given_", " given ").replace("_aux_loss", " + aux_loss").replace("digit_derived", "digit-derived")
    )
    return words.replace("aux_loss", "auxiliary loss").replace("_", " ")


def compared(effect: str) -> str:
    """The techniques that an effect compares, for instance `weight sharing vs. baseline`."""
    sides = []
    for sign in (1, -1):
        names = [label(name) for name, weight in CONTRASTS[effect].items() if weight == sign]
        names = [f"({name})" if " + " in name and len(names) > 1 else name for name in names]
        sides.append(" and ".join(names))
    return " vs. ".join(sides)


def counted(n: int, thing: str) -> str:
    """`1 run`, `10 runs`."""
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return ", ".join(parts[:-1]) + f" and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def listed_or_counted(names: Sequence[str], thing: str) -> str:
    """The names, up to three; else how many there are."""
    return listed(names) if len(names) <= 3 else counted(len(names), thing)


def percent(fraction: float) -> str:
    """A fraction in percent with one decimal, for instance `91.2`; a dash for NaN."""
    return NONE if math.isnan(fraction) else f"{100 * fraction:.1f}"


def mean_std(mean: float, std: float) -> str:
    """For instance `91.2 ± 0.8`; the mean alone where one run has no standard deviation."""
    return percent(mean) if math.isnan(std) else f"{percent(mean)} ± {percent(std)}"


def printed(mean: float, std: float) -> str:
    """A published mean and standard deviation in percent with the digits that its report prints: `82.05 ± 1.49`."""
    return f"{100 * mean:.6g} ± {100 * std:.6g}"


def signed(value: float, digits: int = 1) -> str:
    """A difference with its sign, for instance `+3.1`; a dash for NaN."""
    if math.isnan(value):
        return NONE
    rounded = round(float(value), digits) + 0.0  # as Python rounds, not NumPy; no negative zero
    return f"{rounded:+.{digits}f}".replace("-", MINUS) if rounded else f"{0:.{digits}f}"


def points(difference: float) -> str:
    """A difference of fractions in percentage points with its sign, for instance `+3.1`; a dash for NaN."""
    return signed(100 * difference)


def interval(low: float, high: float) -> str:
    """The bounds of a 95% interval in points, for instance `+2.3 to +3.1`; a dash where it is not defined."""
    return NONE if math.isnan(low) else f"{points(low)} to {points(high)}"


def half_width(low: float, high: float) -> str:
    """Half the width of an interval that is symmetric about its estimate: ` ± 0.6`; nothing where it is not defined."""
    return "" if math.isnan(low) else f" ± {100 * (high - low) / 2:.1f}"


def extremes(rows: pd.DataFrame) -> str:
    """The smallest and the largest mean in the rows of one effect: `+1.1 (shallow_fc) to +18.5 (lenet5)`."""
    mean = rows[~rows["architecture"].isin(AVERAGES)].set_index("architecture")["mean_difference"]
    return f"{points(mean.min())} ({mean.idxmin()}) to {points(mean.max())} ({mean[::-1].idxmax()})"

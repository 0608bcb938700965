"""How names and numbers are worded for readers, the same in figures, page and README: accuracies in percent."""

import math
from collections.abc import Sequence

import pandas as pd

from pipeline.analysis import statistics
from pipeline.analysis.effects import AVERAGE_TRAINED_OUT, AVERAGES, CONTRASTS
from pipeline.analysis.published import VERDICTS
from pipeline.params import AVERAGE, Params

DATA_SETS = {"mnist": "MNIST", "digits": "scikit-learn's digits (the offline demonstration)"}
TEST_IMAGES = {"mnist": 10_000, "digits": 500}  # from which the seeds draw their test pairs
BATCH_NORM = {  # what it does to a shared encoder's two images, where the architecture is no other's like
    "basenet": "basenet normalizes each digit apart, with layers that are not shared",
    "wide_convnet": "wide_convnet normalizes both together, as one batch",
}
NONE = "\N{EN DASH}"  # in a table, where a value is not defined
TIMES = "\N{MULTIPLICATION SIGN}"
MINUS = "\N{MINUS SIGN}"
DAGGER = "\N{DAGGER}"  # marks combos that are not trained out


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


def counted(n: int, thing: str) -> str:
    """`1 run`, `10 runs`."""
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return ", ".join(parts[:-1]) + f" and {parts[-1]}" if len(parts) > 1 else "".join(parts)


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


def half_width(low: float, high: float) -> str:
    """Half the width of an interval that is symmetric about its estimate: ` ± 0.6`; nothing where it is not defined."""
    return "" if math.isnan(low) else f" ± {100 * (high - low) / 2:.1f}"


def gain(row: dict, known: str = "") -> str:
    """A row of the table `effects`: `+3.6 points (+2.9 to +4.4)`; `known` says what the bounds are."""
    bounds = interval(row["ci_low"], row["ci_high"])
    return f"{points(row['mean_difference'])} points ({'no interval' if bounds == NONE else known + bounds})"


def headline(effects: pd.DataFrame, summary: pd.DataFrame) -> list[str]:
    """The answer in three sentences at most, from the tables of these names: fewer where techniques are missing."""
    rows = {row["effect"]: row for row in effects[effects["architecture"] == AVERAGE].to_dict("records")}
    mean = summary.groupby("technique")[["mean_test_accuracy", "mean_readout_accuracy"]].mean()
    score, read = mean["mean_test_accuracy"].map(percent), mean["mean_readout_accuracy"].map(percent)
    names = list(summary["architecture"].unique())
    where = f"Averaged over the {len(names)} architectures" if len(names) > 1 else f"With {names[0]}"
    known = [name for name in ("weight_sharing", "aux_loss", "both") if name in rows]
    gains = [
        f"{gain(rows[name], '' if place else '95% interval ')} with {label(name)}" for place, name in enumerate(known)
    ]
    sentences = []
    if gains:
        sentences.append(f"{where}, test accuracy changes against the baseline by {listed(gains)}")
        if "interaction" in rows:
            sentences[0] += (
                "; beside an auxiliary loss, weight sharing still changes it by "
                f"{gain(rows['weight_sharing_given_aux_loss'])}, and the gain of "
                f"both differs from the sum of the single gains by {gain(rows['interaction'])}"
            )
    if "readout" in rows:
        both = "weight_sharing_aux_loss"
        sentences.append(
            f"Networks with both answer {score[both]} % of the test pairs right by their comparator; comparing the two "
            f"digits that the same networks read would answer {read[both]} % right, "
            f"a difference of {gain(rows['readout'])}"
        )
    latent = [
        f"{score[technique]} % {trained}, {gain(rows[effect])} against {label(reference)}"
        for technique, effect, reference, trained in (
            ("latent_digits", "latent_digits", "weight_sharing", "trained on answers alone"),
            (
                "latent_digits_aux_loss",
                "latent_digits_given_aux_loss",
                "weight_sharing_aux_loss",
                "with the auxiliary loss",
            ),
        )
        if effect in rows
    ]
    if latent:
        sentences.append(
            f"With latent digits, where the answer is computed from the digits' probabilities without a comparator, "
            f"test accuracy is {', and '.join(latent)}"
        )
    return [f"{sentence}." for sentence in sentences] or ["params.yaml lists no techniques that an effect compares."]


def reservations(effects: pd.DataFrame, summary: pd.DataFrame) -> list[str]:
    """What the headline must not be read without, from the same tables: architectures, training, divergence."""
    sentences = []
    averages = effects[effects["architecture"] == AVERAGE].set_index("effect")
    for effect in [name for name in ("weight_sharing", "aux_loss") if name in averages.index]:
        rows = effects[effects["effect"] == effect]
        if not math.isnan(averages.loc[effect, "spread_low"]):
            bounds = interval(averages.loc[effect, "spread_low"], averages.loc[effect, "spread_high"])
            sentences.append(
                f"By architecture, the change with {label(effect)} goes from {extremes(rows)}; an interval over the "
                f"{averages.loc[effect, 'architectures']} architectures instead of the seeds is {bounds}."
            )
    weak = summary[~summary["trained_out"] & (summary["runs"] > 0)]
    if len(weak):
        groups = weak.groupby("architecture", sort=False)["technique"]
        by_architecture = [f"{name} with {listed([label(technique) for technique in group])}" for name, group in groups]
        text = f"{len(weak)} of {len(summary)} combos are not trained out: {'; '.join(by_architecture)}."
        kept = effects[effects["architecture"] == AVERAGE_TRAINED_OUT].to_dict("records")
        without = [
            f"{gain(row)} with {label(row['effect'])}"
            for row in kept
            if row["effect"] in ("weight_sharing", "aux_loss", "both")
        ]
        if without:
            text += f" Without the architectures concerned, the changes against the baseline are {listed(without)}."
        sentences.append(text)
    else:
        sentences.append("All combos are trained out.")
    diverged = summary[summary["diverged"] > 0]
    if len(diverged):
        combos = [
            f"{row['architecture']}-{row['technique']} ({row['diverged']})" for row in diverged.to_dict("records")
        ]
        total = summary["runs"].sum() + summary["diverged"].sum()
        sentences.append(
            f"{diverged['diverged'].sum()} of {total:,} runs diverged: they are left out of all means, and their seeds "
            f"out of the comparisons concerned. They are of {listed(combos)}."
        )
    else:
        sentences.append("No run diverged.")
    return sentences


def parameter_ratio(summary: pd.DataFrame) -> str:
    """How many weights separate encoders have for each weight of a shared one: `1.2 to 2.0 times as many`."""
    wide = summary.pivot(index="architecture", columns="technique", values="parameters")
    if not {"baseline", "weight_sharing"} <= set(wide):
        return "their own, and so more,"
    ratio = wide["baseline"] / wide["weight_sharing"]
    low, high = f"{ratio.min():.1f}", f"{ratio.max():.1f}"
    return f"{low} times as many" if low == high else f"{low} to {high} times as many"


def verdicts(published_vs_ours: pd.DataFrame) -> str:
    """How many published test accuracies ours agree with: `Of 35 published test accuracies, ours ...`."""
    tested = published_vs_ours[published_vs_ours["measure"] != "train_accuracy"]
    counts = tested["verdict"].value_counts()
    words = {
        "agrees": "agree with",
        "higher": "are higher than",
        "lower": "are lower than",
        "unclear": "are unclear for",
    }
    said = [f"{words[verdict]} {counts[verdict]}" for verdict in VERDICTS if verdict in counts]
    return f"Of {len(tested)} published test accuracies, ours {listed(said)}." if said else ""


def shared_and_own_differences(published: pd.DataFrame) -> tuple[list[dict], dict[int, list[str]]]:
    """A table's rows, each with its `own` differences of protocol; and those that all rows of a report share."""
    rows = published.fillna({"protocol_differences": ""}).to_dict("records")
    shared: dict[int, list[str]] = {}
    for row in rows:
        row["own"] = [difference for difference in row["protocol_differences"].split("; ") if difference]
        shared[row["report"]] = [d for d in shared.get(row["report"], row["own"]) if d in row["own"]]
    for row in rows:
        row["own"] = [difference for difference in row["own"] if difference not in shared[row["report"]]]
    return rows, shared


def limits(params: Params, summary: pd.DataFrame) -> list[str]:
    """What the study cannot say, a paragraph each; `summary` is the table of that name."""
    test_images, pool = 2 * params.data.test_pairs, TEST_IMAGES[params.data.source]
    shared = statistics.shared_images(test_images, pool)
    error = statistics.standard_error(0.9, params.data.test_pairs)
    known = params.architectures
    norms = [text for name, text in BATCH_NORM.items() if name in known]
    sgd = [name for name, recipe in known.items() if recipe.optimizer == "sgd"]
    differences = [
        f"Techniques differ by more than their switches. Separate encoders have {parameter_ratio(summary)} weights."
    ]
    if norms:
        differences.append(
            f"With a shared encoder, batch norm treats the two images as each report has it: {', '.join(norms)}, and "
            "others normalize one after the other with the same layers, or have none."
        )
    if sgd:
        differences.append(
            f"Under SGD ({listed(sgd)}), where a step grows with the gradient, a shared weight takes the sum of two "
            "images' gradients, and the auxiliary loss makes the loss larger."
        )
    return [
        "Intervals and tests speak of other seeds: other pairs, initial weights and batch orders. They do not speak of "
        "other architectures, nor of other recipes.",
        "Each recipe is the one that its report chose for one of its networks, and serves all techniques; a further "
        "study, tuning, asks what a technique gains by one of its own. aux_weight is "
        f"{params.aux_weight:g} for all architectures.",
        " ".join(differences),
        "The auxiliary loss and digits only are told the digits' labels; latent digits and digits only are told that "
        "the answer compares two digits. What such knowledge is worth is part of what they gain.",
        f"Each seed draws {test_images:,} test images out of the same {pool:,}, so that any two seeds have about "
        f"{shared:,.0f} in common: their runs are less independent than the intervals take them for. With "
        f"{params.data.test_pairs:,} test pairs, an accuracy of 90 % has a standard error of {100 * error:.2g} points "
        "from the pairs alone; techniques are compared on the same pairs.",
        "A result is that of the last epoch: nothing is chosen by test accuracy. Where a run's best epoch is shown, "
        "it is chosen on the test pairs, and optimistic.",
    ]


def extremes(rows: pd.DataFrame) -> str:
    """The smallest and the largest mean in the rows of one effect: `+1.1 (shallow_fc) to +18.5 (lenet5)`."""
    mean = rows[~rows["architecture"].isin(AVERAGES)].set_index("architecture")["mean_difference"]
    return f"{points(mean.min())} ({mean.idxmin()}) to {points(mean.max())} ({mean.idxmax()})"

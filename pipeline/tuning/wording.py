"""How the tuning's numbers are worded for readers: the answer, recipes, and the command that adopts one."""

import math

import pandas as pd

from pipeline import wording
from pipeline.params import AVERAGE, Params
from pipeline.tuning.tuned import BEST, ONE_STANDARD_ERROR, STUDY
from pipeline.wording import label, listed

RECIPES = {STUDY: "study's", BEST: "best", ONE_STANDARD_ERROR: "1 SE"}  # in a narrow column
MAIN = ("weight_sharing", "aux_loss", "both")


def headline(effects: pd.DataFrame, accuracy: pd.DataFrame, optimism: pd.DataFrame) -> list[str]:
    """The answer in a few sentences, from the tables of these names: fewer where techniques are not tuned."""
    names = [name for name in accuracy["architecture"].unique() if name != AVERAGE]
    whole = AVERAGE if len(names) > 1 else names[0]
    where = f"Averaged over the {len(names)} architectures tuned" if len(names) > 1 else f"With {whole}"
    ranges = {recipe: _ranges(effects, recipe) for recipe in (BEST, STUDY)}
    effects, accuracy = (table[table["architecture"] == whole] for table in (effects, accuracy))
    gains = {recipe: _gains(effects[effects["recipe"] == recipe], "95% interval ") for recipe in RECIPES}
    said = []
    if gains[BEST]:
        said.append(
            f"{where}, and with the best recipe found for each technique, test accuracy changes against the baseline "
            f"by {gains[BEST]}; with the study's one recipe for all techniques, by {gains[STUDY]}."
        )
        said.append(f"So tuning changes these effects by {_gains(effects[effects['recipe'] == BEST], '', 'change')}.")
        said.append(f"With recipes by the one-standard-error rule, they are {gains[ONE_STANDARD_ERROR]}.")
    if ranges[BEST] and len(names) > 1:
        said.append(
            f"By architecture, the change with the best recipes goes {ranges[BEST]}; with the study's, {ranges[STUDY]}."
        )
    own = accuracy[(accuracy["recipe"] == BEST)].to_dict("records")
    changes = [f"{change(row)} with {label(row['technique'])}" for row in own]
    said.append(f"The best recipes change test accuracy against the study's by {listed(changes)}.")
    return said + [leak(row) for row in optimism.to_dict("records")]


def _ranges(effects: pd.DataFrame, recipe: str) -> str:
    """The smallest and the largest of the gains over the baseline by architecture, with these recipes."""
    rows = effects[(effects["recipe"] == recipe) & effects["mean_difference"].notna()]
    found = [name for name in MAIN if name in set(rows["effect"])]
    return listed([f"from {wording.extremes(rows[rows['effect'] == name])} with {label(name)}" for name in found])


def _gains(rows: pd.DataFrame, known: str, of: str = "") -> str:
    """The gains over the baseline of these rows of `tuning/effects`, or by how much they change."""
    by_name = {row["effect"]: row for row in rows.to_dict("records")}
    found = [by_name[name] for name in MAIN if name in by_name]
    parts = [
        f"{change(row) if of else wording.gain(row, '' if place else known)} with {label(row['effect'])}"
        for place, row in enumerate(found)
    ]
    return listed(parts)


def change(row: dict) -> str:
    """A row's change against the study's recipe: `+0.8 points (+0.1 to +1.5)`."""
    same = {"mean_difference": row["change"], "ci_low": row["change_low"], "ci_high": row["change_high"]}
    return wording.gain(same)


def leak(row: dict) -> str:
    """A row of `tuning/optimism` as a sentence."""
    bounds = wording.interval(row["optimism_low"], row["optimism_high"])
    known = "" if bounds == wording.NONE else f" (95% interval {bounds})"
    network = f"{row['architecture']} with {label(row['technique'])}"
    return (
        f"What leaking buys: chosen on its own test pairs among {row['candidates']} candidates, {network} scores "
        f"{wording.percent(row['mean_choosing_accuracy'])} % on those pairs and "
        f"{wording.percent(row['mean_fresh_accuracy'])} % on fresh ones, an optimism of "
        f"{wording.points(row['optimism'])} points{known}."
    )


def recipe(row: dict) -> str:
    """A row of `tuning/chosen` or `tuning/leaking` in words: `learning rate 0.05, batches of 100, ...`."""
    parts = [f"learning rate {row['learning_rate']:g}", f"batches of {row['batch_size']}"]
    parts += [f"dropout {row['dropout']:g}" if row["dropout"] else "no dropout"]
    parts += [f"{'' if row['batch_norm'] else 'no '}batch norm"]
    parts += [] if math.isnan(row["aux_weight"]) else [f"aux_weight {row['aux_weight']:g}"]
    return ", ".join(parts)


def adopt(study: Params, row: dict) -> str:
    """The command that tries the recipe of a row of `tuning/chosen` in the study; nothing where it is params.yaml's."""
    name, own = row["architecture"], study.architectures[row["architecture"]].model_dump()
    fields = ("learning_rate", "batch_size", "epochs", "batch_norm", "dropout")
    keys = {f"architectures.{name}.{field}": (row[field], own[field]) for field in fields}
    if not math.isnan(row["aux_weight"]):
        keys["aux_weight"] = row["aux_weight"], study.aux_weight
    settings = [f"-S {key}={_written(value)}" for key, (value, before) in keys.items() if value != before]
    return " ".join(["dvc exp run", *settings]) if settings else ""


def _written(value: float | bool) -> str:
    """As YAML has it."""
    return str(bool(value)).lower() if isinstance(value, bool) else f"{value:g}"

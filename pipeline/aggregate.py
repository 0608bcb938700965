"""Stage `aggregate`: from the results of all runs to the tables and metrics of the study.

Reads params.yaml and reports/runs/COMBO.json of the combos that it lists; writes reports/*.csv, whose columns
pipeline/analysis/columns.yaml describes, and reports/metrics.json for `dvc metrics`.
"""

import json

import pandas as pd
import torch

from pipeline import params, paths
from pipeline.analysis import effects, measured
from pipeline.analysis.measured import Results
from pipeline.analysis.tables import STUDY, Tables, write_all
from pipeline.cli import run_script, say, write_whole
from pipeline.engine import result
from pipeline.engine.network import PairNetwork, build
from pipeline.params import Combo, Params

PROBABILITIES, OTHERS = "probabilities", "logits or features"


def read_results(study: Params) -> Results:
    """The results of every combo that params.yaml lists, in its order.

    Raises StudyError, naming the file, if one is missing or damaged, or has not the runs that params.yaml asks for.
    """
    return {combo: result.of_runs(paths.results(combo.key), study.runs(combo)) for combo in study.combos()}


def make_tables(study: Params, results: Results) -> dict[str, pd.DataFrame]:
    """Every table of the study, by name."""
    runs, curves = measured.runs(results), measured.curves(results)
    summary = measured.summary(runs)
    by_architecture = summary[summary["converged"]].groupby("architecture")["technique"].agg(set)
    converged = {name: by_architecture.get(name, set()) for name in study.architectures}
    effect_runs = effects.effect_runs(runs, converged)
    both = [combo for combo in results if combo.technique == "weight_sharing_aux_loss"]
    return {
        "runs": runs,
        "summary": summary,
        "curves": curves,
        "learning_curves": measured.learning_curves(curves),
        "gaps": measured.gaps(results),
        "confusion": measured.confusion(results),
        "effect_runs": effect_runs,
        "effects": effects.effects(effect_runs, converged),
        "effect_checks": effects.effect_checks(runs, study.data.test_pairs, converged),
        "digit_derived": effects.digit_derived(runs, {c.architecture: comparator_reads(study, c) for c in both}),
    }


def comparator_reads(study: Params, combo: Combo) -> str:
    """Whether the combo's comparator reads the digits' probabilities, or something else of them."""
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        network = build(study.runs(combo, [0])[0])
    reads = network.encoders[0].gives if isinstance(network, PairNetwork) else None
    return PROBABILITIES if reads == PROBABILITIES else OTHERS


def tables_made() -> tuple[Tables, dict[str, pd.DataFrame]]:
    """The study's tables, from the results in reports/runs."""
    study = params.load()
    return STUDY, make_tables(study, read_results(study))


def say_left_over(study: Params) -> None:
    """Name the results of combos that params.yaml does not list any more, and what removes them."""
    listed = {paths.results(combo.key) for combo in study.combos()}
    left = sorted(path.stem for path in paths.RESULTS.glob("*.json") if path not in listed)
    if left:
        files = " ".join(f"{paths.results(key)} {paths.MODELS / key}" for key in left)
        say(f"not listed in {paths.PARAMS} any more: {', '.join(left)}; remove with: rm -rf {files}")


def main() -> None:
    tables, made = tables_made()
    write_all(tables, made)
    say(f"{len(made['runs'])} runs of {len(made['summary'])} combos")
    write_whole(paths.METRICS, (json.dumps(measured.metrics(made["runs"]), indent=2) + "\n").encode())
    say_left_over(params.load())


if __name__ == "__main__":
    run_script(main, arguments=False)

"""Which difference of protocol explains a published figure? Change one thing at a time and see.

    python -m pipeline.what_if

trains the combos of QUESTIONS again with one thing changed as the published code has it, on the study's own seeds, and
writes reports/what_if.csv: no stage of the pipeline, since it explains results and is none. The quirks of published
code live here alone; the study does the sound thing.
"""

import contextlib
import math
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from unittest import mock

import joblib
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from pipeline import params, paths
from pipeline.analysis import statistics, tables
from pipeline.params import Combo
from pipeline.script import run_script
from pipeline.training import data, loop, losses, replicas
from pipeline.training.runs import fresh_network


@dataclass(frozen=True)
class Question:
    """A published figure more than two points from ours, and what may explain it, each tried alone, then together."""

    architecture: str
    technique: str
    changes: tuple[str, ...]
    runs: int


REPORT_2 = ("aux_weight 25", "softmax before cross-entropy", "aux_weight 25 and softmax", "one data set")
REPORT_4 = (
    "aux_weight 1/6",
    "softmax before cross-entropy",
    "squared error for the answer",
    "a new Adam at every step",
    "train mode at test",
)
QUESTIONS = (
    Question("mlpnet", "weight_sharing_aux_loss", REPORT_4, runs=10),
    Question("lenet5", "aux_loss", REPORT_4, runs=10),
    Question("wide_convnet", "weight_sharing_aux_loss", REPORT_2, runs=4),
    Question("wide_convnet", "aux_loss", REPORT_2, runs=4),
)
TOGETHER = "all of these"


def softmaxed_digit_loss(output: dict[str, Tensor], digits: Tensor) -> Tensor:
    """Cross-entropy that takes probabilities for logits (reports 2 and 4); bounded, so its gradients are small."""
    return losses.digit_loss({"digits": output["digits"].softmax(-1)}, digits)


def squared_error(output: dict[str, Tensor], targets: Tensor) -> Tensor:
    """Mean squared error of the probability (report 4)."""
    return F.mse_loss(output["comparison"].squeeze(-1).sigmoid(), targets.float(), reduction="none").mean(1)


class ForgetfulAdam(torch.optim.Adam):
    """Adam made anew at every step (report 4): each step goes by the sign of the gradient."""

    def step(self, closure=None):
        self.state.clear()
        return super().step(closure)


def stay_in_train_mode(runs: replicas.OneRun, training: bool) -> None:
    """Batch norm by the test batch's own statistics, dropout on (report 4)."""
    runs.network.train()
    if not training:
        runs.write_back()  # without masks from the training batches, dropout draws its own


@contextlib.contextmanager
def patched(change: str, combo: Combo) -> Iterator[Combo]:
    """The combo, and the training code, with that one change."""
    weights = {"aux_weight 25": 25.0, "aux_weight 25 and softmax": 25.0, "aux_weight 1/6": 1 / 6}
    patches = {
        "softmax before cross-entropy": (loop, "digit_loss", softmaxed_digit_loss),
        "aux_weight 25 and softmax": (loop, "digit_loss", softmaxed_digit_loss),
        "squared error for the answer": (loop, "comparison_loss", squared_error),
        "a new Adam at every step": (torch.optim, "Adam", ForgetfulAdam),
        "train mode at test": (replicas.OneRun, "train", stay_in_train_mode),
    }
    with mock.patch.object(*patches[change]) if change in patches else contextlib.nullcontext():
        yield combo.model_copy(update={"aux_weight": weights.get(change, combo.aux_weight)})


def train_changed(combo: Combo, seed: int, changes: tuple[str, ...]) -> tuple[float, float]:
    """Test accuracy of one run of the combo with these changes: after the last epoch, and the highest of any."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    pairs_of = 0 if "one data set" in changes else seed  # run 0's pairs are the course's first draw, as in report 2
    with contextlib.ExitStack() as stack:
        for change in changes:
            combo = stack.enter_context(patched(change, combo))
        if "train mode at test" in changes:
            stack.enter_context(mock.patch.dict(loop.EVALUATION_BATCH, cpu=200))
        run_data = data.load_runs([pairs_of], combo.recipe.standardize)
        curve = loop.train([fresh_network(combo, seed)], run_data, combo, [seed]).curves["test_accuracy"]
    return curve[-1].item(), curve.max().item()


def answer(question: Question, study: params.Params, workers: ProcessPoolExecutor) -> list[tuple]:
    """Rows of the table `what_if`: one for the study's own runs, one for each change, and one for all together."""
    published = tables.read("published_vs_ours")
    row = published.query(
        "architecture == @question.architecture and technique == @question.technique and measure != 'train_accuracy'"
    ).iloc[0]
    combo = study.combo(question.architecture, question.technique)
    tried = [(), *((change,) for change in question.changes), question.changes]
    seeds = range(min(question.runs, study.runs))
    futures = {changes: [workers.submit(train_changed, combo, seed, changes) for seed in seeds] for changes in tried}
    rows = []
    combo_and_measure = (combo.architecture, combo.technique, row["measure"], row["published_mean"])
    for changes in tqdm(tried, desc=combo.key, disable=None, leave=False):
        name = "none" if not changes else changes[0] if len(changes) == 1 else TOGETHER
        best = row["measure"] == "best_test_accuracy"
        scores = pd.Series([future.result()[best] for future in futures[changes]])
        if not changes:
            ours = scores
        gain = scores - ours if changes else pd.Series(dtype=float)
        spread = (gain.mean(), *statistics.t_interval(gain.to_numpy())) if changes else (math.nan,) * 3
        rows.append((*combo_and_measure, name, len(scores), scores.mean(), scores.std(), *spread))
        print(f"{combo.key}, changed: {name}: {100 * scores.mean():.2f} %", flush=True)
    return rows


def main() -> None:
    study = params.load()
    with ProcessPoolExecutor(joblib.cpu_count(), get_context("spawn")) as workers:
        rows = [row for question in QUESTIONS for row in answer(question, study, workers)]
    tables.write("what_if", tables.frame("what_if", rows))
    print(paths.table("what_if"))


if __name__ == "__main__":
    run_script(main)

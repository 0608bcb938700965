"""Which difference of protocol explains a published figure? Change one thing at a time and see.

    python -m pipeline.what_if

trains the combos of QUESTIONS again with one thing changed as the published code has it, on the study's own seeds, and
writes reports/what_if.csv, which sets that beside the study's own runs: no stage of the pipeline, since it explains
results and is none. The quirks of published code live here alone; the study does the sound thing.
"""

import contextlib
import math
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from unittest import mock

import joblib
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from pipeline import params, paths, records
from pipeline.analysis import statistics, tables
from pipeline.networks.architectures.resnet_block import ResidualBlock
from pipeline.networks.layers import BatchNorm
from pipeline.params import Combo
from pipeline.script import run_script
from pipeline.training import data, loop, losses, replicas
from pipeline.training.runs import fresh_network


@dataclass(frozen=True)
class Question:
    """A published figure some two points from ours, and what may explain it: tried in turn, then all together."""

    architecture: str
    technique: str
    tried: tuple[tuple[str, ...], ...]  # changes made together; mostly one
    runs: int

    @property
    def changes(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys(change for together in self.tried for change in together))


REPORT_4 = (
    ("aux_weight 1/6",),
    ("softmax before cross-entropy",),
    ("squared error for the answer",),
    ("a new Adam at every step",),
    ("train mode at test",),
)
REPORT_2_DIGITS = ("aux_weight 25", "softmax before cross-entropy")
QUESTIONS = (
    Question("mlpnet", "weight_sharing_aux_loss", REPORT_4, runs=10),
    Question("lenet5", "aux_loss", REPORT_4, runs=10),
    Question(
        "resnet_block",
        "two_channel",
        (("batch_size 50",), ("batch norm in the shortcut alone",), ("batch norm frozen after epoch 1",)),
        runs=10,
    ),
    Question("convnet", "aux_loss", (("aux_weight 1/2",), ("batches always in the same order",)), runs=6),
    Question(
        "wide_convnet",
        "weight_sharing_aux_loss",
        (("aux_weight 25",), ("softmax before cross-entropy",), REPORT_2_DIGITS, ("one data set",)),
        runs=3,
    ),
    Question("wide_convnet", "aux_loss", (REPORT_2_DIGITS, ("one data set",)), runs=3),
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


def freeze_after_first_epoch(runs: replicas.OneRun, training: bool) -> None:
    """Evaluation mode from the first evaluation on, in training too (report 3): batch norm learns no more."""
    runs.evaluated = getattr(runs, "evaluated", False) or not training
    runs.network.train(not runs.evaluated)


def drawn_in_order(noise: loop._Noise, draw=loop._Noise.draw) -> tuple[Tensor, replicas.Masks]:
    """Batches that are the same slices of the training pairs in every epoch (all reports)."""
    order, masks = draw(noise)
    return torch.arange(noise.pairs).expand_as(order), masks


def with_plain_main_path(combo: Combo, seed: int) -> nn.Module:
    """resnet_block without batch norm in its main path (report 3's two-channel network)."""
    network = fresh_network(combo, seed)
    main = next(module for module in network.modules() if isinstance(module, ResidualBlock)).main
    for place, layer in enumerate(main):
        if isinstance(layer, BatchNorm):
            main[place] = nn.Identity()
    return network


AUX_WEIGHTS = {"aux_weight 25": 25.0, "aux_weight 1/6": 1 / 6, "aux_weight 1/2": 0.5}
PATCHES = {
    "softmax before cross-entropy": (loop, "digit_loss", softmaxed_digit_loss),
    "squared error for the answer": (loop, "comparison_loss", squared_error),
    "a new Adam at every step": (torch.optim, "Adam", ForgetfulAdam),
    "train mode at test": (replicas.OneRun, "train", stay_in_train_mode),
    "batch norm frozen after epoch 1": (replicas.OneRun, "train", freeze_after_first_epoch),
    "batches always in the same order": (loop._Noise, "draw", drawn_in_order),
}


def train_changed(combo: Combo, seed: int, changes: tuple[str, ...]) -> tuple[float, float]:
    """Test accuracy of one run of the combo with these changes: after the last epoch, and the highest of any."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)  # of dropout at test
    for change in changes:
        combo = combo.model_copy(update={"aux_weight": AUX_WEIGHTS.get(change, combo.aux_weight)})
    if "batch_size 50" in changes:
        combo = combo.model_copy(update={"recipe": combo.recipe.model_copy(update={"batch_size": 50})})
    pairs_of = 0 if "one data set" in changes else seed  # run 0's pairs are the course's first draw, as in report 2
    make = with_plain_main_path if "batch norm in the shortcut alone" in changes else fresh_network
    with contextlib.ExitStack() as stack:
        for change in PATCHES.keys() & set(changes):
            stack.enter_context(mock.patch.object(*PATCHES[change]))
        if "train mode at test" in changes:
            stack.enter_context(mock.patch.dict(loop.EVALUATION_BATCH, cpu=combo.recipe.batch_size))
        run_data = data.load_runs([pairs_of], combo.recipe.standardize)
        curve = loop.train([make(combo, seed)], run_data, combo, [seed]).curves["test_accuracy"]
    return curve[-1].item(), curve.max().item()


def answer(question: Question, study: params.Params, workers: ProcessPoolExecutor) -> list[tuple]:
    """Rows of the table `what_if`: one for the study's own runs, one for each change, and one for all together."""
    published = tables.read("published_vs_ours")
    row = published.query(
        "architecture == @question.architecture and technique == @question.technique and measure != 'train_accuracy'"
    ).iloc[0]
    combo = study.combo(question.architecture, question.technique)
    own = records.read(paths.record(combo.key))[: question.runs]
    tried = {changes: " and ".join(changes) for changes in question.tried} | {question.changes: TOGETHER}
    futures = {
        changes: [workers.submit(train_changed, combo, record.seed, changes) for record in own] for changes in tried
    }
    which = (row["data_set"], combo.architecture, combo.technique, row["measure"], row["published_mean"])
    place = 1 if row["measure"] == "best_test_accuracy" else 0  # in what train_changed returns
    curves = [record.curves.test_accuracy for record in own]
    ours = np.array([(curve[-1], max(curve))[place] for curve in curves])
    rows = [(*which, "none", len(ours), ours.mean(), statistics.std(ours), *(math.nan,) * 3)]
    for changes, name in tqdm(tried.items(), desc=combo.key, disable=None, leave=False):
        scores = np.array([future.result()[place] for future in futures[changes]])
        gain = scores - ours
        spread = (gain.mean(), *statistics.t_interval(gain))
        rows.append((*which, name, len(gain), scores.mean(), statistics.std(scores), *spread))
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

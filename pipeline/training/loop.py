"""The training loop: R runs of one combo, from fresh networks to curves and answers.

Shapes: R runs, N training or test pairs, B pairs a batch, E epochs. On CUDA all of it stays on the device, and the host
waits for it once an epoch, to show the accuracy.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pipeline import seeds
from pipeline.networks.layers import Dropout
from pipeline.networks.pair_network import Output, answers
from pipeline.params import Combo
from pipeline.training.data import Pairs, RunData
from pipeline.training.graphs import Recorded
from pipeline.training.losses import comparison_loss, digit_loss
from pipeline.training.replicas import Masks, OneRun, StackedRuns, replicate

EVALUATION_BATCH = {"cpu": 250, "cuda": 1_000}  # test pairs at a time: few calls, yet what a core's cache can take
RECORD_STEPS = False  # as CUDA graphs: off until `make bench`, which measures both, has run on a GPU


@dataclass(frozen=True)
class History:
    """What R runs measured."""

    curves: dict[str, Tensor]  # (E, R) each; named as in records.Curves, absent where the technique does not define it
    seconds: list[float]  # wall time of each epoch, shared evenly among the runs
    answers: Tensor  # (R, N) bool: the last epoch's, to the test pairs
    predicted_digits: Tensor | None  # (R, N, 2): the last epoch's, of the test pairs


def train(
    networks: list[nn.Module],
    data: RunData,
    combo: Combo,
    run_seeds: list[int],
    *,
    precision: str = "fp32",
    on_epoch: Callable[[Tensor], None] = lambda test_accuracy: None,
) -> History:
    """Train the networks of R runs, in place, on the device where they and the data are.

    `on_epoch` is called after each epoch with the R test accuracies.
    """
    device = data.train.images.device
    recipe = combo.recipe
    runs = replicate(networks)
    noise = _Noise(networks[0], run_seeds, data.train.digits.shape[1], device)
    # Weights are used once a pass, so autocast has nothing to gain from remembering them in bfloat16.
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16", cache_enabled=False)
    step = _Step(runs, combo, list(noise.layers), autocast)
    if RECORD_STEPS:
        step = Recorded(step)
    epochs, seconds = [], []
    for _ in range(recipe.epochs):
        start = time.perf_counter()
        order, masks = noise.draw()
        runs.train(True)
        measures = _train_epoch(step, data.train, order, masks, recipe.batch_size)
        with autocast:
            answered, predicted = _answer(runs, data.test)
        measures["test_accuracy"] = (answered == data.test.targets.bool()).float().mean(1)
        if predicted is not None:
            measures["digit_accuracy"] = (predicted == data.test.digits).float().mean((1, 2))
        epochs.append(measures)
        on_epoch(measures["test_accuracy"].cpu())
        seconds.append((time.perf_counter() - start) / len(networks))
    runs.write_back()
    curves = {name: torch.stack([epoch[name] for epoch in epochs]).cpu() for name in epochs[0]}
    return History(curves, seconds, answered.cpu(), predicted.cpu() if predicted is not None else None)


def _train_epoch(
    step: "_Step | Recorded", pairs: Pairs, order: Tensor, masks: Masks, batch_size: int
) -> dict[str, Tensor]:
    """One pass over the training pairs in this order (R, N); the means of each measure over it, (R,) each."""
    rows = torch.arange(len(order), device=order.device).unsqueeze(1)  # (R, 1)
    drawn = [part[rows, order] for part in (pairs.images, pairs.digits, pairs.targets)]  # (R, N, ...)
    batches = zip(*(tensor.split(batch_size, dim=1) for tensor in (*drawn, *masks.values())), strict=True)
    sums = [step(*batch) for batch in batches]
    return {name: torch.stack([batch[name] for batch in sums]).sum(0) / order.shape[1] for name in sums[0]}


class _Step:
    """One training step of R runs."""

    def __init__(self, runs: OneRun | StackedRuns, combo: Combo, dropouts: list[str], autocast: torch.autocast):
        """`dropouts`: the names of the layers whose masks a call brings, in its order."""
        self.runs = runs
        self.combo = combo
        self.dropouts = dropouts
        self.autocast = autocast
        self.optimizer = _optimizer(combo, list(runs.parameters()))

    def __call__(self, images: Tensor, digits: Tensor, targets: Tensor, *masks: Tensor) -> dict[str, Tensor]:
        """Step on a batch (R, B, ...) of each; return each measure's sums over it, (R,) each.

        `masks`: (R, B, images per pair, features) each. The host waits for nothing here, and all that a step needs is
        in its arguments: both are what lets a CUDA graph record it.
        """
        self.optimizer.zero_grad()
        with self.autocast:
            output = self.runs(images, dict(zip(self.dropouts, (mask.flatten(1, 2) for mask in masks), strict=True)))
            losses = _losses(output, digits, targets, self.combo)
        losses["loss"].sum().backward()  # over runs: each run's weights get the gradient of its own loss alone
        self.optimizer.step()
        sums = {name: loss.detach() * targets.shape[1] for name, loss in losses.items()}
        sums["train_accuracy"] = (answers(output) == targets.bool()).sum(1)
        return sums


def _optimizer(combo: Combo, weights: list[Tensor]) -> torch.optim.Optimizer:
    """The recipe's optimizer. It works number by number, so on stacked weights it is every run's own."""
    settings = {"lr": combo.recipe.learning_rate, "fused": True}
    if combo.recipe.optimizer == "sgd":
        return torch.optim.SGD(weights, **settings)
    return torch.optim.Adam(weights, capturable=weights[0].is_cuda, **settings)


def _losses(output: Output, digits: Tensor, targets: Tensor, combo: Combo) -> dict[str, Tensor]:
    """The losses that the output has, (R,) each, and "loss", which training lessens.

    That is comparison loss + aux_weight x auxiliary loss; the digits' own loss where they alone are trained.
    """
    losses = {}
    if "comparison" in output:
        losses["comparison_loss"] = comparison_loss(output, targets)
    if "digits" in output:
        losses["aux_loss"] = digit_loss(output, digits)
    if len(losses) == 2:
        return losses | {"loss": losses["comparison_loss"] + combo.aux_weight * losses["aux_loss"]}
    (only,) = losses.values()
    return losses | {"loss": only}


@torch.inference_mode()
def _answer(runs: OneRun | StackedRuns, pairs: Pairs) -> tuple[Tensor, Tensor | None]:
    """The networks' answers (R, N) to all pairs, and the digits (R, N, 2) where they classify them."""
    runs.train(False)
    outputs = [runs(batch) for batch in pairs.images.split(EVALUATION_BATCH[pairs.images.device.type], dim=1)]
    answered = torch.cat([answers(output) for output in outputs], dim=1)
    if "digits" not in outputs[0]:
        return answered, None
    return answered, torch.cat([output["digits"].argmax(-1) for output in outputs], dim=1)


class _Noise:
    """Each run's batch orders and dropout masks, an epoch at a time, from the run's own generators."""

    def __init__(self, network: nn.Module, run_seeds: list[int], pairs: int, device: torch.device):
        self.pairs = pairs
        self.device = device
        self.layers = _dropout_layers(network)
        self.orders = [seeds.training_generator(seed, "order") for seed in run_seeds]
        self.generators = {name: [seeds.training_generator(seed, name) for seed in run_seeds] for name in self.layers}

    def draw(self) -> tuple[Tensor, Masks]:
        """The next epoch's order (R, N) and masks (R, N, images per pair, features) by layer name."""
        order = torch.stack([torch.randperm(self.pairs, generator=generator) for generator in self.orders])
        masks = {}
        for name, (keep, images, features) in self.layers.items():
            kept = torch.empty(len(self.orders), self.pairs, images, features, dtype=torch.bool)
            for run, generator in zip(kept, self.generators[name], strict=True):
                run.bernoulli_(keep, generator=generator)
            masks[name] = self._send(kept).float().div_(keep)
        return self._send(order), masks

    def _send(self, tensor: Tensor) -> Tensor:
        """To the device, without making the host wait for it."""
        return tensor.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else tensor


def _dropout_layers(network: nn.Module) -> dict[str, tuple[float, int, int]]:
    """By name of each dropout layer: the probability to keep a unit, the images it sees per pair, its features."""
    seen = {}

    def look(name: str, layer: Dropout):
        def hook(_, inputs: tuple[Tensor]) -> None:
            seen[name] = (1 - layer.probability, inputs[0].shape[0] // 2, inputs[0].shape[1])

        return layer.register_forward_pre_hook(hook)

    hooks = [look(name, layer) for name, layer in network.named_modules() if isinstance(layer, Dropout)]
    was_training = network.training
    network.eval()
    with torch.no_grad():
        network(next(network.parameters()).new_zeros(2, 2, 14, 14))
    network.train(was_training)
    for hook in hooks:
        hook.remove()
    return seen

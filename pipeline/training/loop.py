"""The training loop: R runs that differ in their seeds alone, from descriptions to weights and measures.

`train` is a function of its arguments: it reads no file, no parameter and no environment. Shapes: R runs, N training or
test pairs, B pairs a batch, E epochs. On CUDA all of it stays on the device, and the host waits for it once an epoch.
"""

import math
import os
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pipeline import seeds
from pipeline.networks.layers import Dropout
from pipeline.networks.pair_network import answers, build, count_parameters, readout
from pipeline.run import Run
from pipeline.training.data import Examples, Pairs, RunData, select
from pipeline.training.losses import losses
from pipeline.training.replicas import Masks, OneRun, StackedRuns, replicate

TEST_BATCH = {"cpu": 250, "cuda": 1_000}  # pairs at a time: few calls, yet what a core's cache can take


@dataclass(frozen=True)
class Trained:
    """What became of one run."""

    run: Run
    weights: dict[str, Tensor]  # the network's state, on the CPU
    parameters: int  # trainable weights
    pixel_mean: float  # subtracted from pixels from 0 to 255
    pixel_std: float  # by which they were then divided
    diverged: int | None  # the first epoch, from 1, whose loss or weights were not finite
    curves: dict[str, list[float]]  # E values each, up to the epoch before it diverged; by names of records.Curves
    seconds: list[float]  # wall time of each epoch; runs that train as one share it evenly
    test_digits: Tensor  # (N, 2): labels of the test pairs
    answers: Tensor  # (N,) bool: the last epoch's
    predicted_digits: Tensor | None  # (N, 2): the last epoch's, where the network reads digits


def train(
    runs: Sequence[Run],
    pairs: Pairs,
    device: torch.device,
    on_epoch: Callable[[list[float]], None] = lambda test_accuracies: None,
) -> list[Trained]:
    """Train runs that share a `stack_key`, together; `on_epoch` is told each epoch's R test accuracies.

    Raises StudyError if the pairs are not those that the runs ask for, ValueError if the runs cannot be stacked.
    """
    if len({run.stack_key() for run in runs}) != 1:
        raise ValueError("runs that are trained as one may differ in their seeds and draws alone")
    precision = runs[0].protocol.precision
    dtype = torch.float64 if precision == "fp64" else torch.float32
    data = select(runs, pairs, dtype)
    networks = [fresh_network(run).to(device, dtype) for run in runs]
    _prepare(device, precision)
    return _train(runs, networks, data, device, on_epoch)


def fresh_network(run: Run) -> nn.Module:
    """The network of a run with its initial weights; torch's global generator stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeds.weights_seed(run.seed if run.weights_seed is None else run.weights_seed))
        return build(run).to(memory_format=torch.channels_last)  # convolutions on a CPU are faster so


def _train(
    runs: Sequence[Run], networks: list[nn.Module], data: RunData, device: torch.device, on_epoch: Callable
) -> list[Trained]:
    """Train these networks in place, on data as `select` gives them."""
    protocol, on_device = runs[0].protocol, data.to(device)
    replicas = replicate(networks)
    noise = _Noise(networks[0], [run.seed for run in runs], device)
    # Weights are used once a pass, so autocast has nothing to gain from remembering them in bfloat16.
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=protocol.precision == "bf16", cache_enabled=False)
    step = _Step(replicas, runs[0], list(noise.layers), autocast)
    epochs, seconds = [], []
    for epoch in range(protocol.epochs):
        start = time.perf_counter()
        replicas.train(protocol.training_mode == "train" or epoch == 0)
        measures = _train_epoch(step, on_device.train, noise, protocol.batch_size)
        with autocast:
            answered, predicted, tested = _test(replicas, on_device.test, noise, runs[0])
        finite = torch.isfinite(measures["loss"]) & replicas.finite()
        epochs.append(measures | tested | {"finite": finite})
        on_epoch(tested["test_accuracy"].tolist())
        seconds.append((time.perf_counter() - start) / len(runs))
        if not finite.any():
            break
    replicas.write_back()
    curves = {name: torch.stack([epoch[name] for epoch in epochs], dim=1).cpu() for name in epochs[0]}  # (R, E) each
    sound = curves.pop("finite").long().cumprod(1).sum(1).tolist()  # epochs before the run diverged
    return [
        Trained(
            run=run,
            weights={name: tensor.detach().cpu() for name, tensor in networks[i].state_dict().items()},
            parameters=count_parameters(networks[i]),
            pixel_mean=data.pixel_mean[i],
            pixel_std=data.pixel_std[i],
            diverged=sound[i] + 1 if sound[i] < len(epochs) else None,
            curves={name: curve[i, : sound[i]].tolist() for name, curve in curves.items()},
            seconds=seconds,
            test_digits=data.test.digits[i],
            answers=answered[i].cpu(),
            predicted_digits=predicted[i].cpu() if predicted is not None else None,
        )
        for i, run in enumerate(runs)
    ]


def _train_epoch(step: "_Step", examples: Examples, noise: "_Noise", batch_size: int) -> dict[str, Tensor]:
    """One pass over the training pairs; the means of each measure over it, (R,) each."""
    count = examples.digits.shape[1]
    order = noise.order(count, step.run.protocol.batch_order)  # (R, N)
    rows = torch.arange(len(order), device=order.device).unsqueeze(1)  # (R, 1)
    drawn = [part[rows, order] for part in (examples.images, examples.digits, examples.targets)]  # (R, N, ...)
    masks = noise.masks(count)
    batches = zip(*(tensor.split(batch_size, dim=1) for tensor in (*drawn, *masks.values())), strict=True)
    sums = [step(*batch) for batch in batches]
    return {name: torch.stack([batch[name] for batch in sums]).sum(0) / count for name in sums[0]}


class _Step:
    """One training step of R runs."""

    def __init__(self, replicas: OneRun | StackedRuns, run: Run, dropouts: list[str], autocast: torch.autocast):
        """`run`: any of the R; `dropouts`: the names of the layers whose masks a call brings, in its order."""
        self.replicas, self.run, self.dropouts, self.autocast = replicas, run, dropouts, autocast
        # It works number by number, so on stacked weights it is every run's own.
        kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[run.protocol.optimizer]
        self.optimizer = kind(list(replicas.parameters()), lr=run.protocol.learning_rate, fused=True)

    def __call__(self, images: Tensor, digits: Tensor, targets: Tensor, *masks: Tensor) -> dict[str, Tensor]:
        """Step on a batch (R, B, ...) of each; return each measure's sums over it, (R,) each.

        `masks`: (R, B, images per pair, features) each.
        """
        if self.run.protocol.optimizer_memory == "renewed_each_step":
            self.optimizer.state.clear()
        self.optimizer.zero_grad()
        with self.autocast:
            output = self.replicas(images, _named(self.dropouts, masks))
            found = losses(output, digits, targets, self.run)
        found["loss"].sum().backward()  # over runs: each run's weights get the gradient of its own loss alone
        self.optimizer.step()
        sums = {name: loss.detach() * targets.shape[1] for name, loss in found.items()}
        sums["train_accuracy"] = (answers(output) == targets.bool()).sum(1)
        return sums


@torch.inference_mode()
def _test(
    replicas: OneRun | StackedRuns, examples: Examples, noise: "_Noise", run: Run
) -> tuple[Tensor, Tensor | None, dict[str, Tensor]]:
    """The answers (R, N) to all pairs, the digits (R, N, 2) where the network reads them, and what both are worth."""
    in_training_mode = run.protocol.test_in_training_mode
    replicas.train(in_training_mode is not None)
    masks = noise.masks(examples.digits.shape[1], test=True) if in_training_mode else {}
    batch = in_training_mode or TEST_BATCH[examples.images.device.type]
    batches = zip(*(tensor.split(batch, dim=1) for tensor in (examples.images, *masks.values())), strict=True)
    outputs = [replicas(images, _named(masks, drawn)) for images, *drawn in batches]
    targets = examples.targets.bool()
    answered = torch.cat([answers(output) for output in outputs], dim=1)
    worth = {"test_accuracy": (answered == targets).float().mean(1)}
    if "digits" not in outputs[0]:
        return answered, None, worth
    predicted = torch.cat([output["digits"].argmax(-1) for output in outputs], dim=1)
    worth["digit_accuracy"] = (predicted == examples.digits).float().mean((1, 2))
    if run.network.answer != "digits":
        worth["readout_accuracy"] = (readout(predicted) == targets).float().mean(1)
    return answered, predicted, worth


class _Noise:
    """Each run's batch orders and dropout masks, an epoch at a time, from the run's own generators."""

    def __init__(self, network: nn.Module, run_seeds: list[int], device: torch.device):
        self.device = device
        self.dtype = next(network.parameters()).dtype
        self.layers = {name: layer for name, layer in network.named_modules() if isinstance(layer, Dropout)}
        self.seeds = run_seeds
        self.generators: dict[str, list[torch.Generator]] = {}

    def order(self, pairs: int, kind: str) -> Tensor:
        """The next epoch's order of the training pairs, (R, N)."""
        if kind == "fixed":
            return torch.arange(pairs, device=self.device).expand(len(self.seeds), pairs)
        return self._send(torch.stack([torch.randperm(pairs, generator=run) for run in self._generators("order")]))

    def masks(self, pairs: int, test: bool = False) -> Masks:
        """The next masks (R, N, images per pair, features) by layer name."""
        masks = {}
        for name, layer in self.layers.items():
            keep, shape = 1 - layer.probability, (pairs, layer.images, layer.features)
            generators = self._generators(f"{name}/test" if test else name)
            kept = torch.stack([_kept(keep, shape, generator) for generator in generators])
            masks[name] = self._send(kept).to(self.dtype).div_(keep)
        return masks

    def _generators(self, purpose: str) -> list[torch.Generator]:
        """A generator per run for this purpose; it goes on where it was left."""
        if purpose not in self.generators:
            self.generators[purpose] = [seeds.training_generator(seed, purpose) for seed in self.seeds]
        return self.generators[purpose]

    def _send(self, tensor: Tensor) -> Tensor:
        """To the device, without making the host wait for it."""
        return tensor.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else tensor


def _kept(keep: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """True with this probability, to within 1 / 65,536: from sixteen random bits each, drawn four numbers at once."""
    count = math.prod(shape)
    drawn = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(2**63), None, generator=generator)
    return (drawn.view(torch.int16)[:count] < round(keep * 2**16) - 2**15).view(shape)


def _named(names: Iterable[str], masks: Sequence[Tensor]) -> Masks:
    """Masks (R, B, images per pair, features) as the layers take them: (R, images of the batch, features) by name."""
    return {name: mask.flatten(1, 2) for name, mask in zip(names, masks, strict=True)}


def _prepare(device: torch.device, precision: str) -> None:
    """On CUDA: deterministic kernels where there are, and TF32 only if asked for."""
    if device.type != "cuda":
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with this
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Max-pooling's gradient has none; it differs by rounding at most, which no user can act upon.
    warnings.filterwarnings("ignore", message=".*does not have a deterministic implementation")
    torch.utils.deterministic.fill_uninitialized_memory = False  # nothing here reads memory that it did not write
    torch.backends.cudnn.benchmark = False  # it picks kernels by time, so differently from run to run
    chosen = "tf32" if precision == "tf32" else "ieee"
    torch.backends.cuda.matmul.fp32_precision = chosen
    torch.backends.cudnn.conv.fp32_precision = chosen

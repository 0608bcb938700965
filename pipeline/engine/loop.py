"""The training loop: R runs that differ in their seeds alone, from descriptions to results and weights.

`train` is a function of its arguments: it reads no file, no parameter and no environment. Shapes: R runs, N training or
test pairs, B pairs a batch, E epochs. On CUDA all of it stays on the device, and the host waits for it once an epoch.
"""

import math
import os
import platform
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipeline.engine import result, seeds
from pipeline.engine.data import Examples, Pairs, RunData, augmented, select, shifted_views
from pipeline.engine.layers import Dropout
from pipeline.engine.losses import losses
from pipeline.engine.network import Output, answers, build, count_parameters, digits_answer, refuse_own_randomness
from pipeline.engine.result import Curves, Result
from pipeline.engine.run import Run, pairs_digest
from pipeline.engine.stacked import Masks, OneRun, StackedRuns, replicate

TEST_BATCH = {"cpu": 250, "cuda": 1_000}  # pairs at a time: few calls, yet what a core's cache can take


class Trained(NamedTuple):
    """What became of one run."""

    result: Result
    state: dict[str, Tensor]  # the network's weights and buffers, on the CPU
    pixel_mean: float  # subtracted from pixels from 0 to 255
    pixel_std: float  # by which they were then divided
    seconds: list[float]  # wall time of each epoch; runs that train as one share it evenly


def train(
    runs: Sequence[Run],
    pairs: Pairs,
    device: torch.device,
    engine: str = "",
    on_epoch: Callable[[list[float]], None] = lambda test_accuracies: None,
) -> list[Trained]:
    """Train runs that share a `stack_key`, together.

    `engine`: the digest of this code, for the results; `on_epoch` is told each epoch's R test accuracies. Raises
    StudyError if the pairs are not those that the runs ask for, or the architecture brings randomness of its own;
    ValueError if the runs cannot be stacked.
    """
    if len({run.stack_key() for run in runs}) != 1:
        raise ValueError("runs that are trained as one may differ in their seeds and draws alone")
    precision = runs[0].protocol.precision
    dtype = torch.float64 if precision == "fp64" else torch.float32
    data = select(runs, pairs, dtype)
    networks = [fresh_network(run).to(dtype) for run in runs]
    refuse_own_randomness(networks[0], runs[0].network.architecture)
    _prepare(device, precision)
    networks = [network.to(device) for network in networks]
    curves, seconds, answered, predicted = _train(runs, networks, data, device, on_epoch)
    epochs, trained = runs[0].protocol.epochs, []
    for i, run in enumerate(runs):
        sound = int(curves["finite"][i].long().cumprod(0).sum())  # epochs before the run diverged
        diverged = sound + 1 if sound < curves["finite"].shape[1] else None
        named = {name: curve[i, :sound].tolist() for name, curve in curves.items() if name != "finite"}
        digits = data.test.digits[i].numpy()
        if diverged:  # nothing was answered
            errors = result.errors(digits, digits[:, 0] > digits[:, 1], None)
        else:
            read = predicted[i].cpu().numpy() if predicted is not None else None
            errors = result.errors(digits, answered[i].cpu().numpy(), read)
        made = Result(
            run=run,
            engine=engine,
            pairs=pairs_digest(run, pairs.digests),
            torch=torch.__version__,
            device=device.type,
            hardware=hardware(device),
            parameters=count_parameters(networks[i]),
            diverged=diverged,
            curves=Curves(**{name: result.rounded(curve, epochs) for name, curve in named.items()}),
            errors=errors,
        )
        state = {name: tensor.detach().cpu() for name, tensor in networks[i].state_dict().items()}
        trained.append(Trained(made, state, data.pixel_mean[i].item(), data.pixel_std[i].item(), seconds))
    return trained


def fresh_network(run: Run) -> nn.Module:
    """The network of a run with its initial weights; torch's global generator stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeds.weights_seed(run.seed if run.weights_seed is None else run.weights_seed))
        return build(run).to(memory_format=torch.channels_last)  # convolutions on a CPU are faster so


def hardware(device: torch.device) -> str:
    """The name of the processor, for instance `NVIDIA H200`."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):  # not Linux, or not x86
        return platform.processor() or platform.machine()


def _train(
    runs: Sequence[Run], networks: list[nn.Module], data: RunData, device: torch.device, on_epoch: Callable
) -> tuple[dict[str, Tensor], list[float], Tensor, Tensor | None]:
    """Train these networks in place, on data as `select` gives them.

    Returns curves (R, E) by name, up to the epoch in which the last run diverged, with "finite" among them; seconds a
    run and epoch; and the last epoch's answers (R, N) and digits (R, N, 2), where the network reads any.
    """
    protocol, data = runs[0].protocol, data.to(device)
    replicas = replicate(networks)
    noise = _Noise(networks[0], [run.seed for run in runs], device)
    # Weights are used once a pass, so autocast has nothing to gain from remembering them in bfloat16.
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=protocol.precision == "bf16", cache_enabled=False)
    step = _Step(replicas, runs[0], autocast)
    epochs, seconds = [], []
    for epoch in range(protocol.epochs):
        start = time.perf_counter()
        replicas.train(protocol.training_mode == "train" or epoch == 0)
        step.begin(epoch)
        measures = _train_epoch(step, data, noise)
        with autocast:
            answered, predicted, tested = _test(replicas, data, noise, runs[0])
        finite = torch.isfinite(measures["loss"]) & replicas.finite()
        epochs.append(measures | tested | {"finite": finite})
        on_epoch(tested["test_accuracy"].tolist())
        seconds.append((time.perf_counter() - start) / len(runs))
        if not finite.any():
            break
    replicas.write_back()
    curves = {name: torch.stack([epoch[name] for epoch in epochs], dim=1).cpu() for name in epochs[0]}
    return curves, seconds, answered, predicted


def _train_epoch(step: "_Step", data: RunData, noise: "_Noise") -> dict[str, Tensor]:
    """One pass over the training pairs; the means of each measure over it, (R,) each."""
    wanted, examples = step.run.data, data.train
    count = examples.digits.shape[1]
    if wanted.augment is not None:
        changes = noise.changes((count, 2, 4))
        images = augmented(examples.images, changes, wanted.augment, data.background)
        examples = replace(examples, images=images)
    if wanted.pairing == "renewed":
        examples = examples.paired_anew(noise.order(2 * count, "pairing"))
    if step.run.protocol.batch_order == "shuffled":
        examples = examples.in_order(noise.order(count))
    masks = noise.masks(count)
    size = step.run.protocol.batch_size
    batches = [slice(first, first + size) for first in range(0, count, size)]
    sums = [step(examples.at(batch), {name: mask[:, batch] for name, mask in masks.items()}) for batch in batches]
    return {name: torch.stack([batch[name] for batch in sums]).sum(0) / count for name in sums[0]}


class _Step:
    """One training step of R runs."""

    def __init__(self, replicas: OneRun | StackedRuns, run: Run, autocast: torch.autocast):
        """`run`: any of the R."""
        self.replicas, self.run, self.autocast = replicas, run, autocast
        # It works number by number, so on stacked weights it is every run's own.
        kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[run.protocol.optimizer]
        self.optimizer = kind(list(replicas.parameters()), lr=run.protocol.learning_rate, fused=True)

    def begin(self, epoch: int) -> None:
        """Set the learning rate of an epoch, counted from 0."""
        protocol = self.run.protocol
        if protocol.schedule == "cosine":
            share = (1 + math.cos(math.pi * epoch / protocol.epochs)) / 2
            for group in self.optimizer.param_groups:
                group["lr"] = protocol.learning_rate * share

    def __call__(self, batch: Examples, masks: Masks) -> dict[str, Tensor]:
        """Step on a batch of B pairs a run; return each measure's sums over it, (R,) each.

        `masks`: (R, B, images per pair, features) by layer name.
        """
        if self.run.protocol.optimizer_memory == "renewed_each_step":
            self.optimizer.state.clear()
        self.optimizer.zero_grad()
        with self.autocast:
            output = self.replicas(batch.images, _by_image(masks))
            found = losses(output, batch, self.run)
        found["loss"].sum().backward()  # over runs: each run's weights get the gradient of its own loss alone
        self.optimizer.step()
        sums = {name: loss.detach() * batch.targets.shape[1] for name, loss in found.items()}
        sums["train_accuracy"] = (answers(output) == batch.targets.bool()).sum(1)
        return sums


@torch.inference_mode()
def _test(
    replicas: OneRun | StackedRuns, data: RunData, noise: "_Noise", run: Run
) -> tuple[Tensor, Tensor | None, dict[str, Tensor]]:
    """The answers (R, N) to all pairs, the digits (R, N, 2) where the network reads them, and what both score."""
    examples, in_training_mode = data.test, run.protocol.test_in_training_mode
    count = examples.digits.shape[1]
    replicas.train(in_training_mode is not None)
    masks = noise.masks(count, test=True) if in_training_mode else {}
    size = in_training_mode or TEST_BATCH[examples.images.device.type]
    outputs = []
    for first in range(0, count, size):
        batch = slice(first, first + size)
        images, of_batch = examples.images[:, batch], _by_image({name: mask[:, batch] for name, mask in masks.items()})
        shift = run.protocol.test_shift
        views = shifted_views(images, shift, data.background) if shift else [images]
        outputs.append(_mean([replicas(view, of_batch) for view in views]))
    targets = examples.targets.bool()
    answered = torch.cat([answers(output) for output in outputs], dim=1)
    measured = {"test_accuracy": (answered == targets).float().mean(1)}
    if "digits" not in outputs[0]:
        return answered, None, measured
    predicted = torch.cat([output["digits"].argmax(-1) for output in outputs], dim=1)
    measured["digit_accuracy"] = (predicted == examples.digits).float().mean((1, 2))
    if run.network.answer != "digits":
        measured["digit_derived_accuracy"] = (digits_answer(predicted) == targets).float().mean(1)
    return answered, predicted, measured


def _mean(outputs: Sequence[Output]) -> Output:
    """The logarithms of the mean probabilities over several views of the same pairs; one view's output as it is."""
    if len(outputs) == 1:
        return outputs[0]
    found = {}
    for name in outputs[0]:
        logits = torch.stack([output[name] for output in outputs])
        if logits.shape[-1] == 1:  # of yes alone
            logits = torch.cat([torch.zeros_like(logits), logits], dim=-1)
        found[name] = logits.log_softmax(-1).logsumexp(0) - math.log(len(outputs))
    return found


class _Noise:
    """Each run's random numbers, an epoch at a time: batch order, dropout, new pairs, augmentation."""

    def __init__(self, network: nn.Module, run_seeds: list[int], device: torch.device):
        self.device = device
        self.dtype = next(network.parameters()).dtype
        self.layers = {name: layer for name, layer in network.named_modules() if isinstance(layer, Dropout)}
        self.seeds = run_seeds
        self.generators: dict[str, list[torch.Generator]] = {}

    def order(self, count: int, purpose: str = "order") -> Tensor:
        """The next epoch's order of the training pairs, or for `pairing` of their images: (R, count)."""
        return self._send(torch.stack([torch.randperm(count, generator=run) for run in self._generators(purpose)]))

    def changes(self, shape: tuple[int, ...]) -> Tensor:
        """The next augmentation's numbers from -1 to 1, (R, *shape)."""
        drawn = [torch.rand(shape, generator=run) for run in self._generators("augment")]
        return self._send(torch.stack(drawn).mul_(2).sub_(1))

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


def _by_image(masks: Masks) -> Masks:
    """Masks (R, B, images per pair, features) as the layers take them: (R, images of the batch, features)."""
    return {name: mask.flatten(1, 2) for name, mask in masks.items()}


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

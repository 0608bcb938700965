"""What the engine is measured against: what a careful reader of the reports would write in plain PyTorch.

One run after another on all cores, torch's own layers in its default memory format, an encoder that is called for one
image and then for the other, a DataLoader, torch's default optimizers, and after each epoch one evaluation of the test
set. It measures what the engine measures: losses and accuracy of the training batches, accuracy and digits of the test
pairs. The networks' widths, the recipe and the data are the study's own.
"""

import importlib
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from pipeline.engine.data import Pairs, select
from pipeline.engine.layers import Layers
from pipeline.engine.network import Output, answers
from pipeline.engine.run import Run


class TorchLayers(Layers):
    """Torch's own layers for each of the study's; an encoder that is called twice normalizes each image's batch."""

    def conv(self, in_channels: int, out_channels: int, size: int, padding: int = 0) -> nn.Module:
        return nn.Conv2d(in_channels, out_channels, size, padding=padding)

    def batch_norm(self, features: int, statistics: str = "") -> nn.Module:
        return BatchNorm(features) if self.network.batch_norm else nn.Identity()

    def dropout(self, features: int) -> nn.Module:
        return nn.Dropout(self.network.dropout)

    def flatten(self) -> nn.Module:
        return nn.Flatten()


class BatchNorm(nn.BatchNorm2d):
    """Torch's batch norm, over maps and over features."""

    def _check_input_dim(self, _: Tensor) -> None:
        """Any number of dimensions will do."""


class ComparisonNetwork(nn.Module):
    """Reads the two images of a pair, each with an encoder, and compares them, as the run's network does."""

    def __init__(self, run: Run):
        super().__init__()
        parts = importlib.import_module(f"pipeline.architectures.{run.network.architecture}")
        layers = TorchLayers(run.network)
        self.run = run
        self.comparator = parts.comparator(layers)
        self.first_encoder = parts.encoder(layers)
        self.second_encoder = self.first_encoder if run.network.encoder == "shared" else parts.encoder(layers)

    def forward(self, pairs: Tensor) -> Output:
        """Pairs (B, 2, 14, 14) to logits of the answer and of the digits."""
        first_code, first_digits = self.first_encoder(pairs[:, :1])
        second_code, second_digits = self.second_encoder(pairs[:, 1:])
        output = {"comparison": self.comparator(torch.cat([first_code, second_code], dim=1))}
        if self.run.trains_digits:
            output["digits"] = torch.stack([first_digits, second_digits], dim=1)
        return output


def train(run: Run, network: ComparisonNetwork, pairs: Pairs, device: torch.device) -> tuple[list[float], dict]:
    """Train one run of a technique with encoders and a comparator; each epoch's seconds, the last one's measures."""
    data, network = select([run], pairs), network.to(device)
    kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[run.protocol.optimizer]
    optimizer = kind(network.parameters(), lr=run.protocol.learning_rate)
    train_set, test_set = (
        TensorDataset(part.images[0], part.digits[0], part.targets[0]) for part in (data.train, data.test)
    )
    seconds = []
    for _ in range(run.protocol.epochs):
        start = time.perf_counter()
        measures = _train_epoch(network, optimizer, train_set, device) | _test(network, test_set, device)
        seconds.append(time.perf_counter() - start)
    return seconds, measures


def _train_epoch(
    network: ComparisonNetwork, optimizer: torch.optim.Optimizer, train_set: TensorDataset, device: torch.device
) -> dict[str, float]:
    protocol = network.run.protocol
    network.train()
    comparison_sum = aux_sum = loss_sum = 0.0
    correct = 0
    for images, digits, targets in DataLoader(train_set, batch_size=protocol.batch_size, shuffle=True):
        images, digits, targets = images.to(device), digits.to(device), targets.to(device)
        output = network(images)
        loss = comparison_loss = _comparison_loss(output["comparison"], targets)
        comparison_sum += comparison_loss.item() * len(targets)
        if "digits" in output:
            aux_loss = sum(F.cross_entropy(output["digits"][:, image], digits[:, image]) for image in range(2))
            loss = loss + protocol.aux_weight * aux_loss
            aux_sum += aux_loss.item() * len(targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(targets)
        correct += (answers(output) == targets.bool()).sum().item()
    sums = {"loss": loss_sum, "comparison_loss": comparison_sum, "aux_loss": aux_sum, "train_accuracy": correct}
    return {name: total / len(train_set) for name, total in sums.items()}


@torch.no_grad()
def _test(network: ComparisonNetwork, test_set: TensorDataset, device: torch.device) -> dict[str, float]:
    network.eval()
    correct = correct_digits = 0
    for images, digits, targets in DataLoader(test_set, batch_size=100):
        output = network(images.to(device))
        correct += (answers(output).cpu() == targets.bool()).sum().item()
        if "digits" in output:
            correct_digits += (output["digits"].argmax(2).cpu() == digits).sum().item()
    return {"test_accuracy": correct / len(test_set), "digit_accuracy": correct_digits / (2 * len(test_set))}


def _comparison_loss(logits: Tensor, targets: Tensor) -> Tensor:
    if logits.shape[1] == 2:
        return F.cross_entropy(logits, targets)
    return F.binary_cross_entropy_with_logits(logits[:, 0], targets.to(logits.dtype))

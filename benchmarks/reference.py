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

from pipeline.networks.layers import Conv2d, Layers
from pipeline.networks.pair_network import Output, answers
from pipeline.params import Combo
from pipeline.training.data import RunData


class ComparisonNetwork(nn.Module):
    """Reads the two images of a pair, each with an encoder, and compares them, as the technique says."""

    def __init__(self, combo: Combo):
        super().__init__()
        parts = importlib.import_module(f"pipeline.networks.architectures.{combo.architecture}")
        layers = Layers(combo.recipe)
        self.combo = combo
        if combo.switches.encoder == "two_channel":
            self.network = parts.two_channel(layers)
        else:
            self.comparator = parts.comparator(layers)
            self.first_encoder = parts.encoder(layers)
            shared = combo.switches.encoder == "shared"
            self.second_encoder = self.first_encoder if shared else parts.encoder(layers)
        for module in self.modules():
            if isinstance(module, Conv2d):
                module.__class__ = nn.Conv2d  # torch's own, without what the study made of it

    def forward(self, pairs: Tensor) -> Output:
        """Pairs (B, 2, 14, 14) to what the study's networks give: logits of the answer, of the digits, or both."""
        if self.combo.switches.encoder == "two_channel":
            return {"comparison": self.network(pairs)}
        first_code, first_digits = self.first_encoder(pairs[:, :1])
        second_code, second_digits = self.second_encoder(pairs[:, 1:])
        output = {}
        if self.combo.switches.answer == "comparator":
            output["comparison"] = self.comparator(torch.cat([first_code, second_code], dim=1))
        if self.combo.switches.answer == "digits" or self.combo.has_aux_loss:
            output["digits"] = torch.stack([first_digits, second_digits], dim=1)
        return output


def train(network: ComparisonNetwork, data: RunData, device: torch.device) -> tuple[list[float], dict[str, float]]:
    """Train one run, on the first run of `data`; the seconds that each epoch took, and the last epoch's measures."""
    recipe = network.combo.recipe
    network.to(device)
    kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[recipe.optimizer]
    optimizer = kind(network.parameters(), lr=recipe.learning_rate)
    train_set, test_set = (
        TensorDataset(part.images[0], part.digits[0], part.targets[0]) for part in (data.train, data.test)
    )
    seconds = []
    for _ in range(recipe.epochs):
        start = time.perf_counter()
        measures = _train_epoch(network, optimizer, train_set, device) | _test(network, test_set, device)
        seconds.append(time.perf_counter() - start)
    return seconds, measures


def _train_epoch(
    network: ComparisonNetwork, optimizer: torch.optim.Optimizer, train_set: TensorDataset, device: torch.device
) -> dict[str, float]:
    combo = network.combo
    network.train()
    comparison_sum = aux_sum = loss_sum = 0.0
    correct = 0
    for images, digits, targets in DataLoader(train_set, batch_size=combo.recipe.batch_size, shuffle=True):
        images, digits, targets = images.to(device), digits.to(device), targets.to(device)
        output = network(images)
        loss = 0.0
        if "comparison" in output:
            comparison_loss = _comparison_loss(output["comparison"], targets)
            loss = loss + comparison_loss
            comparison_sum += comparison_loss.item() * len(targets)
        if "digits" in output:
            aux_loss = sum(F.cross_entropy(output["digits"][:, image], digits[:, image]) for image in range(2))
            loss = loss + (combo.aux_weight if combo.has_aux_loss else 1.0) * aux_loss
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

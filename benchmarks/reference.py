"""What the engine is measured against: the loop that a careful reader of the reports would write in plain PyTorch.

One run after another on all cores, a DataLoader, torch's default memory format, its default optimizers, one evaluation
of the test set after each epoch. The network, the losses and the data are the study's own.
"""

import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from pipeline.networks.pair_network import answers, build
from pipeline.params import Combo
from pipeline.training.data import RunData


def train(combo: Combo, data: RunData, device: torch.device) -> list[float]:
    """Train one run, on the first run of `data`; the seconds that each epoch took."""
    recipe = combo.recipe
    network = build(combo).to(device)
    kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[recipe.optimizer]
    optimizer = kind(network.parameters(), lr=recipe.learning_rate)
    train_set, test_set = (
        TensorDataset(part.images[0], part.digits[0], part.targets[0]) for part in (data.train, data.test)
    )
    seconds = []
    for _ in range(recipe.epochs):
        start = time.perf_counter()
        network.train()
        for images, digits, targets in DataLoader(train_set, batch_size=recipe.batch_size, shuffle=True):
            loss = _loss(network, combo, images.to(device), digits.to(device), targets.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        _test_accuracy(network, test_set, device)
        seconds.append(time.perf_counter() - start)
    return seconds


def _loss(network: nn.Module, combo: Combo, images: Tensor, digits: Tensor, targets: Tensor) -> Tensor:
    output = network(images)
    loss = torch.zeros((), device=images.device)
    if "comparison" in output:
        logits = output["comparison"]
        if logits.shape[1] == 2:
            loss = loss + F.cross_entropy(logits, targets)
        else:
            loss = loss + F.binary_cross_entropy_with_logits(logits[:, 0], targets.float())
    if "digits" in output:
        weight = combo.aux_weight if "comparison" in output else 1.0
        for image in range(2):
            loss = loss + weight * F.cross_entropy(output["digits"][:, image], digits[:, image])
    return loss


@torch.no_grad()
def _test_accuracy(network: nn.Module, test_set: TensorDataset, device: torch.device) -> float:
    network.eval()
    correct = 0
    for images, _, targets in DataLoader(test_set, batch_size=100):
        correct += (answers(network(images.to(device))).cpu() == targets.bool()).sum().item()
    return correct / len(test_set)

"""Convolutions, the layers that a recipe switches on or off, and batch norm over a batch that holds both digits.

Shapes: B pairs a batch; N images a batch, which is 2B (the first digits, then the second digits) where one encoder
reads both images of a pair, else B.
"""

from functools import lru_cache
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.run import Network


class Layers:
    """Makes an architecture's batch norm and dropout layers as its description says."""

    def __init__(self, network: Network, digits: int = 1):
        """`digits`: how many of a pair's two images pass through these layers, folded into one batch (1 or 2)."""
        self.network = network
        self.digits = digits

    def batch_norm(self, features: int, digits: Literal["together", "in_turn", "apart"] = "together") -> nn.Module:
        """Batch norm over (N, features) or (N, features, H, W); the identity if the recipe has none.

        What it does with a shared encoder's two digits differs between the reports: `together` normalizes both as
        one batch (report 2), `in_turn` calls one layer for each, as code does that calls its encoder twice (reports 3
        and 4), and `apart` gives each digit a layer of its own (report 1).
        """
        if not self.network.batch_norm:
            return nn.Identity()
        if digits == "together" or self.digits == 1:
            return BatchNorm(features)
        return BatchNormInTurn(features) if digits == "in_turn" else BatchNormApart(features)

    def dropout(self, features: int) -> nn.Module:
        """Dropout over (N, features); the identity if its probability is 0."""
        return Dropout(self.network.dropout, features, self.digits) if self.network.dropout > 0 else nn.Identity()


class Conv2d(nn.Conv2d):
    """torch's convolution (square kernel, stride 1), as a matrix product where that is the faster way to the same sums.

    It is where the kernel covers the whole image (4 to 10 times as fast on a CPU), and where images have one or two
    channels, so that gathering each patch into a row costs little (twice as fast); see benchmarks/README.md.
    """

    GATHERED_CHANNELS = 2  # up to so many

    def forward(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, H', W'), in channels_last memory."""
        size = self.kernel_size[0]
        if images.shape[2:] == self.kernel_size and self.padding == (0, 0):
            # Channels last in both, so that neither is copied if it lies so in memory.
            rows, weight = (tensor.permute(0, 2, 3, 1).flatten(1) for tensor in (images, self.weight))
            return F.linear(rows, weight, self.bias)[:, :, None, None]
        if self.in_channels <= self.GATHERED_CHANNELS:
            images = F.pad(images, [self.padding[0]] * 4)
            height, width = (side - size + 1 for side in images.shape[2:])
            patches = images.flatten(1).index_select(1, _patches(*images.shape[1:], size, images.device))
            patches = patches.view(-1, height, width, self.in_channels * size * size)
            return F.linear(patches, self.weight.flatten(1), self.bias).permute(0, 3, 1, 2)
        return super().forward(images)


@lru_cache
def _patches(channels: int, height: int, width: int, size: int, device: torch.device) -> Tensor:
    """Where in a flat image (channels, height, width) each patch of size x size finds its pixels, patch after patch."""
    with torch.inference_mode(False):  # also used in training, whoever asks first
        pixels = torch.arange(channels * height * width, device=device).view(channels, height, width)
        patches = pixels.unfold(1, size, 1).unfold(2, size, 1)  # (channels, H', W', size, size)
        return patches.permute(1, 2, 0, 3, 4).flatten()


class BatchNorm(nn.Module):
    """Batch norm over (N, C) or (N, C, H, W), as torch's: momentum 0.1, learned scale and shift."""

    def __init__(self, features: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))

    def forward(self, images: Tensor) -> Tensor:
        return F.batch_norm(images, self.running_mean, self.running_var, self.weight, self.bias, training=self.training)


class BatchNormInTurn(BatchNorm):
    """One layer for both digits, each half of the batch normalized by its own statistics, as in two calls."""

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return super().forward(images)
        normalize = super().forward
        return torch.cat([normalize(half) for half in images.chunk(2)])


class BatchNormApart(nn.Module):
    """Two layers, the first for the first digits (first half of the batch), the second for the second digits."""

    def __init__(self, features: int):
        super().__init__()
        self.layers = nn.ModuleList([BatchNorm(features), BatchNorm(features)])

    def forward(self, images: Tensor) -> Tensor:
        return torch.cat([layer(half) for layer, half in zip(self.layers, images.chunk(2), strict=True)])


class Dropout(nn.Module):
    """Dropout over (N, features), with a mask from outside where there is one.

    The training engine sets `mask` (N, features; 0 or 1 / (1 - probability)) before each step, drawn from the run's
    own generator: a run then drops the same units alone, stacked with other runs, and on any device. Without a mask
    this is torch's own dropout.
    """

    mask: Tensor | None

    def __init__(self, probability: float, features: int, images: int = 1):
        """`images`: how many of a pair's two images pass through as one batch."""
        super().__init__()
        self.probability, self.features, self.images = probability, features, images
        self.register_buffer("mask", None, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        if not self.training:
            return features
        if self.mask is None:
            return F.dropout(features, self.probability)
        return features * self.mask

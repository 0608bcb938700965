"""Layers that can be switched on or off, and batch norm over a batch that holds both digits.

Shapes: B pairs a batch; N images a batch, which is 2B (the first digits, then the second digits) where one encoder
reads both images of a pair, else B.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.engine.convolution import Conv2d
from pipeline.engine.run import Network


class Layers:
    """Makes an architecture's layers as its network's description says."""

    def __init__(self, network: Network, images: int = 1):
        """`images`: how many of a pair's two images pass through these layers, folded into one batch (1 or 2)."""
        self.network = network
        self.images = images

    def conv(self, in_channels: int, out_channels: int, size: int, padding: int = 0) -> nn.Module:
        """A convolution with a kernel of size x size and stride 1."""
        return Conv2d(in_channels, out_channels, size, padding=padding)

    def flatten(self) -> nn.Module:
        """(N, C, H, W) -> (N, C H W)."""
        return Flatten()

    def batch_norm(self, features: int, statistics: Literal["together", "in_turn", "apart"] = "together") -> nn.Module:
        """Batch norm over (N, features) or (N, features, H, W); the identity if the network has none.

        What it does with a shared encoder's two digits differs between the reports: `together` normalizes both as
        one batch (report 2), `in_turn` calls one layer for each, as code does that calls its encoder twice (reports 3
        and 4), and `apart` gives each digit a layer of its own (report 1).
        """
        if not self.network.batch_norm:
            return nn.Identity()
        if statistics == "together" or self.images == 1:
            return BatchNorm(features)
        return BatchNormInTurn(features) if statistics == "in_turn" else BatchNormApart(features)

    def dropout(self, features: int) -> nn.Module:
        """Dropout over (N, features) with the network's probability; the identity if that is 0."""
        probability = self.network.dropout
        return Dropout(probability, features, self.images) if probability > 0 else nn.Identity()


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


class Flatten(nn.Flatten):
    """torch's, but its gradient lies in channels_last memory: pooling copies its whole input and output for another."""

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C H W)."""
        return super().forward(_ChannelsLastGradient.apply(images))


class _ChannelsLastGradient(torch.autograd.Function):
    """The identity; its gradient lies in channels_last memory."""

    generate_vmap_rule = True

    @staticmethod
    def forward(images: Tensor) -> Tensor:
        return images.view_as(images)

    @staticmethod
    def setup_context(ctx, inputs: tuple[Tensor], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return gradient.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)


class Dropout(nn.Module):
    """Dropout over (N, features), with a mask from outside where there is one.

    The training engine sets `mask` (N, features; 0 or 1 / (1 - probability)) before each step, drawn from the run's
    own generator: a run then drops the same units alone, stacked with other runs, and on any device. Without a mask
    this is torch's own dropout.
    """

    mask: Tensor | None

    def __init__(self, probability: float, features: int, images: int = 1):
        """`images`: how many images of a pair pass through this layer, folded into one batch (1 or 2)."""
        super().__init__()
        self.probability = probability
        self.features = features
        self.images = images
        self.register_buffer("mask", None, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        if not self.training:
            return features
        if self.mask is None:
            return F.dropout(features, self.probability)
        return features * self.mask

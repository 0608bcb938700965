"""The convolution of every architecture: torch's sums, in the fastest of four ways.

Shapes: N images a batch.
"""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Conv2d(nn.Conv2d):
    """torch's convolution (square kernel, stride 1, zero padding), in the fastest of four ways to the same sums.

    - A matrix product where the kernel covers the whole image: 4 to 10 times as fast on a CPU.
    - A matrix product of gathered patches where images have one or two channels, so that gathering them costs little.
    - Winograd's minimal filtering where the output is one small tile: up to twice as fast, see `_winograd_transforms`.
    - Torch's own convolution else.

    Measured in benchmarks/README.md. Raises ValueError for what the first three could only ignore.
    """

    GATHERED_CHANNELS = 2  # up to so many
    WINOGRAD_CHANNELS = 32  # from so many, in and out
    WINOGRAD_TILES = (4, 5)  # outputs of 4x4 and 5x5; of a larger one the rounding grows, of several the time

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, *, padding: int = 0, **others):
        if others:
            raise ValueError(f"Conv2d takes a kernel size and padding alone, not {', '.join(others)}")
        if not isinstance(kernel_size, int) or not isinstance(padding, int):
            raise ValueError("Conv2d takes a square kernel and the same padding on all sides, one number each")
        super().__init__(in_channels, out_channels, kernel_size, padding=padding)

    def forward(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, H', W'), in channels_last memory."""
        (size, _), (padding, _) = self.kernel_size, self.padding
        height, width = (side + 2 * padding - size + 1 for side in images.shape[2:])  # of the output
        if height == width == 1 and padding == 0:
            return self._covering(images)
        if self.in_channels <= self.GATHERED_CHANNELS:
            return self._gathered(F.pad(images, [padding] * 4), height, width)
        one_tile = height == width and height in self.WINOGRAD_TILES and size == 3
        if one_tile and min(self.weight.shape[:2]) >= self.WINOGRAD_CHANNELS and _precise(images):
            return self._winograd(F.pad(images, [padding] * 4) if padding else images, height)
        return super().forward(images)

    def _covering(self, images: Tensor) -> Tensor:
        # Channels last in both, so that neither is copied if it lies so in memory.
        rows, weight = (tensor.permute(0, 2, 3, 1).flatten(1) for tensor in (images, self.weight))
        return F.linear(rows, weight, self.bias)[:, :, None, None]

    def _gathered(self, images: Tensor, height: int, width: int) -> Tensor:
        channels, size = self.in_channels, self.kernel_size[0]
        patches = images.flatten(1).index_select(1, _patches(*images.shape[1:], size, images.device))
        patches = patches.view(-1, channels * size * size)  # (N H' W', in_channels x size x size)
        weight = self.weight.flatten(1).t()
        if _precise(images):  # a gradient is made in the layout that is multiplied: in this one 3 to 8 times as fast
            weight = weight.contiguous()
        return torch.addmm(self.bias, patches, weight).view(-1, height, width, self.out_channels).permute(0, 3, 1, 2)

    def _winograd(self, images: Tensor, tile: int) -> Tensor:
        """(N, C, tile + 2, tile + 2) -> (N, K, tile, tile): per point of the tile, one product over channels."""
        of_images, of_weight, of_products = _winograd_transforms(tile, images.dtype, images.device)
        read = of_images @ images.permute(0, 2, 3, 1).flatten(1, 2)  # (N, n^2, C)
        weight = of_weight @ self.weight.permute(2, 3, 1, 0).reshape(9, -1)  # (n^2, C K)
        products = torch.bmm(read.transpose(0, 1), weight.unflatten(1, (-1, self.out_channels)))  # (n^2, N, K)
        output = of_products @ products.transpose(0, 1) + self.bias  # (N, tile^2, K)
        return output.unflatten(1, (tile, tile)).permute(0, 3, 1, 2)


def _precise(images: Tensor) -> bool:
    """Whether sums are made in float32 at least, on a CPU; half of the digits are too few for Winograd's transforms."""
    autocast = torch.is_autocast_enabled(images.device.type)
    return images.device.type == "cpu" and not autocast and images.dtype in (torch.float32, torch.float64)


@lru_cache
def _patches(channels: int, height: int, width: int, size: int, device: torch.device) -> Tensor:
    """Where in a flat image (channels, height, width) each patch of size x size finds its pixels, patch after patch."""
    with torch.inference_mode(False):  # also used in training, whoever asks first
        pixels = torch.arange(channels * height * width, device=device).view(channels, height, width)
        patches = pixels.unfold(1, size, 1).unfold(2, size, 1)  # (channels, H', W', size, size)
        return patches.permute(1, 2, 0, 3, 4).flatten()


@lru_cache
def _winograd_transforms(tile: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """What turns images, 3x3 weights and their products into a tile of outputs: (n^2, n^2), (n^2, 9), (tile^2, n^2).

    Both are taken for polynomials and evaluated at n = tile + 2 points; a product of values is a value of the product,
    and those of all points make its coefficients: n^2 products instead of 9 tile^2. That is Toom and Cook's way to
    multiply, transposed by Winograd to filter (1980); Lavin and Gray's "Fast Algorithms for Convolutional Neural
    Networks" (2016) has the B^T, G and A^T that are found here, and then applied to rows and columns at once.
    """
    points = np.array([0, 1, -1, 2, -2, 0.5])[: tile + 1]  # and infinity, where a value is the leading coefficient
    others = [np.delete(points, index) for index in range(len(points))]
    images = np.zeros((tile + 2, tile + 2))  # B^T, in its rows the polynomials that vanish at all points but one
    images[:-1, :-1] = [np.poly(roots)[::-1] for roots in others]
    images[-1] = np.poly(points)[::-1]
    weight = np.zeros((tile + 2, 3))  # G
    weight[:-1] = [point ** np.arange(3) / np.prod(point - rest) for point, rest in zip(points, others, strict=True)]
    weight[-1, -1] = 1
    products = np.zeros((tile, tile + 2))  # A^T
    products[:, :-1] = points ** np.arange(tile)[:, None]
    products[-1, -1] = 1
    scale = np.abs(images).max(1, keepdims=True)  # numbers of like size lose the least by rounding
    images, weight = images / scale, weight * scale
    with torch.inference_mode(False):  # also used in training, whoever asks first
        return tuple(torch.tensor(np.kron(one, one), dtype=dtype, device=device) for one in (images, weight, products))

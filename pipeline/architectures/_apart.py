"""For variants whose separate encoders share a part: what they do not share, in one encoder of a folded batch."""

import torch
from torch import Tensor, nn


class Apart(nn.Module):
    """A part for each digit: one for the first digits (first half of the batch), one for the second digits."""

    def __init__(self, first: nn.Module, second: nn.Module):
        super().__init__()
        self.parts = nn.ModuleList([first, second])

    def forward(self, images: Tensor) -> Tensor:
        return torch.cat([part(half) for part, half in zip(self.parts, images.chunk(2), strict=True)])

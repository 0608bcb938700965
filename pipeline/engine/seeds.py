"""Random numbers: each run draws its pairs, its initial weights and its training noise from its own seed alone.

All three come from CPU generators, so that a run draws the same numbers on every device, beside however many others.
"""

import hashlib

import torch


def pairs_generator(seed: int) -> torch.Generator:
    """The generator of run `seed`'s pairs; run 0 draws as the course's data code does, which seeds torch with 0."""
    return torch.Generator().manual_seed(seed)


def weights_seed(seed: int) -> int:
    """The seed of run `seed`'s initial weights."""
    return _derived(seed, "weights")


def training_generator(seed: int, purpose: str) -> torch.Generator:
    """The generator of run `seed`'s noise for one purpose: "order" of the batches, "pairing", "augment", or a
    dropout layer's name."""
    return torch.Generator().manual_seed(_derived(seed, purpose))


def _derived(seed: int, purpose: str) -> int:
    """A seed that differs between runs and purposes, and does not share low bits with its neighbours'."""
    return int.from_bytes(hashlib.sha256(f"{purpose}/{seed}".encode()).digest()[:8], "big") >> 1

"""Made-up pairs and networks, for the tests of what trains."""

import torch

from pipeline.params import Combo
from pipeline.training.data import Pairs, RunData
from pipeline.training.runs import fresh_network


def pairs(runs: int, count: int, seed: int = 0) -> Pairs:
    """Noise with random digits; run k's do not depend on how many runs there are."""
    generators = [torch.Generator().manual_seed(1_000 * seed + run) for run in range(runs)]
    return Pairs(
        images=torch.stack([torch.rand(count, 2, 14, 14, generator=generator) for generator in generators]),
        digits=torch.stack([torch.randint(0, 10, (count, 2), generator=generator) for generator in generators]),
    )


def run_data(runs: int, train: int = 24, test: int = 20) -> RunData:
    """Training and test pairs, in double precision so that nothing but arithmetic order separates two ways."""
    parts = [pairs(runs, count, seed) for seed, count in enumerate((train, test))]
    train_pairs, test_pairs = (Pairs(part.images.double(), part.digits) for part in parts)
    return RunData(train_pairs, test_pairs, [0.0] * runs, [1.0] * runs, "made up")


def one_run(data: RunData, run: int) -> RunData:
    """The data of that run alone."""
    train, test = (Pairs(part.images[run : run + 1], part.digits[run : run + 1]) for part in (data.train, data.test))
    return RunData(train, test, [0.0], [1.0], data.data_set)


def shortened(combo: Combo, **recipe) -> Combo:
    """The combo with a recipe for a few quick steps."""
    short = {"epochs": 2, "batch_size": 8} | recipe
    return combo.model_copy(update={"recipe": combo.recipe.model_copy(update=short)})


def networks(combo: Combo, seeds: list[int]) -> list[torch.nn.Module]:
    """Fresh networks of these runs, in double precision."""
    return [fresh_network(combo, seed).double() for seed in seeds]

"""One run or many behind one face: the loop trains R runs and does not see how.

`OneRun` is the plain module, for a CPU core. `StackedRuns` holds the weights of all runs in one tensor each and maps
the plain module over them with torch.func.vmap, so that a GPU does the step of all runs at once. In both, every
tensor has a leading dimension of R runs, and nothing mixes the runs.
"""

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

from pipeline.engine.layers import Dropout
from pipeline.engine.network import Output

Masks = dict[str, Tensor]  # a dropout layer's name -> (R, N, features), N images or pairs of the batch


class OneRun:
    """A single network; R = 1."""

    def __init__(self, network: nn.Module):
        self.network = network
        self.dropouts = {name: module for name, module in network.named_modules() if isinstance(module, Dropout)}

    def parameters(self) -> Iterable[Tensor]:
        return self.network.parameters()

    def train(self, training: bool) -> None:
        self.network.train(training)

    def __call__(self, pairs: Tensor, masks: Masks | None = None) -> Output:
        """Pairs (1, B, 2, 14, 14) to the network's output, with a leading 1 too."""
        for name, mask in (masks or {}).items():
            self.dropouts[name].mask = mask[0]
        return {name: tensor.unsqueeze(0) for name, tensor in self.network(pairs[0]).items()}

    def finite(self) -> Tensor:
        """Whether no weight is infinite or no number, (1,)."""
        return torch.stack([weights.detach().isfinite().all() for weights in self.parameters()]).all().view(1)

    def write_back(self) -> None:
        """Nothing to do: the network itself was trained. Its masks are dropped."""
        for module in self.dropouts.values():
            module.mask = None


class StackedRuns:
    """R networks of one combo as one network with R sets of weights."""

    def __init__(self, networks: list[nn.Module]):
        self.networks = networks
        self.weights, self.buffers = stack_module_state(networks)  # every tensor: (R, its shape)
        self.network = copy.deepcopy(networks[0]).to("meta")  # its structure; the weights come with each call

    def parameters(self) -> Iterable[Tensor]:
        return self.weights.values()

    def train(self, training: bool) -> None:
        self.network.train(training)

    def __call__(self, pairs: Tensor, masks: Masks | None = None) -> Output:
        """Pairs (R, B, 2, 14, 14) to the networks' output, R first. Batch norm updates the stacked buffers in place."""
        buffers = self.buffers | {f"{name}.mask": mask for name, mask in (masks or {}).items()}
        return torch.vmap(self._one)(self.weights, buffers, pairs)

    def _one(self, weights: dict, buffers: dict, pairs: Tensor) -> Output:
        return functional_call(self.network, (weights, buffers), (pairs,))

    def finite(self) -> Tensor:
        """Whether no weight of each run is infinite or no number, (R,)."""
        return torch.stack([weights.detach().isfinite().flatten(1).all(1) for weights in self.parameters()]).all(0)

    @torch.no_grad()
    def write_back(self) -> None:
        """Copy each run's weights and buffers back into its own network."""
        for run, network in enumerate(self.networks):
            for name, tensor in (*network.named_parameters(), *network.named_buffers()):
                tensor.copy_((self.weights.get(name, self.buffers.get(name)))[run])


def replicate(networks: list[nn.Module]) -> OneRun | StackedRuns:
    """The networks of one combo's runs, to be trained together."""
    return OneRun(networks[0]) if len(networks) == 1 else StackedRuns(networks)

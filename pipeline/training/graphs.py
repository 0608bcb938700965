"""A training step recorded as a CUDA graph: its hundreds of kernels are then started at once, without Python."""

from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP = 3  # calls before recording, in which libraries and the optimizer make ready what they need
Step = Callable[..., dict[str, Tensor]]  # takes tensors, changes weights in place, returns what it measured


class Recorded:
    """Calls a step a few times, then records it, then replays the recording: one for each shape of its arguments.

    A recording reads and writes fixed memory, so arguments are copied in and results copied out. On the CPU, which
    has no graphs, a replay calls the step: the same way through, so that it can be tested there.
    """

    def __init__(self, step: Step):
        self.step = step
        self.calls: Counter = Counter()
        self.recordings: dict[tuple, tuple[list[Tensor], Callable[[], None], dict[str, Tensor]]] = {}

    def __call__(self, *arguments: Tensor) -> dict[str, Tensor]:
        shapes = tuple(argument.shape for argument in arguments)
        self.calls[shapes] += 1
        if self.calls[shapes] <= WARM_UP:
            return self._warm_up(arguments)
        if shapes not in self.recordings:
            fixed = [argument.clone() for argument in arguments]
            self.recordings[shapes] = (fixed, *_record(self.step, fixed))
        fixed, replay, results = self.recordings[shapes]
        for memory, argument in zip(fixed, arguments, strict=True):
            memory.copy_(argument)
        replay()
        return {name: result.clone() for name, result in results.items()}

    def _warm_up(self, arguments: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """The step itself; on CUDA beside the main stream, as torch asks of what will be recorded."""
        if not arguments[0].is_cuda:
            return self.step(*arguments)
        main, beside = torch.cuda.current_stream(), torch.cuda.Stream()
        beside.wait_stream(main)
        with torch.cuda.stream(beside):
            results = self.step(*arguments)
        main.wait_stream(beside)
        return results


def _record(step: Step, arguments: list[Tensor]) -> tuple[Callable[[], None], dict[str, Tensor]]:
    """What replays the step on these tensors, and the results that it then fills; recording itself runs nothing."""
    if arguments[0].is_cuda:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            results = step(*arguments)
        return graph.replay, results
    results = {}
    return lambda: results.update(step(*arguments)), results

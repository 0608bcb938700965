"""The weights of a run on disk: a safetensors file whose metadata says which run they are of and how it saw pixels."""

from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from pipeline.networks.pair_network import Output, build
from pipeline.run import Run
from pipeline.script import StudyError


class Origin(BaseModel):
    """Which run some weights are of, and the scale of the pixels that it was trained on."""

    run: Run
    pixel_mean: float  # subtracted from pixels from 0 to 255
    pixel_std: float  # by which they were then divided


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained network, in evaluation mode on the CPU."""

    network: nn.Module
    origin: Origin

    @torch.inference_mode()
    def __call__(self, pairs: Tensor) -> Output:
        """The network's output for pairs (B, 2, 14, 14) of pixels from 0 to 255."""
        return self.network((pairs - self.origin.pixel_mean) / self.origin.pixel_std)


def to_bytes(state: dict[str, Tensor], origin: Origin) -> bytes:
    """A run's weights as the content of their file; the same weights are the same bytes."""
    contiguous = {name: tensor.contiguous() for name, tensor in state.items()}
    # One entry of metadata: safetensors writes several in random order.
    return save(contiguous, metadata={"origin": origin.model_dump_json()})


def load(path: Path) -> TrainedNetwork:
    """Read a run's network; StudyError if the file is missing, is none, or is of another version of the network."""
    try:
        with safe_open(path, "pt") as file:
            origin = Origin.model_validate_json(file.metadata()["origin"])
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; `dvc repro` trains it, `dvc checkout` restores it from the cache") from None
    except (OSError, SafetensorError, ValidationError, KeyError, TypeError):
        raise StudyError(
            f"{path}: not the weights of a run; if it is one of models/, `dvc checkout` or `dvc repro` restores it"
        ) from None
    try:
        network = build(origin.run)
        network.load_state_dict(state)
    except (ModuleNotFoundError, RuntimeError):
        raise StudyError(
            f"{path}: of another version of {origin.run.network.architecture}'s network; `dvc repro` trains it again"
        ) from None
    return TrainedNetwork(network.eval(), origin)

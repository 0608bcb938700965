"""The weights of a run on disk: a safetensors file whose metadata says which run they are of and how it saw pixels."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from pipeline.cli import StudyError
from pipeline.engine.network import Output, build
from pipeline.engine.run import Run


class Origin(BaseModel):
    """Which run some weights are of, and the scale of the pixels that it was trained on."""

    model_config = ConfigDict(allow_inf_nan=False)

    run: Run
    pixel_mean: float  # subtracted from pixels from 0 to 255
    pixel_std: float = Field(gt=0)  # by which they were then divided


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


def digest(content: bytes) -> str:
    """Of the content of a file of weights, as results have it."""
    return hashlib.sha256(content).hexdigest()


def load(path: Path) -> TrainedNetwork:
    """Read a run's network.

    Raises StudyError if the file is missing, holds no weights of a run or none that are finite, or is of another
    version of the network.
    """
    try:
        if path.exists() and not path.is_file():  # a named pipe would be waited for
            raise OSError
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
        for name, own in network.state_dict().items():
            if not torch.can_cast(state[name].dtype, own.dtype):
                raise RuntimeError(f"{name}: {state[name].dtype}")
        network.load_state_dict(state)
    except (ModuleNotFoundError, RuntimeError, KeyError):
        raise StudyError(
            f"{path}: of another version of {origin.run.network.architecture}'s network; `dvc repro` trains it again"
        ) from None
    if not all(tensor.isfinite().all() for tensor in state.values()):
        raise StudyError(f"{path}: weights that are no finite numbers: its run diverged, or the file is damaged")
    return TrainedNetwork(network.eval(), origin)

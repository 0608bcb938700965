"""The weights of a run on disk: a safetensors file whose metadata says which network they are and how it saw pixels."""

from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from pipeline.networks.pair_network import Output, build
from pipeline.params import Combo
from pipeline.script import StudyError


class Origin(BaseModel):
    """Which run some weights are from, and the scale of the pixels that it was trained on."""

    combo: Combo
    seed: int
    data_set: str
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


def save(path: Path, network: nn.Module, origin: Origin) -> None:
    """Write a run's weights; StudyError if the disk does not take them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    try:  # one entry of metadata: safetensors writes several in random order
        save_file(state, path, metadata={"origin": origin.model_dump_json()})
    except SafetensorError as error:
        raise StudyError(f"{path}: cannot be written ({error}); free some space and run it again") from None


def load(path: Path) -> TrainedNetwork:
    """Read a run's network; StudyError if the file is missing, damaged or of another version of the network."""
    try:
        with safe_open(path, "pt") as file:
            origin = Origin.model_validate_json(file.metadata()["origin"])
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; `dvc repro` trains it, `dvc checkout` restores it from the cache") from None
    except (SafetensorError, ValidationError, KeyError, TypeError):
        raise StudyError(f"{path}: not the weights of a run; delete it, and `dvc repro` trains it again") from None
    network = build(origin.combo)
    try:
        network.load_state_dict(state)
    except RuntimeError:
        raise StudyError(
            f"{path}: of another version of {origin.combo.architecture}'s network; `dvc repro` trains it again"
        ) from None
    return TrainedNetwork(network.eval(), origin)

"""A small study in an empty folder: params.yaml and pairs, as `pair` writes them."""

import pytest
import torch
import yaml
from safetensors.torch import save_file

from pipeline import params, paths
from tests.synthetic import make_params


@pytest.fixture
def small_study(workspace) -> params.Params:
    """Two runs of two epochs of three architectures, on noise."""
    study = make_params(["deep_fc", "basenet", "convnet"], runs=2, epochs=2)
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for part, images, pairs in (("train", 200, 60), ("test", 120, 40)):
        tensors[f"{part}_images"] = torch.rand(images, 14, 14, generator=generator).mul(1020).round().div(4).half()
        tensors[f"{part}_labels"] = torch.randint(0, 10, (images,), generator=generator).byte()
        drawn = [torch.randperm(images, generator=generator)[: 2 * pairs].view(pairs, 2) for _ in range(study.runs)]
        tensors[f"{part}_pairs"] = torch.stack(drawn).int()
    paths.PAIRS.parent.mkdir(parents=True)
    save_file(tensors, paths.PAIRS, metadata={"data_set": "noise"})
    paths.PARAMS.write_text(yaml.safe_dump(study.model_dump(), sort_keys=False), encoding="utf-8")
    return study

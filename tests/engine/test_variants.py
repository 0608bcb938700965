"""Networks that a report has in one technique alone, against plain torch written from the reports' tables.

The plain ones list their layers in the order of the variant's weights, so that these can be copied over one by one.
"""

import pytest
import torch
from torch import Tensor, nn

from pipeline.backends import weights
from pipeline.engine.layers import Dropout
from pipeline.engine.loop import train
from pipeline.engine.network import build
from tests.made_up import changed, pairs, short_run

CPU = torch.device("cpu")
PAIRS = pairs()
# The base and the technique that the variant is of, what its report has otherwise than the study, its parameters.
VARIANTS = {
    "basenet_shared_layer": ("basenet", "aux_loss", {"dropout": 0.0}, 99_278),
    "wide_convnet_one_digit_head": ("wide_convnet", "aux_loss", {"dropout": 0.25}, 1_852_235),
    "resnet_block_bare": ("resnet_block", "two_channel", {"batch_norm": True}, 65_666),
    "mlpnet_sigmoid_code": ("mlpnet", "weight_sharing", {}, 103_103),
    "lenet5_features": ("lenet5", "weight_sharing", {}, 41_113),
}
EVERY_VARIANT = pytest.mark.parametrize("variant", VARIANTS)
TIED = pytest.mark.parametrize("variant", ["basenet_shared_layer", "wide_convnet_one_digit_head"])


def run_of(variant: str, seed: int = 0, **changes):
    base, technique, published, _ = VARIANTS[variant]
    return changed(short_run(base, technique, seed), architecture=variant, **(published | changes))


def digit_images(count: int = 6) -> Tensor:
    """The second digits are brighter than the first, so that their statistics differ."""
    images = torch.rand(count, 2, 14, 14, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    return images * torch.tensor([1.0, 3.0])[:, None, None]


def masks_for(network: nn.Module, count: int = 6) -> list[Tensor]:
    """A mask for each dropout layer, in their order, which is set to drop by it."""
    generator = torch.Generator().manual_seed(1)
    layers = [layer for layer in network.modules() if isinstance(layer, Dropout)]
    for layer in layers:
        kept = torch.rand(count * layer.images, layer.features, generator=generator) > layer.probability
        layer.mask = kept.double() / (1 - layer.probability)
    return [layer.mask for layer in layers]


class Plain(nn.Module):
    """`parts`: the layers, in the order of the variant's weights."""

    def __init__(self, masks: list[Tensor]):
        super().__init__()
        self.parts = nn.ModuleList(self.layers())
        self.masks = masks

    def drop(self, features: Tensor, mask: int) -> Tensor:
        return features * self.masks[mask] if self.training else features


class PlainBaseNetSharedLayer(Plain):
    def layers(self):
        def convolutions():
            return [nn.Conv2d(1, 32, 3), nn.BatchNorm2d(32), nn.Conv2d(32, 64, 3), nn.BatchNorm2d(64)]

        yield from (*convolutions(), *convolutions())
        yield nn.Linear(256, 200)  # both digits'
        yield from (nn.BatchNorm1d(200), nn.BatchNorm1d(200))
        yield from (nn.Linear(200, 10), nn.Linear(200, 10))
        yield from (nn.BatchNorm1d(10), nn.BatchNorm1d(10))
        yield from (nn.Linear(20, 200), nn.BatchNorm1d(200), nn.Linear(200, 2))

    def forward(self, images):
        parts, digits, codes = self.parts, [], []
        for digit in range(2):
            conv1, norm1, conv2, norm2 = parts[4 * digit : 4 * digit + 4]
            x = norm1(torch.max_pool2d(conv1(images[:, digit : digit + 1]), 2)).relu()
            x = norm2(torch.max_pool2d(conv2(x), 2)).relu()
            x = parts[9 + digit](parts[8](x.flatten(1))).relu()
            digits.append(parts[11 + digit](x))
            codes.append(parts[13 + digit](digits[-1]).relu())
        answer = parts[17](parts[16](parts[15](torch.cat(codes, 1))).relu())
        return {"comparison": answer, "digits": torch.stack(digits, 1)}


class PlainWideConvNetOneDigitHead(Plain):
    def layers(self):
        for _ in range(2):
            yield from (nn.Conv2d(1, 128, 3), nn.BatchNorm2d(128))
            yield from (nn.Conv2d(128, 256, 3), nn.BatchNorm2d(256))
            yield from (nn.Conv2d(256, 256, 3), nn.BatchNorm2d(256))
        yield from (nn.Linear(256, 256), nn.Linear(256, 10))  # both digits'
        yield from (nn.Linear(256, 16), nn.Linear(256, 16))
        yield nn.Linear(32, 1)

    def forward(self, images):
        parts, digits, codes = self.parts, [], []
        for digit in range(2):
            x = images[:, digit : digit + 1]
            for layer in range(6 * digit, 6 * digit + 6, 2):
                x = nn.functional.max_pool2d(parts[layer + 1](parts[layer](x).relu()), 2, padding=1)
            x = self.drop(x.flatten(1), digit)
            digits.append(parts[13](parts[12](x).relu()))
            codes.append(parts[14 + digit](x).relu())
        return {"comparison": parts[16](torch.cat(codes, 1)), "digits": torch.stack(digits, 1)}


class PlainResnetBlockBare(Plain):
    def layers(self):
        yield from (nn.Conv2d(2, 16, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1))
        yield from (nn.Conv2d(2, 16, 1), nn.BatchNorm2d(16))
        yield from (nn.Linear(784, 80), nn.Linear(80, 2))

    def forward(self, images):
        conv1, conv2, shortcut, norm, hidden, answer = self.parts
        x = (conv2(conv1(images).relu()) + norm(shortcut(images))).relu()
        return {"comparison": answer(hidden(torch.max_pool2d(x, 2).flatten(1)).relu())}


class PlainMLPNetSigmoidCode(Plain):
    def layers(self):
        yield from (nn.Linear(196, 200), nn.BatchNorm1d(200), nn.Linear(200, 84), nn.BatchNorm1d(84), nn.Linear(84, 10))
        yield from (nn.Linear(20, 200), nn.BatchNorm1d(200), nn.Linear(200, 200), nn.BatchNorm1d(200))
        yield nn.Linear(200, 1)

    def forward(self, images):
        fc1, norm1, fc2, norm2, fc3, *head = self.parts
        codes = [fc3(norm2(fc2(norm1(fc1(images[:, k].flatten(1)).relu())).relu())).sigmoid() for k in range(2)]
        x = head[1](head[0](torch.cat(codes, 1)).relu())
        return {"comparison": head[4](head[3](head[2](x).relu()))}


class PlainLeNet5Features(Plain):
    def layers(self):
        yield from (nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.Conv2d(16, 32, 3), nn.BatchNorm2d(32))
        yield from (nn.Conv2d(32, 120, 2), nn.BatchNorm2d(120))
        yield from (nn.Linear(240, 84), nn.BatchNorm1d(84), nn.Linear(84, 1))

    def forward(self, images):
        conv1, norm1, conv2, norm2, conv3, norm3, hidden, norm, answer = self.parts
        features = []
        for digit in range(2):
            x = torch.max_pool2d(norm1(conv1(images[:, digit : digit + 1]).relu()), 2)
            x = torch.max_pool2d(norm2(conv2(x).relu()), 2)
            features.append(norm3(conv3(x).relu()).flatten(1))
        return {"comparison": answer(norm(hidden(torch.cat(features, 1)).relu()))}


PLAIN = {
    "basenet_shared_layer": PlainBaseNetSharedLayer,
    "wide_convnet_one_digit_head": PlainWideConvNetOneDigitHead,
    "resnet_block_bare": PlainResnetBlockBare,
    "mlpnet_sigmoid_code": PlainMLPNetSigmoidCode,
    "lenet5_features": PlainLeNet5Features,
}


@torch.no_grad()
def scattered(network: nn.Module) -> nn.Module:
    """With random weights everywhere: batch norm starts with scales of 1 and shifts of 0, whichever digit's it is."""
    generator = torch.Generator().manual_seed(2)
    for weight in network.parameters():
        weight.add_(torch.rand(weight.shape, generator=generator).sub_(0.5), alpha=0.5)
    return network


@EVERY_VARIANT
def test_variant_is_what_plain_torch_makes_of_the_reports_tables(variant):
    """Same outputs and gradients in training, where batch norm takes each digit by itself; then the same in testing."""
    network = scattered(build(run_of(variant)).double())
    plain = PLAIN[variant](masks_for(network)).double()
    assert bool(plain.masks) == (variant == "wide_convnet_one_digit_head")
    with torch.no_grad():
        for ours, own in zip(network.parameters(), plain.parameters(), strict=True):
            assert ours.shape == own.shape
            own.copy_(ours)
    outputs = [each(digit_images()) for each in (network, plain)]
    torch.testing.assert_close(*outputs)
    for output in outputs:
        sum(tensor.sin().sum() for tensor in output.values()).backward()
    gradients = [[weight.grad for weight in each.parameters()] for each in (network, plain)]
    torch.testing.assert_close(*gradients)
    assert all(gradient.isfinite().all() for gradient in gradients[0])
    torch.testing.assert_close(network.eval()(digit_images()), plain.eval()(digit_images()))


@TIED
@pytest.mark.parametrize("other", [{"encoder": "shared"}, {"answer": "digits"}, {"answer": "latent_digits"}])
def test_a_network_of_one_technique_refuses_others(variant, other):
    with pytest.raises(ValueError, match=f"{variant} has separate encoders and a comparator"):
        build(run_of(variant, **({"aux_weight": None} | other)))


@EVERY_VARIANT
@pytest.mark.parametrize("dropout", [0.0, 0.25])
def test_variant_trains_and_its_weights_can_be_saved(variant, dropout, tmp_path):
    """Two runs as one and one by one; what is saved answers as the last epoch did."""
    runs = [run_of(variant, seed, dropout=dropout, learning_rate=1e-3, optimizer="sgd") for seed in range(2)]
    for together, run in zip(train(runs, PAIRS, CPU), runs, strict=True):
        (alone,) = train([run], PAIRS, CPU)
        assert alone.result.diverged is None
        assert alone.result.parameters == VARIANTS[variant][-1]
        assert alone.result.curves.loss == pytest.approx(together.result.curves.loss, rel=1e-5)
        assert alone.result.errors == together.result.errors
        torch.testing.assert_close(alone.state, together.state, rtol=1e-6, atol=1e-6)
        file = tmp_path / f"{run.seed}.safetensors"
        file.write_bytes(weights.to_bytes(alone.state, weights.Origin(run=run, pixel_mean=0, pixel_std=1)))
        saved = weights.load(file).network.state_dict()
        torch.testing.assert_close({name: tensor.double() for name, tensor in saved.items()}, alone.state)
    fresh = build(runs[0]).state_dict()
    assert fresh.keys() == saved.keys()

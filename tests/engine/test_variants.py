"""Networks that a report has in one technique alone, against plain torch written from the reports' tables.

The plain ones list their layers in the order of the variant's weights, so that these can be copied over one by one.
"""

import pytest
import torch
from torch import Tensor, nn

from pipeline.engine.loop import train
from pipeline.engine.network import build
from tests.made_up import changed, pairs, short_run

CPU = torch.device("cpu")
PAIRS = pairs()


def run_of(variant: str, seed: int = 0, **changes):
    _, base, technique, published, _ = VARIANTS[variant]
    return changed(short_run(base, technique, seed), architecture=variant, **(published | changes))


def digit_images(count: int = 6) -> Tensor:
    """The second digits are brighter than the first, so that their statistics differ."""
    images = torch.rand(count, 2, 14, 14, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    return images * torch.tensor([1.0, 3.0])[:, None, None]


class Plain(nn.Module):
    """`parts`: the layers, in the order of the variant's weights."""

    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleList(self.layers())


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


class PlainOneDigitHead(Plain):
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
            x = x.flatten(1)
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


# Plain torch's, the base and the technique that it is of, what its report has otherwise than the study, parameters.
VARIANTS = {
    "basenet_shared_layer": (PlainBaseNetSharedLayer, "basenet", "aux_loss", {"dropout": 0.0}, 99_278),
    "wide_convnet_one_digit_head": (PlainOneDigitHead, "wide_convnet", "aux_loss", {"dropout": 0.25}, 1_852_235),
    "resnet_block_bare": (PlainResnetBlockBare, "resnet_block", "two_channel", {"batch_norm": True}, 65_666),
    "mlpnet_sigmoid_code": (PlainMLPNetSigmoidCode, "mlpnet", "weight_sharing", {}, 103_103),
    "lenet5_features": (None, "lenet5", "weight_sharing", {}, 41_113),
}


@torch.no_grad()
def scattered(network: nn.Module) -> nn.Module:
    """With random weights everywhere: batch norm starts with scales of 1 and shifts of 0, whichever digit's it is."""
    generator = torch.Generator().manual_seed(2)
    for weight in network.parameters():
        weight.add_(torch.rand(weight.shape, generator=generator).sub_(0.5), alpha=0.5)
    return network


@pytest.mark.parametrize("variant", [variant for variant, (plain, *_) in VARIANTS.items() if plain])
def test_variant_is_what_plain_torch_makes_of_the_reports_tables(variant):
    """Same outputs and gradients in training, where batch norm takes each digit by itself; then the same in testing."""
    network = scattered(build(run_of(variant, dropout=0.0)).double())
    plain = VARIANTS[variant][0]().double()
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


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_stacked_equal_the_loop(variant):
    """Two runs as one and one by one."""
    runs = [run_of(variant, seed, learning_rate=1e-3, optimizer="sgd") for seed in range(2)]
    for together, run in zip(train(runs, PAIRS, CPU), runs, strict=True):
        (alone,) = train([run], PAIRS, CPU)
        assert alone.result.diverged is None
        assert alone.result.parameters == VARIANTS[variant][-1]
        assert alone.result.curves.loss == pytest.approx(together.result.curves.loss, rel=1e-5)
        assert alone.result.errors == together.result.errors
        torch.testing.assert_close(alone.state, together.state, rtol=1e-6, atol=1e-6)

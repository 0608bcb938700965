"""The fields of a run that annexes vary, each against a few lines of plain torch; alone and stacked."""

import math

import pytest
import torch
import torch.nn.functional as F

from pipeline.engine import seeds
from pipeline.engine.data import augmented, select
from pipeline.engine.loop import fresh_network, train
from pipeline.engine.network import canonical
from pipeline.engine.run import Augment
from tests.made_up import changed, pairs, short_run

CPU = torch.device("cpu")
PAIRS = pairs()
BATCH = 7  # the last batch is smaller
PLAIN = {
    "batch_size": BATCH,
    "batch_order": "fixed",
    "dropout": 0.0,
    "epochs": 3,
    "optimizer": "sgd",
    "learning_rate": 0.05,
}
FIELDS = {
    "renewed pairs": {"pairing": "renewed"},
    "few labels": {"digit_labels": 5},
    "few labels, renewed pairs": {"digit_labels": 5, "pairing": "renewed"},
    "cosine": {"schedule": "cosine"},
    "reads probabilities": {"comparator_reads": "probabilities"},
    "hidden comparator": {"comparator": "hidden"},
    "linear comparator that reads logits": {"comparator": "linear", "comparator_reads": "logits"},
    "augmented": {"augment": Augment(shift=1.0, rotation=15.0, scale=10.0)},
}


def by_hand(run):
    """Test accuracies, training losses and weights of one run: one network, one loop, nothing of the engine's but
    the initial weights, the choice of pairs and the generators of a seed."""
    network = fresh_network(run).double()
    data = select([run], PAIRS, torch.float64)
    test, examples = data.test, data.train
    optimizer = torch.optim.SGD(network.parameters(), lr=run.protocol.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=run.protocol.epochs)
    noise = {name: seeds.training_generator(run.seed, name) for name in ("pairing", "augment")}
    known = torch.arange(len(examples.digits[0])) < (run.data.digit_labels or 10**9)
    known = known[:, None].repeat(1, 2)
    losses, accuracies = [], []
    for _ in range(run.protocol.epochs):
        images, digits, labelled = examples.images[0], examples.digits[0], known
        if run.data.augment:
            changes = 2 * torch.rand(len(images), 2, 4, generator=noise["augment"]) - 1
            images = torch.stack([torch.stack([moved(i, c, run) for i, c in zip(*pair, strict=True)])
                                  for pair in zip(images, changes, strict=True)])  # fmt: skip
        if run.data.pairing == "renewed":
            order = torch.randperm(2 * len(images), generator=noise["pairing"]).tolist()
            flat = [(images[i // 2, i % 2], digits[i // 2, i % 2], labelled[i // 2, i % 2]) for i in order]
            images, digits, labelled = (torch.stack(part).unflatten(0, (-1, 2)) for part in zip(*flat, strict=True))
        network.train()
        total = 0
        for b in range(0, len(images), BATCH):
            shown, read = images[b : b + BATCH], digits[b : b + BATCH]
            target = (read[:, 0] <= read[:, 1]).long()
            output = network(shown)
            loss = F.cross_entropy(output["comparison"], target)
            for image in range(2):
                each = F.cross_entropy(output["digits"][:, image], read[:, image], reduction="none")
                mine = labelled[b : b + BATCH, image]
                loss = loss + run.protocol.aux_weight * each[mine].sum() / len(each)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(shown)
        losses.append(total / len(images))
        if run.protocol.schedule == "cosine":
            schedule.step()
        network.eval()
        with torch.no_grad():
            answered = network(test.images[0])["comparison"].argmax(1)
        accuracies.append((answered == test.targets[0]).double().mean().item())
    return losses, accuracies, network.state_dict()


def moved(image, change, run):
    """One image (14, 14), each pixel looked up where it comes from, between its four neighbours; zeros around."""
    bounds, side = run.data.augment, 14
    across, down = change[0].item() * bounds.shift, change[1].item() * bounds.shift
    angle = math.radians(change[2].item() * bounds.rotation)
    scale = 1 + change[3].item() * bounds.scale / 100
    found = torch.zeros_like(image)
    for row in range(side):
        for column in range(side):
            x, y = column - 6.5, row - 6.5
            from_x = (math.cos(angle) * x - math.sin(angle) * y) / scale + across + 6.5
            from_y = (math.sin(angle) * x + math.cos(angle) * y) / scale + down + 6.5
            left, top = math.floor(from_x), math.floor(from_y)
            for r, c in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
                if 0 <= r < side and 0 <= c < side:
                    found[row, column] += (1 - abs(from_x - c)) * (1 - abs(from_y - r)) * image[r, c]
    return found


@pytest.mark.parametrize("stacked", [1, 2])
@pytest.mark.parametrize("field", FIELDS)
def test_field_does_what_plain_torch_does(field, stacked):
    """Alone, and of two runs that train as one."""
    runs = [short_run("deep_fc", "weight_sharing_aux_loss", seed, **(PLAIN | FIELDS[field])) for seed in range(stacked)]
    for run, trained in zip(runs, train(runs, PAIRS, CPU), strict=True):
        losses, accuracies, weights = by_hand(run)
        rounding = 1e-4 if run.data.augment else 1e-6  # the engine draws and places augmentation in single precision
        assert trained.result.curves.loss == pytest.approx(losses, rel=max(rounding, 1e-5))  # results have six digits
        assert trained.result.curves.test_accuracy == pytest.approx(accuracies)
        for name, expected in weights.items():
            torch.testing.assert_close(trained.state[name], expected, rtol=rounding, atol=rounding)


def test_a_pair_is_tested_in_shifted_views():
    run = short_run("deep_fc", "weight_sharing_aux_loss", test_shift=1, standardize=True, epochs=1)
    trained = train([run], PAIRS, CPU)[0]
    network = fresh_network(run).double()
    network.load_state_dict(trained.state)
    network.eval()
    data = select([run], PAIRS, torch.float64)
    zero = -trained.pixel_mean / trained.pixel_std
    padded = F.pad(data.test.images[0], [1] * 4, value=zero)
    with torch.no_grad():
        views = [network(padded[..., r : r + 14, c : c + 14]) for r in range(3) for c in range(3)]
    answer = sum(view["comparison"].softmax(1) for view in views).argmax(1)
    read = sum(view["digits"].softmax(2) for view in views).argmax(2)
    assert trained.result.curves.test_accuracy[0] == pytest.approx((answer == data.test.targets[0]).double().mean())
    assert trained.result.curves.digit_accuracy[0] == pytest.approx((read == data.test.digits[0]).double().mean())


def test_background_moves_in():
    images = torch.full((2, 1, 1, 14, 14), 5.0)
    background = torch.tensor([1.0, 2.0]).view(2, 1, 1, 1, 1)
    far = augmented(
        images, torch.tensor([1.0, 0, 0, 0]).expand(2, 1, 1, 4), Augment(shift=7, rotation=0, scale=0), background
    )
    assert far[0, 0, 0, :, :7].eq(5).all()
    assert far[0, 0, 0, :, 7:].eq(1).all()
    assert far[1, 0, 0, :, 7:].eq(2).all()


@pytest.mark.parametrize(
    ("architecture", "technique", "fields", "same_as"),
    [
        ("lenet5", "aux_loss", {"comparator_reads": "probabilities"}, {}),
        ("deep_fc", "aux_loss", {"comparator_reads": "logits"}, {}),
        ("resnet_block", "baseline", {"comparator": "linear"}, {}),
        ("deep_fc", "two_channel", {"comparator": "hidden", "comparator_reads": "logits"}, {}),
        ("deep_fc", "latent_digits", {"comparator": "hidden", "digit_labels": 3}, {}),
        ("deep_fc", "aux_loss", {"digit_labels": 24}, {}),
        ("deep_fc", "aux_loss", {"digit_labels": 0}, {"aux_weight": None}),
        ("basenet", "aux_loss", {"comparator_reads": "logits"}, {"comparator_reads": "logits"}),
        ("wide_convnet", "aux_loss", {"comparator": "hidden"}, {"comparator": "hidden"}),
    ],
)
def test_runs_that_differ_in_words_alone_are_one(architecture, technique, fields, same_as):
    run = short_run(architecture, technique)
    assert canonical(changed(run, **fields)) == changed(run, **same_as)

"""Every deviation of a protocol against plain torch that does it the way published code does (pipeline/engine/run)."""

import pytest
import torch
import torch.nn.functional as F

from pipeline.engine.data import select
from pipeline.engine.loop import fresh_network, train
from pipeline.engine.losses import comparison_loss
from tests.made_up import changed, pairs, short_run

CPU = torch.device("cpu")
PAIRS = pairs()
BATCH, TEST_BATCH = 8, 5
# Stochastic gradient descent unless Adam is the point: Adam makes steps of gradients that are mere rounding.
COMMON = {"batch_order": "fixed", "dropout": 0.0, "epochs": 3, "optimizer": "sgd", "learning_rate": 0.05}
DEVIATIONS = {
    "none": {},
    "squared error": {"answer_loss": "squared_error"},
    "softmax twice": {"digit_loss_reads": "probabilities"},
    "new optimizer each step": {"optimizer_memory": "renewed_each_step", "optimizer": "adam", "learning_rate": 1e-4},
    "stays in eval": {"training_mode": "frozen_after_first_test"},
    "never in eval": {"test_in_training_mode": TEST_BATCH},
}


def published(run, deviation):
    """Test accuracy after each epoch, and the weights: one network, one loop, batches that are slices of the data."""
    network = fresh_network(run).double()
    data = select([run], PAIRS, torch.float64)
    images, digits, targets = data.train.images[0], data.train.digits[0], data.train.targets[0]
    kind = torch.optim.Adam if deviation == "new optimizer each step" else torch.optim.SGD
    optimizer = kind(network.parameters(), lr=run.protocol.learning_rate)
    network.train()
    accuracies = []
    for _ in range(run.protocol.epochs):
        if deviation != "stays in eval":
            network.train()
        for b in range(0, len(images), BATCH):
            if deviation == "new optimizer each step":
                optimizer = kind(network.parameters(), lr=run.protocol.learning_rate)
            output = network(images[b : b + BATCH])
            answer, target = output["comparison"][:, 0], targets[b : b + BATCH].double()
            if deviation == "squared error":
                loss = F.mse_loss(torch.sigmoid(answer), target)
            else:
                loss = F.binary_cross_entropy(torch.sigmoid(answer), target)
            for image in range(2):
                read = output["digits"][:, image]
                read = F.softmax(read, dim=1) if deviation == "softmax twice" else read
                loss = loss + run.protocol.aux_weight * F.cross_entropy(read, digits[b : b + BATCH, image])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if deviation != "never in eval":
            network.eval()
        with torch.no_grad():
            batches = data.test.images[0].split(TEST_BATCH)
            answers = torch.cat([network(batch)["comparison"][:, 0] > 0 for batch in batches])
        accuracies.append((answers == data.test.targets[0].bool()).double().mean().item())
    return accuracies, network.state_dict()


@pytest.mark.parametrize("stacked", [1, 2])
@pytest.mark.parametrize("deviation", DEVIATIONS)
def test_deviation_is_that_of_published_code(deviation, stacked):
    """Alone, and of two runs that train as one."""
    fields = COMMON | {"batch_size": BATCH} | DEVIATIONS[deviation]
    runs = [short_run("mlpnet", "weight_sharing_aux_loss", seed, **fields) for seed in range(stacked)]
    for run, trained in zip(runs, train(runs, PAIRS, CPU), strict=True):
        accuracies, weights = published(run, deviation)
        assert trained.result.curves.test_accuracy == pytest.approx(accuracies)
        for name, expected in weights.items():
            torch.testing.assert_close(trained.state[name], expected, rtol=1e-6, atol=1e-9)


def test_squared_error_of_two_logits_is_of_the_probability_of_yes():
    logits = torch.tensor([[[0.0, 3.0], [1.0, 1.0]]]).log1p()  # probabilities of yes 4/5 and 1/2
    expected = (1 / 25 + 1 / 4) / 2
    assert comparison_loss(logits, torch.tensor([[1, 0]]), "squared_error").item() == pytest.approx(expected)


def test_dropout_stays_on_in_a_test_in_training_mode():
    run = short_run("deep_fc", "baseline", dropout=0.9, test_in_training_mode=TEST_BATCH, learning_rate=1e-12, epochs=6)
    curves = train([run], PAIRS, CPU)[0].result.curves
    assert len(set(curves.test_accuracy)) > 1  # the same network, other units dropped


def test_initial_weights_may_have_a_seed_of_their_own():
    """Report 1 copies one initialised model for all its runs."""
    states = [fresh_network(changed(short_run(), seed=seed, weights_seed=7)).state_dict() for seed in (0, 1)]
    states.append(fresh_network(short_run(seed=7)).state_dict())
    for state in states[1:]:
        assert all(torch.equal(state[name], tensor) for name, tensor in states[0].items())

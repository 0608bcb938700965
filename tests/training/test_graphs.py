"""Recorded steps. On the CPU a replay calls the step; the way there is the one that CUDA graphs take."""

from unittest import mock

import pytest
import torch

from pipeline import params
from pipeline.training import loop
from pipeline.training.graphs import WARM_UP, Recorded
from tests.made_up import networks, run_data, shortened
from tests.synthetic import ROOT

STUDY = params.load(ROOT / "params.yaml")


def test_recorded_steps_train_as_others_do():
    """With dropout, and a last batch that is smaller: its recording is another."""
    combo = shortened(STUDY.combo("basenet", "weight_sharing_aux_loss"), epochs=WARM_UP + 2, batch_size=10)
    data = run_data(runs=2)
    histories, trained = [], []
    for recorded in (False, True):
        trained.append(networks(combo, [0, 1]))
        with mock.patch.object(loop, "RECORD_STEPS", recorded):
            histories.append(loop.train(trained[-1], data, combo, [0, 1]))
    assert histories[0].curves.keys() == histories[1].curves.keys()
    for name, curve in histories[0].curves.items():
        assert torch.equal(curve, histories[1].curves[name]), name
    for plain, replayed in zip(*trained, strict=True):
        for one, other in zip(plain.state_dict().values(), replayed.state_dict().values(), strict=True):
            assert torch.equal(one, other)


def test_a_recording_for_each_shape_after_the_warm_up():
    step = mock.Mock(side_effect=lambda numbers: {"sum": numbers.sum()})
    recorded = Recorded(step)
    for call in range(WARM_UP + 3):
        for size in (2, 3):
            assert recorded(torch.full((size,), float(call)))["sum"] == size * call
    seen = {id(call.args[0]) for call in step.call_args_list[2 * WARM_UP :]}
    assert len(seen) == 2  # the fixed memory of each recording, whatever the argument


def test_results_outlive_the_next_replay():
    recorded = Recorded(lambda numbers: {"same": numbers})
    results = [recorded(torch.tensor([float(call)]))["same"].item() for call in range(WARM_UP + 4)]
    assert results == list(range(WARM_UP + 4))
    first, second = (recorded(torch.tensor([value]))["same"] for value in (1.0, 2.0))
    assert (first.item(), second.item()) == (1.0, 2.0)


@pytest.mark.gpu
@pytest.mark.parametrize("architecture", STUDY.architectures)
def test_cuda_graphs_equal_steps(architecture):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    combo = shortened(STUDY.combo(architecture, "weight_sharing_aux_loss"), learning_rate=1e-3, epochs=WARM_UP + 2)
    losses = []
    for recorded in (False, True):
        on_gpu = [network.cuda() for network in networks(combo, [0, 1, 2])]
        with mock.patch.object(loop, "RECORD_STEPS", recorded):
            losses.append(
                loop.train(on_gpu, run_data(runs=3).to(torch.device("cuda")), combo, [0, 1, 2]).curves["loss"]
            )
    torch.testing.assert_close(*losses, rtol=1e-6, atol=1e-8)

"""What the tuning asks for: pairs that the study does not use, and one clear line for what cannot be trained."""

import pytest

from pipeline.cli import StudyError
from studies.tuning import settings
from tests.studies.tuning.tuned_study import CONTENT, make_study, make_tuning, write_params


def rungs_of(*of_rungs):
    return {"rungs": [dict(zip(("candidates", "epochs", "splits"), rung, strict=True)) for rung in of_rungs]}


def grid_of(technique="aux_loss", seeds=2, architecture="lenet5", **grid):
    return {"test_set_selection": {architecture: {"technique": technique, "seeds": seeds, "grid": grid}}}


def space_of(**changes):
    return {"space": CONTENT["space"] | changes}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"architectures": ["lenet6"]}, "params.yaml: no architecture 'lenet6'; did you mean lenet5?"),
        (
            {"draws": {"first": 2, "last": 101}},
            "draws.first: 2 is one of the study's seeds, 0 to 2; the choice must not",
        ),
        ({"draws": {"first": 100, "last": 128}}, "draws.last: 128, but pairs are drawn for seeds 0 to 127"),
        ({"folds": 3}, "pairs: 2000 cannot be cut into 3 equal folds"),
        ({"pairs": 40_000}, "pairs: 40,000 need 80,000 training images, mnist has 60,000"),
        ({"seeds": 4}, "seeds: 4, but params.yaml has 3; lower it"),
        (rungs_of((4, 1, 1), (5, 1, 1)), "rungs.1.candidates: 5 are more than the rung before has"),
        (rungs_of((4, 1, 5)), "rungs.0.splits: 5 of 4 splits"),
        (space_of(batch_size=[27]), "1000 training pairs leave a last batch of one (batch_size 27)"),
        ({"pairs": 402} | space_of(batch_size=[64]), "201 training pairs leave a last batch of one (batch_size 100)"),
        (grid_of(dropout=[1.5]), "test_set_selection.lenet5.grid: network.dropout: Input should be less than 1"),
        (grid_of("baseline", aux_weight=[1.0]), "grid.aux_weight: baseline has no auxiliary loss"),
        (grid_of(batch_size=[999]), "1000 training pairs leave a last batch of one (batch_size 999)"),
        (grid_of(dropout=[0.1] * 100, aux_weight=[1.0] * 100), "grid: 10,000 candidates are more than 1,000"),
    ],
)
def test_what_cannot_be_tuned_is_refused_in_one_line(workspace, change, said):
    write_params(make_study(make_tuning()), CONTENT | change)
    with pytest.raises(StudyError) as refused:
        settings.load()
    assert str(refused.value).startswith(str(settings.PARAMS))
    assert said.lower() in str(refused.value).lower()
    assert "\n" not in str(refused.value)

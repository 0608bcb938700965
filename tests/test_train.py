"""Stage `train`, as DVC calls it."""

import sys

import pytest

from pipeline import paths, records, train
from pipeline.script import StudyError


def call(monkeypatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["train", *arguments])
    train.main()


def test_stage_writes_weights_and_record(small_study, monkeypatch, capsys):
    call(monkeypatch, "deep_fc", "weight_sharing_aux_loss")
    written = records.read(paths.record("deep_fc-weight_sharing_aux_loss"))
    assert [record.seed for record in written] == [0, 1]
    assert {record.data_set for record in written} == {"noise"}
    assert all(paths.weights("deep_fc-weight_sharing_aux_loss", seed).is_file() for seed in (0, 1))
    assert "deep_fc-weight_sharing_aux_loss: 2 runs on " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("deep_fx", "baseline"), "no architecture 'deep_fx'; did you mean deep_fc?"),
        (("deep_fc", "aux"), "no technique 'aux'; "),
    ],
)
def test_unknown_combos_are_refused(small_study, monkeypatch, arguments, message):
    with pytest.raises(StudyError, match=message.replace("?", r"\?")):
        call(monkeypatch, *arguments)

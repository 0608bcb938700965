"""Stage `train`, as DVC calls it."""

import re
import sys

import pytest
import yaml

from pipeline import kept, paths, records, train
from pipeline.script import StudyError


def call(monkeypatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["train", *arguments])
    train.main()


def test_stage_writes_weights_and_record(small_study, monkeypatch, capsys):
    call(monkeypatch, "deep_fc", "weight_sharing_aux_loss")
    written = records.read(paths.record("deep_fc-weight_sharing_aux_loss"))
    assert [record.run for record in written] == small_study.runs(
        small_study.combo("deep_fc", "weight_sharing_aux_loss")
    )
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


def test_a_stage_started_again_trains_only_what_is_missing(small_study, monkeypatch, capsys):
    """The second run fails; the first, which had ended, is not trained again, and on success nothing stays behind."""
    compute, computed = train.compute, []

    def first_alone(runs, *arguments):
        for finished in compute(runs, *arguments):
            computed.append(finished.record.run.seed)
            yield finished
            if len(computed) == 1:
                raise KeyboardInterrupt

    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    monkeypatch.setattr(train, "compute", first_alone)
    with pytest.raises(KeyboardInterrupt):
        call(monkeypatch, "deep_fc", "baseline")
    assert not paths.record("deep_fc-baseline").exists()
    call(monkeypatch, "deep_fc", "baseline")
    assert computed == [0, 1]
    assert "1 finished runs were kept, 1 are to be trained" in capsys.readouterr().out
    resumed = [paths.record("deep_fc-baseline").read_bytes(), paths.weights("deep_fc-baseline", 0).read_bytes()]
    assert list(kept.FOLDER.iterdir()) == []
    call(monkeypatch, "deep_fc", "baseline")
    assert resumed == [paths.record("deep_fc-baseline").read_bytes(), paths.weights("deep_fc-baseline", 0).read_bytes()]


def test_diverged_runs_are_named_and_left_out(small_study, monkeypatch, capsys):
    content = small_study.model_dump()
    content["architectures"]["deep_fc"].update(optimizer="sgd", learning_rate=10.0, epochs=8)
    paths.PARAMS.write_text(yaml.safe_dump(content), encoding="utf-8")
    call(monkeypatch, "deep_fc", "baseline")
    text = paths.record("deep_fc-baseline").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert all(record.diverged for record in records.read(paths.record("deep_fc-baseline")))
    said = capsys.readouterr().out
    assert re.search(r"no mean test accuracy; diverged, and left out: seed 0 \(epoch \d\), 1 \(epoch \d\)$", said, re.M)

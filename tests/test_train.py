"""Stage `train`, as DVC calls it."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from pipeline import kept, pair, paths, records, train
from pipeline.kept import Kept, digest_of_pairs
from pipeline.run import Fold
from pipeline.script import StudyError
from pipeline.training import executor
from tests.made_up import changed
from tests.synthetic import ROOT


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
    compute, computed = executor.compute, []

    def first_alone(runs, *arguments):
        for finished in compute(runs, *arguments):
            computed.append(finished.record.run.seed)
            yield finished
            if len(computed) == 1:
                raise KeyboardInterrupt

    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    monkeypatch.setattr(executor, "compute", first_alone)
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


def test_a_failed_stage_leaves_its_committed_record_in_place(small_study, monkeypatch):
    """DVC removes it before it starts the stage."""
    record = paths.record("deep_fc-baseline")
    record.parent.mkdir(parents=True)
    record.write_text("committed")
    for command in ("init -q", "add reports", "-c user.name=A -c user.email=a@example.org commit -qm A"):
        subprocess.run(["git", *command.split()], check=True)
    record.unlink()
    monkeypatch.setattr(train, "train_kept", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        call(monkeypatch, "deep_fc", "baseline")
    assert record.read_text() == "committed"


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


ALL_KEPT = """
import sys
sys.argv = ["train", "deep_fc", "baseline"]
from pipeline import train
train.main()
assert "torch" not in sys.modules
"""


def test_a_stage_whose_runs_are_all_kept_does_without_torch(small_study):
    """Its import is most of what such a stage would take."""
    asked = train.wanted(["deep_fc", "baseline"])
    list(train.train_and_keep(asked, Kept(digest_of_pairs(asked.splits))))
    subprocess.run([sys.executable, "-c", ALL_KEPT], env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True)
    assert paths.weights("deep_fc-baseline", 1).is_file()


def test_where_folds_are_tested_on_no_test_pairs_are_read(small_study):
    """And what is kept is found whether or not its pairs were read."""
    runs = train.wanted(["deep_fc", "baseline"]).runs
    folds = [changed(run, fold=Fold(index=0, count=2)) for run in runs]
    assert train.Wanted("", runs, "cpu").splits == pair.SPLITS
    assert train.Wanted("", folds, "cpu").splits == ("train",)
    for splits in (pair.SPLITS, ("train",)):
        assert digest_of_pairs(splits) == pair.read([run.data.draw for run in runs], splits).digest

"""Records as they are written and read: what goes in comes out, and damage is named."""

import json

import pytest

from pipeline import paths, records
from pipeline.script import StudyError

from .synthetic import make_params, make_records

COMBOS = ("baseline", "aux_loss", "digits_only", "latent_digits")  # without digits, with them, without a comparison loss


@pytest.fixture(params=COMBOS)
def written(request, tmp_path):
    """A combo's file, and the records that are in it."""
    study = make_params(["convnet"], COMBOS)
    runs = make_records(study)[study.combo("convnet", request.param)]
    path = tmp_path / "new" / "folder" / "convnet.json"
    records.write(path, runs)
    return path, runs


def test_round_trip(written):
    path, runs = written
    again = records.read(path)
    assert len(again) == len(runs) == 3
    for before, after in zip(runs, again, strict=True):
        assert after.model_dump(exclude={"curves"}) == before.model_dump(exclude={"curves"})
        for name, curve in before.curves.model_dump().items():
            read = getattr(after.curves, name)
            assert [value is None for value in read] == [value is None for value in curve]
            assert [v for v in read if v is not None] == pytest.approx([v for v in curve if v is not None], rel=1e-5)


def test_written_again_the_same_bytes(written, tmp_path):
    path, _ = written
    records.write(tmp_path / "again.json", records.read(path))
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_dvc_s_view(written):
    """DVC takes a metrics file for data, and shows no rows of it, only if it is a list."""
    path, runs = written
    content = path.read_text(encoding="utf-8")
    assert isinstance(json.loads(content), list)
    assert content.count("\n") == len(runs) + 2  # one run a line


def test_numbers(tmp_path):
    """Six digits for what was measured, every digit of the description; nothing that JSON does not know."""
    study = make_params(["convnet"], ["aux_loss"], seeds=1, epochs=4).model_copy(update={"aux_weight": 1 / 3})
    (record,) = make_records(study)[study.combo("convnet", "aux_loss")]
    record = record.model_copy(update={"curves": record.curves.model_copy(update={"loss": [1 / 3, None, None, None]})})
    records.write(tmp_path / "convnet.json", [record])
    (again,) = records.read(tmp_path / "convnet.json")
    assert again.curves.loss == [0.333333, None, None, None]
    assert again.run == record.run
    assert again.run.digest() == record.run.digest()
    for value in (7.5, float("nan"), -0.1):
        with pytest.raises(ValueError, match="test_accuracy"):
            records.Curves.model_validate(record.curves.model_dump() | {"test_accuracy": [value]})


@pytest.mark.parametrize(
    "damage", ["cut off", "empty", "no list", "list of numbers", "unknown key", "missing key", "binary"]
)
def test_damage_is_named(written, damage):
    path, _ = written
    content = path.read_bytes()
    entries = json.loads(content)
    del entries[0]["gap_pairs"]
    path.write_bytes(
        {
            "cut off": content[: len(content) // 2],
            "empty": b"",
            "no list": b"3",
            "list of numbers": b"[1, 2]",
            "unknown key": content.replace(b'"engine"', b'"engines"'),
            "missing key": json.dumps(entries).encode(),
            "binary": b"\xff\xfe\x00",
        }[damage]
    )
    with pytest.raises(StudyError, match=r"convnet\.json: damaged; `dvc repro -f`"):
        records.read(path)


def test_missing_file(tmp_path):
    with pytest.raises(StudyError, match=r"convnet\.json: missing; `dvc repro`"):
        records.read(tmp_path / "convnet.json")


def test_gaps_are_all_differences_of_two_digits():
    assert list(records.GAPS) == sorted({first - second for first in range(10) for second in range(10)})


def test_place():
    assert paths.record("convnet-baseline").as_posix() == "reports/runs/convnet-baseline.json"

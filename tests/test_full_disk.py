"""A full disk, for real: a small one that is filled while a stage's previous outputs lie on it."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline import aggregate, paths, train
from pipeline.cli import run_script


@pytest.fixture
def small_disk(workspace):
    """A disk of 8 MB in place of the workspace; the test skips where it cannot be mounted."""
    if (
        sys.platform != "linux"
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", workspace], capture_output=True).returncode
    ):
        pytest.skip("needs Linux and the right to mount")
    os.chdir(workspace)  # what lies there now
    yield workspace
    os.chdir("/")
    subprocess.run(["umount", "--lazy", workspace], check=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


@pytest.mark.parametrize("stage", ["train", "aggregate"])
def test_a_full_disk_is_one_line_and_leaves_previous_outputs_whole(small_disk, small_study, monkeypatch, stage):
    """And nothing half-written beside them."""
    one_combo = small_study.model_dump()
    one_combo["architectures"] = {"deep_fc": one_combo["architectures"]["deep_fc"]}
    one_combo["techniques"] = {"plain": {"baseline": one_combo["techniques"]["plain"]["baseline"]}, "auxiliary": {}}
    paths.PARAMS.write_text(yaml.safe_dump(one_combo, sort_keys=False), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["train", "deep_fc", "baseline"])
    main = {"train": train.main, "aggregate": aggregate.main}[stage]
    train.main()
    aggregate.main()
    before = {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()}
    filler = fill(small_disk)
    with pytest.raises(SystemExit, match=r"^error: \S+: No space left on device; free some space and run it again"):
        run_script(main)
    filler.unlink()
    assert {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()} == before
    run_script(main)

"""The sweeps' own DVC project, for real, beside a tiny study."""

import pytest
import yaml

from pipeline import paths
from studies.sweeps import swept
from tests.studies.sweeps.swept_study import CONTENT, PROBABILITIES
from tests.study import new_study

pytestmark = pytest.mark.slow

SWEEPS = CONTENT | {
    "architectures": ["mlpnet"],
    "seeds": 2,
    "sweeps": {
        "train_pairs": CONTENT["sweeps"]["train_pairs"] | {"values": [50], "techniques": ["baseline", "aux_loss"]},
        "interface": {"title": "x", "points": {"own": {}, "hidden": PROBABILITIES}, "techniques": ["aux_loss"]},
    },
}


def test_makes_all_of_it_in_its_folder_alone_and_another_value_trains_its_own_runs(tmp_path):
    project = new_study(tmp_path / "project", "sweeps")
    inside = str(swept.HERE)
    (project.folder / swept.PARAMS).write_text(yaml.safe_dump(SWEEPS, sort_keys=False), encoding="utf-8")
    project.run("dvc", "repro", "pair")
    project.commit("The study")
    project.run("dvc", "repro", inside=inside)
    assert (project.folder / swept.PAGE).is_file()
    assert not list((project.folder / paths.MODELS).glob("*/"))
    changed = project.run("git", "status", "--porcelain", "--untracked-files=all").stdout.split()[1::2]
    assert all(path.startswith(inside) for path in changed)
    assert "up to date" in project.run("dvc", "status", inside=inside).stdout

    project.commit("The sweeps")
    project.change(lambda content: content["sweeps"]["train_pairs"]["values"].append(60), str(swept.PARAMS))
    said = project.run("dvc", "repro", "train", inside=inside).stdout
    assert "10 runs are known, 4 are to be trained" in said

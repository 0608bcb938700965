"""The tuning's own DVC project, for real, beside a tiny study."""

import pytest
import yaml

from pipeline import paths
from studies.tuning import settings
from tests.studies.tuning.tuned_study import CONTENT
from tests.study import new_study

pytestmark = pytest.mark.slow

TUNING = CONTENT | {
    "architectures": ["mlpnet"],
    "techniques": ["baseline", "aux_loss"],
    "draws": {"first": 2, "last": 2},
    "pairs": 80,
    "space": CONTENT["space"] | {"batch_size": [20, 50]},
    "rungs": [{"candidates": 3, "epochs": 1, "splits": 1}, {"candidates": 2, "epochs": 2, "splits": 2}],
    "smoothing": 1,
    "seeds": 2,
    "test_set_selection": {"mlpnet": {"technique": "aux_loss", "seeds": 2, "grid": {"aux_weight": [0.5, 1.0]}}},
}


def test_the_search_depends_on_training_pairs_alone_and_another_seed_of_it_trains_no_grid(tmp_path):
    project = new_study(tmp_path / "project", "tuning")
    inside = str(settings.FOLDER)
    (project.folder / settings.PARAMS).write_text(yaml.safe_dump(TUNING, sort_keys=False), encoding="utf-8")
    project.run("dvc", "repro", "pair")
    project.run("dvc", "repro", inside=inside)
    assert (project.folder / settings.PAGE).is_file()
    assert not list((project.folder / paths.MODELS).glob("*/"))
    lock = yaml.safe_load((project.folder / inside / "dvc.lock").read_text(encoding="utf-8"))
    data = [dep["path"] for dep in lock["stages"]["search@mlpnet"]["deps"] if "data/" in dep["path"]]
    assert data == ["../../data/pairs/train.safetensors"]
    assert "up to date" in project.run("dvc", "status", inside=inside).stdout

    project.change(lambda content: content["data"].update(test_pairs=50))
    would = project.run("dvc", "repro", "--dry", inside=inside).stdout
    assert "tuning.search" not in would  # the choice knows no test pair, not even how many there are
    assert "tuning.confirm mlpnet" in would
    project.change(lambda content: content["data"].update(test_pairs=60))
    project.change(lambda content: content.update(sampler_seed=1), str(settings.PARAMS))
    would = project.run("dvc", "repro", "--dry", inside=inside).stdout
    assert "tuning.search mlpnet" in would
    assert "tuning.select" not in would

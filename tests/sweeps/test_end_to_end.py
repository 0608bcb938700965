"""`make sweeps`, for real, in a clone of a small study: it trains the sweeps, and nothing of the study again."""

import pytest
import yaml

from pipeline import paths
from pipeline.sweeps import swept
from tests.test_end_to_end import Study, clone_with

pytestmark = pytest.mark.slow

PIPELINE = "studies/sweeps/dvc.yaml"
SWEEPS = {
    "architectures": ["mlpnet"],
    "seeds": 2,
    "aux_weight": {"values": [0.1], "techniques": ["aux_loss"]},
    "train_pairs": {"values": [50], "techniques": ["baseline", "aux_loss"]},
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Study:
    return clone_with("sweeps", SWEEPS, tmp_path_factory.mktemp("sweeps"))


def test_a_clone_s_sweeps_are_trained_and_nothing_of_its_study(clone):
    said = clone.run("python", "-m", "pipeline.compute", PIPELINE).stdout
    assert "0 finished runs were kept, 6 are to be trained" in said
    said = clone.run("dvc", "repro", "--allow-missing", PIPELINE).stdout
    assert "pipeline.train " not in said
    assert "6 finished runs were kept, 0 are to be trained" in said
    assert (clone.folder / swept.PAGE).is_file()
    assert not list((clone.folder / paths.MODELS).glob("*/"))
    changed = clone.run("git", "status", "--porcelain", "--untracked-files=all").stdout.split()[1::2]
    assert all(path.startswith(("reports/sweeps/", "studies/sweeps/dvc.lock")) for path in changed)

    again = clone.run("dvc", "repro", "--allow-missing", PIPELINE).stdout
    assert "Running stage" not in again
    assert "up to date" in again

    content = SWEEPS | {"seeds": 1}
    (clone.folder / swept.PARAMS).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    would = clone.run("dvc", "repro", "--dry", "--allow-missing", PIPELINE).stdout
    assert "Running stage 'studies/sweeps/dvc.yaml:sweep@mlpnet'" in would
    assert "pipeline.train " not in would

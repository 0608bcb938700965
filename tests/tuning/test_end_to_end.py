"""`make tuning`, for real, in a clone of a small study: it trains the tuning, and nothing of the study again."""

import pytest
import yaml

from pipeline import paths, tables
from pipeline.tuning import tuned
from tests.test_end_to_end import Study, clone_with

pytestmark = pytest.mark.slow

PIPELINE = "studies/tuning/dvc.yaml"
TUNING = {
    "architectures": ["mlpnet"],
    "techniques": ["baseline", "aux_loss"],
    "draws": {"first": 100, "last": 100},
    "pairs": 80,
    "folds": 2,
    "space": {
        "learning_rate_decades": 1.0,
        "batch_size": [20, 40],
        "most_dropout": 0.5,
        "least_aux_weight": 0.1,
        "most_aux_weight": 10.0,
    },
    "sampler_seed": 0,
    "rungs": [{"candidates": 3, "epochs": 1, "splits": 1}, {"candidates": 2, "epochs": 2, "splits": 2}],
    "smoothing": 1,
    "seeds": 2,
    "leaking": {"mlpnet": {"technique": "aux_loss", "seeds": 2, "grid": {"aux_weight": [0.5, 1.0]}}},
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Study:
    return clone_with("tuning", TUNING, tmp_path_factory.mktemp("tuning"))


def test_a_clone_s_tuning_is_trained_and_nothing_of_its_study(clone):
    said = clone.run("python", "-m", "pipeline.compute", PIPELINE).stdout
    assert "0 finished runs were kept, 6 are to be trained" in said  # the first rung
    assert "0 finished runs were kept, 2 are to be trained" in said  # the leaking grid
    said = clone.run("dvc", "repro", "--allow-missing", PIPELINE).stdout
    assert "pipeline.train " not in said
    assert "mlpnet: 6 finished runs were kept, 0 are to be trained" in said
    assert "mlpnet: 2 finished runs were kept, 0 are to be trained" in said
    assert "mlpnet: 14 runs in" in said
    assert (clone.folder / tuned.PAGE).is_file()
    assert not list((clone.folder / paths.MODELS).glob("*/"))
    changed = clone.run("git", "status", "--porcelain", "--untracked-files=all").stdout.split()[1::2]
    assert all(path.startswith(("reports/tuning/", "studies/tuning/dvc.lock")) for path in changed)
    written = {path.name for path in (clone.folder / tuned.REPORTS).glob("*.csv")}
    assert written == {paths.table(name).name for name in tables.COLUMNS if name.startswith("tuning/")}

    lock = yaml.safe_load((clone.folder / "studies/tuning/dvc.lock").read_text(encoding="utf-8"))
    data = [dep["path"] for dep in lock["stages"]["tune@mlpnet"]["deps"] if dep["path"].startswith("data/")]
    assert data == [str(paths.pairs("train", tuned.PAIRS))]

    again = clone.run("dvc", "repro", "--allow-missing", PIPELINE).stdout
    assert "Running stage" not in again
    assert "up to date" in again
    clone.commit("Tuned")

    clone.change(lambda content: content["data"].update(test_pairs=50))
    would = clone.run("dvc", "repro", "--dry", "--allow-missing", PIPELINE).stdout
    assert "pipeline.tuning.tune " not in would  # the choice knows no test pair, not even how many there are
    assert "Running stage 'studies/tuning/dvc.yaml:confirm@mlpnet'" in would
    clone.restore()

    content = TUNING | {"sampler_seed": 1}
    (clone.folder / tuned.PARAMS).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    would = clone.run("dvc", "repro", "--dry", "--allow-missing", PIPELINE).stdout
    assert "Running stage 'studies/tuning/dvc.yaml:tune@mlpnet'" in would
    assert "pipeline.train " not in would
    assert "pipeline.tuning.leak " not in would

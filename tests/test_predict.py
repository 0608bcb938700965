"""Comparing two digits with a trained network, as a user does."""

import sys

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline import paths, predict
from pipeline.script import StudyError
from pipeline.training.workers import train_combo


@pytest.fixture
def trained(small_study):
    combo = small_study.combo("convnet", "weight_sharing_aux_loss")
    train_combo(combo, 1, torch.device("cpu"), "fp32", lambda accuracies: None)
    return paths.weights(combo.key, 0)


def call(monkeypatch, *arguments) -> None:
    monkeypatch.setattr(sys, "argv", ["predict", *map(str, arguments)])
    predict.main()


def draw(path, size) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, size, dtype=np.uint8)).save(path)


def test_two_images_are_compared(trained, monkeypatch, capsys, tmp_path):
    draw(tmp_path / "a.png", (28, 28))
    draw(tmp_path / "b.png", (14, 14))
    call(monkeypatch, trained, tmp_path / "a.png", tmp_path / "b.png")
    assert capsys.readouterr().out.startswith("first ")


def test_a_test_pair_is_compared(trained, monkeypatch, capsys):
    call(monkeypatch, trained, "--test-pair", 3)
    assert "(true digits: " in capsys.readouterr().out
    with pytest.raises(StudyError, match="run 0 has test pairs 0 to 39"):
        call(monkeypatch, trained, "--test-pair", 40)


def test_images_are_averaged_as_the_data_are(tmp_path):
    draw(tmp_path / "a.png", (28, 28))
    pixels = np.asarray(Image.open(tmp_path / "a.png"), dtype=float)
    read = predict.read_image(tmp_path / "a.png")
    assert read[2, 5].item() == pytest.approx(pixels[4:6, 10:12].mean())
    assert tuple(read.shape) == (14, 14)


def test_images_that_cannot_be_read_are_named(tmp_path):
    draw(tmp_path / "wide.png", (28, 20))
    with pytest.raises(StudyError, match=r"wide\.png: 20x28 pixels; the networks read 14x14 or 28x28"):
        predict.read_image(tmp_path / "wide.png")
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(StudyError, match=r"text\.png: not an image"):
        predict.read_image(tmp_path / "text.png")
    with pytest.raises(StudyError, match=r"none\.png: not found"):
        predict.read_image(tmp_path / "none.png")


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ({"comparison": torch.tensor([[0.0, np.log(3.0)]])}, "first <= second (75.0 %)"),
        ({"comparison": torch.tensor([[np.log(3.0), 0.0]])}, "first > second (75.0 %)"),
        ({"comparison": torch.tensor([[-np.log(3.0)]])}, "first > second (75.0 %)"),
        ({"digits": torch.eye(10)[[7, 2]][None]}, "first > second; reads 7 and 2"),
    ],
)
def test_answers_in_words(output, words):
    assert predict.describe(output) == words

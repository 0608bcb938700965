"""Pictures of digits in MNIST's form: its own are taken as they are, all others fitted, whatever paper and ink."""

import os

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline import paths, photos
from pipeline.cli import StudyError
from tests import ROOT

MNIST = Image.open(ROOT / paths.EXAMPLE_PICTURES[0]).convert("L")  # a 3, in 28x28


def averaged(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image, dtype=np.float32)).view(14, 2, 14, 2).mean((1, 3))


def test_mnist_s_own_is_averaged_as_the_data_are(tmp_path):
    MNIST.convert("RGB").save(tmp_path / "a.png")
    pixels, said = photos.read_digit(tmp_path / "a.png")
    assert (pixels - averaged(MNIST)).abs().max() < 0.01
    assert said == "taken as it is"


def ink() -> np.ndarray:
    """The digit on a sheet, (420, 500, 1): 1 where there is ink."""
    sheet = Image.new("L", (500, 420))
    sheet.paste(MNIST.resize((300, 300), Image.Resampling.BICUBIC), (90, 60))
    return np.array(sheet, dtype=np.float32)[..., None] / 255


def photographed(ink: np.ndarray, paper=(235, 230, 215), pen=(30, 30, 60), noise=6.0, shadow=0.0) -> Image.Image:
    """Ink on paper, under light that falls off from left to right by a share of it."""
    sheet = ink * np.array(pen) + (1 - ink) * np.array(paper)
    sheet *= 1 - shadow * np.linspace(0, 1, ink.shape[1])[None, :, None]
    sheet += np.random.default_rng(0).normal(0, noise, sheet.shape)
    return Image.fromarray(sheet.clip(0, 255).astype(np.uint8))


DARK, LIGHT = "dark on a light ground, so inverted", "light on a dark ground"
PHOTOS = {
    "pen on paper": (photographed(ink()), DARK),
    "chalk on a board": (photographed(ink(), paper=(30, 60, 40), pen=(240, 240, 235)), LIGHT),
    "red on blue, as bright": (photographed(ink(), paper=(40, 110, 200), pen=(200, 60, 90)), DARK),
    "in a shadow": (photographed(ink(), shadow=0.7), DARK),
}


@pytest.mark.parametrize("kind", PHOTOS)
def test_a_photo_is_fitted_to_mnist_s_form(tmp_path, kind):
    picture, said = PHOTOS[kind]
    picture.save(tmp_path / "a.png")
    pixels, told = photos.read_digit(tmp_path / "a.png")
    assert told == f"{said}; fitted to MNIST's size"
    assert torch.corrcoef(torch.stack([pixels.flatten(), averaged(MNIST).flatten()]))[0, 1] > 0.9
    assert pixels.min() == 0
    assert pixels.max() > 200


def test_orientation_is_obeyed(tmp_path):
    """A photo stored on its side, and EXIF's tag that says so."""
    stored = PHOTOS["pen on paper"][0].transpose(Image.Transpose.ROTATE_90)
    exif = stored.getexif()
    exif[0x0112] = 6
    stored.save(tmp_path / "a.jpg", exif=exif)
    pixels, _ = photos.read_digit(tmp_path / "a.jpg")
    assert torch.corrcoef(torch.stack([pixels.flatten(), averaged(MNIST).flatten()]))[0, 1] > 0.9


@pytest.mark.parametrize(("content", "most"), [(b"", 784), (b"\x89PNG\r\n\x1a\n", 784), (None, 783)])
def test_what_is_no_picture_or_too_large_a_one_is_refused(tmp_path, monkeypatch, content, most):
    monkeypatch.setattr(photos, "MOST_PIXELS", most)
    MNIST.save(tmp_path / "a.png")
    if content is not None:
        (tmp_path / "a.png").write_bytes(content)
    reason = "not an image that can be read, or damaged" if most == MNIST.width * MNIST.height else "too many pixels"
    with pytest.raises(StudyError, match=rf"a\.png: {reason}[^\n]+$"):
        photos.read_digit(tmp_path / "a.png")


BLANK = {
    "paper": photographed(np.zeros((300, 400, 1)), shadow=0.5),
    "black": Image.new("L", (200, 300)),
    "transparent": Image.new("RGBA", (200, 200)),
    "one pixel": Image.new("RGB", (1, 1), "red"),
}


@pytest.mark.parametrize("kind", BLANK)
def test_what_is_blank_shows_no_digit(tmp_path, kind):
    BLANK[kind].save(tmp_path / "a.png")
    with pytest.raises(StudyError, match="no digit stands out"):
        photos.read_digit(tmp_path / "a.png")


def test_a_named_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StudyError, match="pipe: not a regular file"):
        photos.read_digit(tmp_path / "pipe")

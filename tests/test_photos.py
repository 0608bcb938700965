"""Pictures of digits in MNIST's form: its own are taken as they are, all others fitted, whatever paper and ink."""

import os
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline import paths, photos
from pipeline.cli import StudyError
from tests import ROOT

MNIST = Image.open(ROOT / paths.EXAMPLE_PICTURES[0]).convert("L")  # a 3, in 28x28
ORIENTATION = 0x0112  # EXIF's tag
# By its value, how a picture is stored so that a viewer who obeys it sees it upright.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def averaged(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image, dtype=np.float32)).view(14, 2, 14, 2).mean((1, 3))


def as_files_may_hold_it() -> dict[str, Image.Image]:
    """The same digit in each kind of pixels."""
    clear = Image.merge("LA", (Image.new("L", MNIST.size, 255), MNIST))
    palette = MNIST.convert("P")
    palette.putpalette([level for level in range(256) for _ in range(3)])
    return {
        "grey": MNIST,
        "RGB": MNIST.convert("RGB"),
        "white on transparent": clear,
        "white on transparent, RGBA": clear.convert("RGBA"),
        "palette": palette,
        "16 bits": Image.fromarray(np.array(MNIST, dtype=np.uint16) * 257),
    }


@pytest.mark.parametrize("kind", as_files_may_hold_it())
def test_mnist_s_own_is_averaged_as_the_data_are(tmp_path, kind):
    as_files_may_hold_it()[kind].save(tmp_path / "a.png")
    pixels, said = photos.read_digit(tmp_path / "a.png")
    assert (pixels - averaged(MNIST)).abs().max() < 0.01
    assert said == "taken as it is"


def test_14x14_of_one_bit_is_taken_as_it_is(tmp_path):
    Image.fromarray(np.eye(14) > 0).save(tmp_path / "a.png")
    assert torch.equal(photos.read_digit(tmp_path / "a.png")[0], 255 * torch.eye(14))


def ink(width: int = 500, height: int = 420, size: int = 300, at: tuple[int, int] = (90, 60)) -> np.ndarray:
    """The digit on a sheet, (height, width, 1): 1 where there is ink."""
    sheet = Image.new("L", (width, height))
    sheet.paste(MNIST.resize((size, size), Image.Resampling.BICUBIC), at)
    return np.array(sheet, dtype=np.float32)[..., None] / 255


def photographed(ink: np.ndarray, paper=(235, 230, 215), pen=(30, 30, 60), noise=6.0, shadow=0.0) -> Image.Image:
    """Ink on paper, under light that falls off from left to right by a share of it."""
    sheet = ink * np.array(pen) + (1 - ink) * np.array(paper)
    sheet *= 1 - shadow * np.linspace(0, 1, ink.shape[1])[None, :, None]
    sheet += np.random.default_rng(0).normal(0, noise, sheet.shape)
    return Image.fromarray(sheet.clip(0, 255).astype(np.uint8))


def specks() -> np.ndarray:
    """The digit with dirt beside it, and a dark edge of the picture."""
    sheet = ink()
    sheet[10:14, 10:14] = sheet[400:404, 450:455] = 1
    sheet[:, -20:] = 1
    return sheet


DARK, LIGHT = "dark on a light ground, so inverted", "light on a dark ground"
PHOTOS = {
    "pen on paper": (photographed(ink()), DARK),
    "chalk on a board": (photographed(ink(), paper=(30, 60, 40), pen=(240, 240, 235)), LIGHT),
    "faint pencil": (photographed(ink(), pen=(205, 200, 190)), DARK),
    "red on blue, as bright": (photographed(ink(), paper=(40, 110, 200), pen=(200, 60, 90)), DARK),
    "in a shadow": (photographed(ink(), shadow=0.7), DARK),
    "in a corner": (photographed(ink(900, 1200, 160, (690, 980))), DARK),
    "with dirt": (photographed(specks()), DARK),
    "28x28": (photographed(ink(28, 28, 28, (0, 0)), noise=0), DARK),
    "black on transparent": (Image.fromarray((np.pad(ink(), [(0, 0), (0, 0), (3, 0)]) * 255).astype(np.uint8)), DARK),
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


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_orientation_is_obeyed(tmp_path, orientation, name):
    stored = PHOTOS["pen on paper"][0].transpose(STORED[orientation])
    exif = stored.getexif()
    exif[ORIENTATION] = orientation
    stored.save(tmp_path / name, exif=exif)
    pixels, _ = photos.read_digit(tmp_path / name)
    assert torch.corrcoef(torch.stack([pixels.flatten(), averaged(MNIST).flatten()]))[0, 1] > 0.9


@pytest.mark.parametrize("name", ["a.bmp", "a.gif", "a.jpeg"])
def test_formats(tmp_path, name):
    MNIST.save(tmp_path / name)
    assert (photos.read_digit(tmp_path / name)[0] - averaged(MNIST)).abs().max() < 12  # JPEG loses some


def test_16_bits_with_a_transparent_value(tmp_path):
    levels = np.array(MNIST, dtype=np.uint16) * 257
    levels[levels == 0] = 40_000  # a ground that is not to be seen
    Image.fromarray(levels).save(tmp_path / "a.png", transparency=40_000)
    assert (photos.read_digit(tmp_path / "a.png")[0] - averaged(MNIST)).abs().max() < 0.01


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of eight bits of grey with these chunks and no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), *chunks, (b"IEND", b"")):
        content += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return content


TEXT = b"Comment\0\0" + zlib.compress(bytes(2**24))
PIXELS = (b"IDAT", zlib.compress(bytes([0, *[9] * 28]) * 28))
DAMAGED = "not an image that can be read, or damaged; PNG and JPEG can"
NO_DIGITS = {
    "2.5 gigapixels": (png(50_000, 50_000, PIXELS), "too many pixels; at most 120,000,000 are read"),
    "16 MB of text in 16 kB": (png(28, 28, (b"zTXt", TEXT), PIXELS), DAMAGED),
    "the same behind the pixels": (png(28, 28, PIXELS, (b"zTXt", TEXT)), DAMAGED),
    "broken pixels": (png(28, 28, (b"IDAT", PIXELS[1][:9])), DAMAGED),
    "empty": (b"", DAMAGED),
    "all of one grey": (png(28, 28, PIXELS), "no digit stands out from its ground"),
}


@pytest.mark.parametrize("kind", NO_DIGITS)
def test_what_is_no_digit_is_one_line(tmp_path, kind):
    content, reason = NO_DIGITS[kind]
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(StudyError) as caught:
        photos.read_digit(tmp_path / "a.png")
    assert str(caught.value).startswith(f"{tmp_path / 'a.png'}: {reason}")
    assert "\n" not in str(caught.value)


def test_blank_paper_shows_no_digit(tmp_path):
    photographed(np.zeros((300, 400, 1)), shadow=0.5).save(tmp_path / "a.png")
    with pytest.raises(StudyError, match="no digit stands out"):
        photos.read_digit(tmp_path / "a.png")


def test_a_named_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StudyError, match="pipe: not a regular file"):
        photos.read_digit(tmp_path / "pipe")


def test_no_other_program_is_started(tmp_path, monkeypatch):
    """Pillow would have Ghostscript draw an EPS."""
    Image.new("L", (28, 28), 9).save(tmp_path / "a.png", format="EPS")
    monkeypatch.setattr("subprocess.check_call", lambda *arguments, **named: pytest.fail("a program was started"))
    with pytest.raises(StudyError, match="not an image"):
        photos.read_digit(tmp_path / "a.png")

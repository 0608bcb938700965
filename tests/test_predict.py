"""Comparing two digits with a trained network, as a user does."""

import struct
import sys
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline import pair, paths, predict
from pipeline.script import StudyError, write_whole
from pipeline.training.executor import compute


@pytest.fixture
def trained(small_study):
    combo = small_study.combo("convnet", "weight_sharing_aux_loss")
    runs = small_study.runs(combo)[:1]
    (finished,) = compute(runs, pair.read([runs[0].data.draw]), torch.device("cpu"))
    write_whole(paths.weights(combo.key, 0), finished.weights)
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
    with pytest.raises(StudyError, match="the network has test pairs 0 to 39"):
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
    with pytest.raises(FileNotFoundError, match=r"none\.png"):  # run_script makes a line of it
        predict.read_image(tmp_path / "none.png")


LEVELS = np.arange(28 * 28).reshape(28, 28) % 256  # of grey


def images() -> dict[str, Image.Image]:
    """The same digit, 0 to 255, in the ways in which a file may hold it."""
    grey = Image.fromarray(LEVELS.astype(np.uint8))
    clear = Image.merge("LA", (Image.new("L", grey.size, 255), grey))
    palette = grey.convert("P")
    palette.putpalette([level for level in range(256) for _ in range(3)])
    return {
        "grey": grey,
        "RGB": grey.convert("RGB"),
        "RGBA, opaque": grey.convert("RGBA"),
        "white on transparent": clear,
        "white on transparent, RGBA": clear.convert("RGBA"),
        "palette": palette,
        "16 bits": Image.fromarray((LEVELS * 257).astype(np.uint16)),
    }


@pytest.mark.parametrize("kind", images())
def test_kinds_of_images_mean_the_same(tmp_path, kind):
    images()[kind].save(tmp_path / "a.png")
    expected = torch.from_numpy(LEVELS).float().view(14, 2, 14, 2).mean((1, 3))
    assert (predict.read_image(tmp_path / "a.png") - expected).abs().max() < 0.01


@pytest.mark.parametrize("name", ["a.bmp", "a.gif", "a.jpeg"])
def test_formats(tmp_path, name):
    images()["grey"].crop((0, 0, 14, 14)).save(tmp_path / name)
    assert predict.read_image(tmp_path / name)[3, 5] == pytest.approx(LEVELS[3, 5], abs=8)  # JPEG loses some


def test_one_bit(tmp_path):
    Image.fromarray(np.eye(14) > 0).save(tmp_path / "a.png")
    assert torch.equal(predict.read_image(tmp_path / "a.png"), 255 * torch.eye(14))


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of eight bits of grey with these chunks and no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), *chunks, (b"IEND", b"")):
        content += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return content


TEXT = b"Comment\0\0" + zlib.compress(bytes(2**24))
PIXELS = (b"IDAT", zlib.compress(bytes([0, *[9] * 28]) * 28))


SIZES = "the networks read 14x14 or 28x28"
DAMAGED = "not an image that can be read, or damaged; PNG is one that can"
NO_DIGITS = {
    "2.5 gigapixels": (png(50_000, 50_000, PIXELS), f"far too many pixels; {SIZES}"),
    "100 megapixels": (png(10_000, 10_000, PIXELS), f"10000x10000 pixels; {SIZES}"),
    "half": (png(28, 14, PIXELS), f"28x14 pixels; {SIZES}"),
    "16 MB of text in 16 kB": (png(28, 28, (b"zTXt", TEXT), PIXELS), DAMAGED),
    "the same behind the pixels": (png(28, 28, PIXELS, (b"zTXt", TEXT)), DAMAGED),
    "broken pixels": (png(28, 28, (b"IDAT", PIXELS[1][:9])), DAMAGED),
    "cut off": (png(28, 28, PIXELS)[:50], DAMAGED),
    "black": (png(28, 28, (b"IDAT", zlib.compress(bytes(29 * 28)))), "all black; draw a light digit on a dark ground"),
    "empty": (b"", DAMAGED),
}


@pytest.mark.parametrize("kind", NO_DIGITS)
def test_what_is_no_digit_is_one_line(tmp_path, kind):
    content, reason = NO_DIGITS[kind]
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(StudyError) as caught:
        predict.read_image(tmp_path / "a.png")
    assert str(caught.value).startswith(f"{tmp_path / 'a.png'}: {reason}")
    assert "\n" not in str(caught.value)


def test_no_other_program_is_started(tmp_path, monkeypatch):
    """Pillow would have Ghostscript draw an EPS."""
    Image.new("L", (28, 28), 9).save(tmp_path / "a.png", format="EPS")
    monkeypatch.setattr("subprocess.check_call", lambda *arguments, **named: pytest.fail("a program was started"))
    with pytest.raises(StudyError, match="not an image"):
        predict.read_image(tmp_path / "a.png")


def test_pixels_of_another_size_are_not_decoded(tmp_path, monkeypatch):
    draw(tmp_path / "a.png", (1000, 1000))
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda image: pytest.fail("it was decoded"))
    with pytest.raises(StudyError, match="1000x1000 pixels"):
        predict.read_image(tmp_path / "a.png")


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

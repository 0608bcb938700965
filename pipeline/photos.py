"""Pictures of digits as the networks read them: what looks like MNIST is taken as it is, all else is fitted to it.

A digit of MNIST is light on black, fills a box of 20x20 pixels, and lies in 28x28 with its centre of mass at pixel 14,
14, counted from 0 (LeCun, Cortes and Burges; the pixel is measured). The study averages it to 14x14.
"""

import stat
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image, ImageOps
from scipy import ndimage
from torch import Tensor

from pipeline.cli import StudyError

FORMATS = ("PNG", "JPEG", "BMP", "GIF")  # not all of Pillow's: EPS, for one, would start another program
MOST_PIXELS = 120_000_000  # of a picture, before it is decoded
WORKING_SIDE = 512  # pixels to which a larger picture is reduced
SIDES = (14, 28)  # of what may be taken as it is
SIDE, BOX = 28, 20  # MNIST's, in pixels
BLACK, LIGHT = 32, 128  # grey levels: MNIST's ground is below the first, its ink above the second
FAINTEST = 6  # grey levels by which ink must differ from its ground, on average
EDGE = 0.1  # of full ink: what is fainter is no part of the digit's box
SPECK = 0.1  # of the largest part's ink: a part that has less is dirt


def read_digit(path: Path) -> tuple[Tensor, str]:
    """A picture's digit, (14, 14) pixels from 0 to 255, light on black; and what was done to it, in words.

    Raises StudyError if it is no picture, too large, or shows no digit, and OSError if it cannot be opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise StudyError(f"{path}: not a regular file; name a picture")
    with path.open("rb") as file:
        colours = _decode(path, file)
    grey = colours.mean(2)
    if grey.shape[0] == grey.shape[1] and grey.shape[0] in SIDES and _looks_like_mnist(colours):
        digit, said = grey, "taken as it is"
    else:
        digit, said = _fitted(path, colours)
    pixels = torch.from_numpy(np.ascontiguousarray(digit, dtype=np.float32))
    return (pixels.view(14, 2, 14, 2).mean((1, 3)) if len(pixels) == SIDE else pixels), said


def _decode(path: Path, file: BinaryIO) -> np.ndarray:
    """Colours (H, W, 3) from 0 to 255, float32, upright; StudyError if the file holds no picture that can be read."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(file, formats=FORMATS) as image:
            if image.width * image.height <= MOST_PIXELS:  # known from the header
                image.draft(None, (WORKING_SIDE, WORKING_SIDE))  # a large JPEG is decoded in part
                return np.array(_on_plain_ground(ImageOps.exif_transpose(image)), dtype=np.float32)
    except Image.DecompressionBombError:
        pass
    except Exception:  # of a damaged file Pillow raises nearly any, OSError, ValueError and SyntaxError among them
        raise StudyError(f"{path}: not an image that can be read, or damaged; PNG and JPEG can") from None
    raise StudyError(f"{path}: too many pixels; at most {MOST_PIXELS:,} are read")


def _on_plain_ground(image: Image.Image) -> Image.Image:
    """RGB, of working size; what is transparent becomes black behind light ink, and white behind dark ink."""
    if image.mode.startswith("I"):  # 16 bits; Pillow's own conversion would cut off all above 255
        levels = np.array(image)
        parts = (levels / 257, 255 * (levels != image.info.get("transparency", -1)))
        image = Image.merge("LA", [Image.fromarray(part.astype(np.uint8)) for part in parts])
    image = image.convert("RGBA")
    image.thumbnail((WORKING_SIDE, WORKING_SIDE))
    *colours, alpha = (np.array(band, dtype=np.float32) for band in image.split())
    light = np.average(sum(colours) / 3, weights=alpha) >= LIGHT if alpha.any() else True
    ground = Image.new("RGBA", image.size, "black" if light or alpha.all() else "white")
    return Image.alpha_composite(ground, image).convert("RGB")


def _looks_like_mnist(colours: np.ndarray) -> bool:
    """Whether it is light ink on black."""
    edge = np.concatenate([colours[0], colours[-1], colours[:, 0], colours[:, -1]])
    return np.median(edge) < BLACK and colours.max() >= LIGHT


def _fitted(path: Path, colours: np.ndarray) -> tuple[np.ndarray, str]:
    """The digit (28, 28) in MNIST's form, and what was done; StudyError if nothing stands out from the ground."""
    difference = colours - _ground(colours)  # (H, W, 3)
    distance = np.linalg.norm(difference, axis=2) / np.sqrt(3)
    nothing = StudyError(f"{path}: no digit stands out from its ground; draw a dark one on light paper, or the reverse")
    if np.ptp(distance) < FAINTEST:
        raise nothing
    threshold = _threshold(distance)
    ink = _digit_parts(distance > threshold, distance)
    if not ink.any() or distance[ink].mean() - distance[~ink].mean() < FAINTEST:
        raise nothing
    dark = difference[ink].mean() < 0
    near = ndimage.binary_dilation(ink, iterations=1)  # with the soft edge of a stroke
    low, high = threshold / 2, np.percentile(distance[ink], 75)
    stretched = np.where(near, np.clip((distance - low) / (high - low), 0, 1), 0)
    said = "dark on a light ground, so inverted" if dark else "light on a dark ground"
    box = ndimage.find_objects((stretched > EDGE).astype(int))[0]
    return _centred(_in_box(stretched[box])), f"{said}; fitted to MNIST's size"


def _ground(colours: np.ndarray) -> np.ndarray:
    """The colour of the paper at every pixel: a quadratic surface through what is most alike, which follows shadows."""
    height, width, _ = colours.shape
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2).reshape(-1, 6)
    flat = colours.reshape(-1, 3)
    surface = np.median(flat, axis=0)
    for _ in range(6):
        distance = np.linalg.norm(flat - surface, axis=1)
        alike = distance <= max(1.0, 2 * np.median(distance))
        surface = terms @ np.linalg.lstsq(terms[alike], flat[alike], rcond=None)[0]
    return surface.reshape(colours.shape)


def _threshold(values: np.ndarray) -> float:
    """The value that parts them into two groups with the largest variance between (Otsu)."""
    counts, edges = np.histogram(values, bins=256)
    middles = (edges[:-1] + edges[1:]) / 2
    below, total = np.cumsum(counts), counts.sum()
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (sums[-1] * below / total - sums) ** 2 / (below * (total - below))
    return float(edges[1:][np.nanargmax(between[:-1])])


def _digit_parts(mask: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """The parts of the mask that are the digit's: no specks, nor what the edge cuts, if anything else is there."""
    parts, count = ndimage.label(mask, structure=np.ones((3, 3)))
    if not count:
        return mask
    ink = ndimage.sum_labels(distance, parts, range(1, count + 1))
    cut = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    inside = ~np.isin(range(1, count + 1), cut)
    if inside.any() and ink[inside].max() >= SPECK * ink.max():
        ink = np.where(inside, ink, 0)
    return np.isin(parts, 1 + np.flatnonzero(ink >= SPECK * ink.max()))


def _in_box(ink: np.ndarray) -> np.ndarray:
    """Ink (h, w) from 0 to 1 as grey levels to 255, its longer side 20 pixels."""
    scale = BOX / max(ink.shape)
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    small = np.array(Image.fromarray(ink.astype(np.float32)).resize((width, height), Image.Resampling.BOX))
    return 255 * np.clip(small / np.percentile(small[small > 0], 90), 0, 1)


def _centred(digit: np.ndarray) -> np.ndarray:
    """A digit of at most 20x20 in 28x28, with its centre of mass where MNIST has it."""
    placed = np.zeros((SIDE, SIDE), dtype=np.float32)
    corner = [
        int(np.clip(round(SIDE / 2 - middle), 0, SIDE - side))
        for middle, side in zip(ndimage.center_of_mass(digit), digit.shape, strict=True)
    ]
    placed[tuple(slice(start, start + side) for start, side in zip(corner, digit.shape, strict=True))] = digit
    return placed

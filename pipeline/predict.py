"""Compare two digits with a trained network.

    python -m pipeline.predict models/convnet-weight_sharing_aux_loss/seed_0.safetensors first.png second.png
    python -m pipeline.predict models/convnet-weight_sharing_aux_loss/seed_0.safetensors --test-pair 7

An image is a digit, light on dark as in MNIST, of 14x14 or 28x28 pixels (28x28 is averaged to 14x14), as a PNG, JPEG,
BMP or GIF in grey or colours; what is transparent shows black. With --test-pair, it is a pair of data/pairs that the
network was tested on, and the true digits are shown too.
"""

import argparse
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pipeline import pair, weights
from pipeline.networks.pair_network import Output, answers
from pipeline.script import StudyError, run_script

FORMATS = ("PNG", "JPEG", "BMP", "GIF")  # not all of Pillow's: EPS, for one, would start another program
SIZES = ((14, 14), (28, 28))


def read_image(path: Path) -> Tensor:
    """A digit image as (14, 14) pixels from 0 to 255.

    Raises StudyError if it is no image, of another size, or blank, and OSError if it cannot be opened.
    """
    with path.open("rb") as file:
        pixels = torch.from_numpy(_decode(path, file))
    if not pixels.any():
        raise StudyError(f"{path}: all black; draw a light digit on a dark ground (what is transparent shows black)")
    return pixels.view(14, 2, 14, 2).mean((1, 3)) if pixels.shape == (28, 28) else pixels


def _decode(path: Path, file: BinaryIO) -> np.ndarray:
    """Grey levels from 0 to 255, float32; StudyError if the file holds no image that can be read, or another size."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(file, formats=FORMATS) as image:
            if image.size in SIZES:  # known from the header: nothing else is decoded
                return _grey_levels(image)
            size = "{}x{} pixels".format(*image.size)
    except Image.DecompressionBombError:
        size = "far too many pixels"
    except Exception:  # of a damaged file Pillow raises nearly any, OSError, ValueError and SyntaxError among them
        raise StudyError(f"{path}: not an image that can be read, or damaged; PNG is one that can") from None
    raise StudyError(f"{path}: {size}; the networks read 14x14 or 28x28")


def _grey_levels(image: Image.Image) -> np.ndarray:
    """An image of any kind, laid on black: float32 from 0 to 255."""
    if image.mode.startswith("I"):  # 16 bits; Pillow's own conversion would cut off all above 255
        return np.array(image, dtype=np.float32) / 257
    black = Image.new("RGBA", image.size, "black")
    return np.array(Image.alpha_composite(black, image.convert("RGBA")).convert("L"), dtype=np.float32)


def describe(output: Output) -> str:
    """The network's answer to one pair in words, with its probability, and the digits where it reads them."""
    yes = bool(answers(output))
    text = "first <= second" if yes else "first > second"
    if "comparison" in output:
        logits = output["comparison"][0]  # (2,) or (1,)
        probability = logits.softmax(0)[1] if len(logits) == 2 else logits.sigmoid()[0]
        text += f" ({100 * float(probability if yes else 1 - probability):.1f} %)"
    if "digits" in output:
        first, second = output["digits"][0].argmax(-1).tolist()
        text += f"; reads {first} and {second}"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare two digits with a trained network.")
    parser.add_argument("weights", type=Path, help="models/COMBO/seed_K.safetensors")
    parser.add_argument("images", type=Path, nargs="*", help="two images of a digit each")
    parser.add_argument("--test-pair", type=int, metavar="N", help="the N-th test pair of the network's run, from 0")
    arguments = parser.parse_args()
    if (arguments.test_pair is None) != (len(arguments.images) == 2) or len(arguments.images) not in (0, 2):
        parser.error("give either two images or --test-pair N")

    trained = weights.load(arguments.weights)
    if arguments.test_pair is None:
        images = torch.stack([read_image(path) for path in arguments.images])
        print(describe(trained(images[None])))
        return
    data = trained.origin.run.data
    if not 0 <= arguments.test_pair < data.test_pairs:
        raise StudyError(f"--test-pair {arguments.test_pair}: the network has test pairs 0 to {data.test_pairs - 1}")
    test = pair.read([data.draw], ["train", "test"]).test
    chosen = test.draws[data.draw][arguments.test_pair].long()  # (2,)
    first, second = test.labels[chosen].tolist()
    print(f"{describe(trained(test.images[chosen][None].float()))} (true digits: {first} and {second})")


if __name__ == "__main__":
    run_script(main)

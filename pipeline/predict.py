"""Compare two digits with a trained network.

    python -m pipeline.predict models/convnet-weight_sharing_aux_loss/seed_0.safetensors first.png second.png
    python -m pipeline.predict models/convnet-weight_sharing_aux_loss/seed_0.safetensors --test-pair 7

An image is a digit, light on dark as in MNIST, of 14x14 or 28x28 pixels (28x28 is averaged to 14x14). With
--test-pair, it is a pair of data/pairs that the network was tested on, and the true digits are shown too.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from pipeline.networks.pair_network import Output, answers
from pipeline.script import StudyError, run_script
from pipeline.training import weights
from pipeline.training.data import load_runs


def read_image(path: Path) -> Tensor:
    """A digit image as (14, 14) pixels from 0 to 255; StudyError if it is none of 14x14 or 28x28."""
    try:
        with Image.open(path) as image:
            pixels = torch.from_numpy(np.array(image.convert("L"), dtype=np.float32))
    except FileNotFoundError:
        raise StudyError(f"{path}: not found") from None
    except UnidentifiedImageError:
        raise StudyError(f"{path}: not an image that can be read; PNG is one that can") from None
    if pixels.shape == (28, 28):
        return pixels.view(14, 2, 14, 2).mean((1, 3))
    if pixels.shape == (14, 14):
        return pixels
    height, width = pixels.shape
    raise StudyError(f"{path}: {width}x{height} pixels; the networks read 14x14 or 28x28")


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
        pair = torch.stack([read_image(path) for path in arguments.images])
        print(describe(trained(pair[None])))
        return
    test = load_runs([trained.origin.seed], standardize=False).test
    count = test.digits.shape[1]
    if not 0 <= arguments.test_pair < count:
        raise StudyError(
            f"--test-pair {arguments.test_pair}: run {trained.origin.seed} has test pairs 0 to {count - 1}"
        )
    first, second = test.digits[0, arguments.test_pair].tolist()
    answer = describe(trained(test.images[0, arguments.test_pair][None]))
    print(f"{answer} (true digits: {first} and {second})")


if __name__ == "__main__":
    run_script(main)

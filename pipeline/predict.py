"""Compare two digits with a trained network.

    python -m pipeline.predict                          the two examples, by the network beside them
    python -m pipeline.predict first.jpg second.png
    python -m pipeline.predict --weights models/convnet-baseline/seed_0.safetensors --test-pair 7

A picture is a photo or a drawing of one digit, of any size, dark on light or light on dark (PNG, JPEG, BMP or GIF);
what was done to it is said on standard error. With --test-pair, it is a pair of data/pairs that the network was tested
on, and the true digits are shown too.
"""

import argparse
import sys
from pathlib import Path

import torch

from pipeline import paths
from pipeline.backends import pairs, weights
from pipeline.backends.weights import TrainedNetwork
from pipeline.cli import StudyError, run_script
from pipeline.engine.data import select
from pipeline.engine.network import Output, answers
from pipeline.photos import read_digit


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


def of_pictures(trained: TrainedNetwork, files: list[Path]) -> str:
    """The answer to two pictures."""
    digits = []
    for file in files:
        digit, said = read_digit(file)
        digits.append(digit)
        print(f"{file}: {said}", file=sys.stderr)
    return describe(trained(torch.stack(digits)[None]))


def of_test_pair(trained: TrainedNetwork, number: int) -> str:
    """The answer to a test pair of the network's run, from 0, and the true digits.

    Raises StudyError if there is no such pair, or data/pairs are of another data set.
    """
    run = trained.origin.run.with_fields({"data.standardize": False, "data.fold": None})  # as the network is given them
    if not 0 <= number < run.data.test_pairs:
        raise StudyError(f"--test-pair {number}: the network has test pairs 0 to {run.data.test_pairs - 1}")
    test = select([run], pairs.read([run.data.draw])).test
    first, second = test.digits[0, number].tolist()
    return f"{describe(trained(test.images[0, number][None]))} (true digits: {first} and {second})"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m pipeline.predict", description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path, nargs="*", help="two pictures of a digit each; by default two examples")
    parser.add_argument("--weights", type=Path, default=paths.EXAMPLE, help=f"of a network; by default {paths.EXAMPLE}")
    parser.add_argument("--test-pair", type=int, metavar="N", help="the N-th test pair of the network's run, from 0")
    arguments = parser.parse_args()
    if len(arguments.pictures) not in (0, 2) or (arguments.pictures and arguments.test_pair is not None):
        parser.error("give two pictures, or --test-pair N, or neither for the two examples")
    trained = weights.load(arguments.weights)
    if arguments.test_pair is not None:
        print(of_test_pair(trained, arguments.test_pair))
    else:
        print(of_pictures(trained, arguments.pictures or list(paths.EXAMPLE_PICTURES)))


if __name__ == "__main__":
    run_script(main)

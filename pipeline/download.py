"""Stage `download`: writes data/raw, the four files of the data set as published.

Source: MNIST (LeCun, Cortes and Burges), from the first place that delivers a file with its known MD5: the environment
variable MNIST_MIRROR, the folder ../shared/mnist, data.mirrors of params.yaml. With `data.source: digits` it is the
1,797 digits inside scikit-learn (UCI, Optical Recognition of Handwritten Digits), written in the same format.

`python -m pipeline.download --probe` writes nothing; its exit status is 3 where MNIST cannot be had.
"""

import hashlib
import http.client
import os
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from typing import BinaryIO

from torchvision.datasets import MNIST
from torchvision.datasets.utils import check_integrity
from tqdm import tqdm

from pipeline import idx, params, paths
from pipeline.script import StudyError, run_script, write_whole

MD5 = dict(MNIST.resources)  # file name -> MD5
SHARED = "../shared/mnist"
TIMEOUT = 20  # seconds without a byte, after which a host counts as hung
DEADLINE = 120  # seconds for a file, however busy its host seems
CHUNK = 2**16  # bytes
LARGEST = 10 * 2**20  # bytes; the largest of the four files has 9,912,422
UNAVAILABLE = 3  # exit status of --probe; 1 is any other failure
TEST_DIGITS = 500  # of scikit-learn's 1,797


def sources(mirrors: list[str]) -> list[str]:
    """Where MNIST may be, in the order in which it is looked for: folders and URLs."""
    own = os.environ.get("MNIST_MIRROR")
    return ([own] if own else []) + ([SHARED] if _folder(SHARED).is_dir() else []) + mirrors


def fetch(names: list[str], folder: Path, mirrors: list[str]) -> None:
    """Put these files of MNIST into the folder; one that is there and whole stays.

    A source that does not deliver a file is not asked for another. A file gets its name only when it is whole.
    Raises StudyError, with every source's reason, if a file could not be had, and OSError if it could not be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in names if not check_integrity(folder / name, MD5[name])]
    failures = []
    for source in sources(mirrors):
        while missing:
            name = missing[0]
            try:
                content = _in_time(_read, source, name)
            except (OSError, ValueError, http.client.HTTPException) as error:
                failures.append(f"{source.rstrip('/')}/{name}: {_reason(error)}")
                break
            write_whole(folder / name, content)
            print(f"{missing.pop(0)}: from {source}")
    if missing:
        raise StudyError(
            f"MNIST cannot be had: {'; '.join(failures) or 'data.mirrors is empty'}; set MNIST_MIRROR to a folder or a "
            "URL that holds its four files, or try the study on other data with `make demo`"
        )
    for failure in failures:
        print(f"passed over {failure}")


def write_digits(folder: Path) -> None:
    """Write scikit-learn's 1,797 digits as MNIST's files: 28x28, 0 to 255; the last 500 are the test images.

    Every digit is in one of the two parts, and the same bytes are written each time.
    """
    import torch
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = torch.from_numpy(digits.images)[:, None]  # (1797, 1, 8, 8), 0 to 16
    images = torch.nn.functional.interpolate(images, (28, 28), mode="bilinear")[:, 0]  # (1797, 28, 28)
    images = (images * (255 / 16)).round().byte().numpy()
    folder.mkdir(parents=True, exist_ok=True)
    for split, part in (("train", slice(None, -TEST_DIGITS)), ("test", slice(-TEST_DIGITS, None))):
        idx.write(folder / idx.IMAGES[split], images[part])
        idx.write(folder / idx.LABELS[split], digits.target[part].astype("uint8"))


def probe(data: params.Data) -> None:
    """Ask for the smallest file, unless nothing is needed; raises StudyError if no source delivers it."""
    in_place = all(check_integrity(paths.RAW / name, md5) for name, md5 in MD5.items())
    if data.source == "mnist" and not in_place:
        with tempfile.TemporaryDirectory() as folder:
            fetch([idx.LABELS["test"]], Path(folder), data.mirrors)


def main() -> None:
    data = params.load().data
    if sys.argv[1:] == ["--probe"]:
        try:
            probe(data)
        except StudyError as error:
            print(error, file=sys.stderr)
            sys.exit(UNAVAILABLE)
    elif data.source == "digits":
        write_digits(paths.RAW)
        print(f"{paths.RAW}: scikit-learn's 1,797 digits, {TEST_DIGITS} of them for testing")
    else:
        fetch(list(MD5), paths.RAW, data.mirrors)


def _folder(source: str) -> Path:
    """A relative folder as the project's root sees it, from a temporary workspace of `dvc exp run` too."""
    return Path(os.environ.get("DVC_ROOT", ".")) / Path(source).expanduser()


def _in_time(read: Callable[[str, str], bytes], source: str, name: str) -> bytes:
    """What `read` returns or raises; ValueError if that takes longer than DEADLINE.

    It is called in a thread, which is left to itself then: a host that sends its headers byte by byte never times out.
    """
    result = Future()

    def call() -> None:
        try:
            result.set_result(read(source, name))
        except Exception as error:
            result.set_exception(error)

    threading.Thread(target=call, daemon=True).start()
    wait([result], timeout=DEADLINE)
    if not result.done():
        raise ValueError(f"not whole after {DEADLINE} s")
    return result.result()


def _read(source: str, name: str) -> bytes:
    """One file of a source; raises ValueError if it is not MNIST's, or whatever urllib raises. Gives up at DEADLINE."""
    end = time.monotonic() + DEADLINE
    content = bytearray()
    with _open(source, name) as stream:
        headers = getattr(stream, "headers", {})  # an open file has none
        size, kind = headers.get("Content-Length", ""), headers.get("Content-Type", "a file")
        size = int(size) if size.isdecimal() else None
        # disable=None: no bar where standard error is no terminal
        with tqdm(total=size, unit="B", unit_scale=True, desc=name, disable=None, leave=False) as bar:
            while chunk := stream.read1(CHUNK):
                content += chunk
                bar.update(len(chunk))
                if len(content) > LARGEST:
                    raise ValueError(f"more than {LARGEST:,} bytes, which no file of MNIST has")
                if time.monotonic() > end:
                    raise ValueError(f"not whole after {DEADLINE} s")
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != MD5[name]:
        raise ValueError(f"wrong MD5 ({kind} of {len(content):,} bytes)")
    return bytes(content)


def _open(source: str, name: str) -> BinaryIO:
    """A file of a source, open for reading; raises ValueError with a host's status, or whatever urllib raises."""
    if "://" not in source:
        return (_folder(source) / name).open("rb")
    try:
        return urllib.request.urlopen(f"{source.rstrip('/')}/{name}", timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        with error:  # it is an open connection too
            raise ValueError(f"HTTP status {error.code}") from None


def _reason(error: Exception) -> str:
    """What went wrong, in a few words on one line."""
    cause = getattr(error, "reason", error)  # urllib wraps what the connection raised
    if isinstance(cause, TimeoutError):
        return f"no answer in {TIMEOUT} s"
    said = str(getattr(cause, "strerror", None) or cause or type(cause).__name__)
    printable = "".join(letter if letter.isprintable() else " " for letter in said[:200])  # a host may have said it
    return " ".join(printable.split())


if __name__ == "__main__":
    run_script(main)

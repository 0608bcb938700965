"""Stage `download`: writes data/raw, the four files of the data set as published.

Source: MNIST (LeCun, Cortes and Burges), from the first place that delivers a file with its known MD5: the environment
variable MNIST_MIRROR, the folder ../shared/mnist, data.mirrors of params.yaml. With `data.source: digits` it is the
1,797 digits inside scikit-learn (UCI, Optical Recognition of Handwritten Digits), written in the same format.

`python -m pipeline.download --probe` writes nothing; its exit status is 3 where MNIST cannot be had.
"""

import hashlib
import http.client
import io
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from torchvision.datasets import MNIST
from torchvision.datasets.utils import check_integrity
from tqdm import tqdm

from pipeline import idx, params, paths
from pipeline.script import StudyError, run_script

MD5 = dict(MNIST.resources)  # file name -> MD5
SHARED = "../shared/mnist"
TIMEOUT = 20  # seconds without a byte, after which a host counts as hung
UNAVAILABLE = 3  # exit status of --probe; 1 is any other failure
TEST_DIGITS = 500  # of scikit-learn's 1,797


def sources(mirrors: list[str]) -> list[str]:
    """Where MNIST may be, in the order in which it is looked for: folders and URLs."""
    own = os.environ.get("MNIST_MIRROR")
    return ([own] if own else []) + ([SHARED] if _folder(SHARED).is_dir() else []) + mirrors


def fetch(names: list[str], folder: Path, mirrors: list[str]) -> None:
    """Put these files of MNIST into the folder; one that is there and whole stays.

    A source that does not deliver a file is not asked for another. A file gets its name only when it is whole.
    Raises StudyError, with every source's reason, if a file could not be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in names if not check_integrity(folder / name, MD5[name])]
    failures = []
    for source in sources(mirrors):
        while missing:
            name = missing[0]
            try:
                content = _read(source, name)
            except (OSError, ValueError, http.client.HTTPException) as error:
                failures.append(f"{source.rstrip('/')}/{name}: {_reason(error)}")
                break
            part = folder / f"{name}.part"
            part.write_bytes(content)
            part.replace(folder / name)
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


def _read(source: str, name: str) -> bytes:
    """The content of one file of a source; raises ValueError if its MD5 is wrong, or whatever urllib raises."""
    url = f"{source.rstrip('/')}/{name}" if "://" in source else (_folder(source) / name).resolve().as_uri()
    content = io.BytesIO()
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
        size = int(response.headers.get("Content-Length", 0))
        # disable=None: no bar where standard error is no terminal
        with tqdm.wrapattr(response, "read", size, desc=name, disable=None, leave=False) as stream:
            shutil.copyfileobj(stream, content)
    if hashlib.md5(content.getbuffer(), usedforsecurity=False).hexdigest() != MD5[name]:
        raise ValueError("wrong MD5")
    return content.getvalue()


def _reason(error: Exception) -> str:
    """What went wrong, in a few words on one line."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code}"
    cause = getattr(error, "reason", error)  # urllib wraps what the connection raised
    if isinstance(cause, TimeoutError):
        return f"no answer in {TIMEOUT} s"
    return " ".join(str(getattr(cause, "strerror", None) or cause or type(cause).__name__).split())


if __name__ == "__main__":
    run_script(main)

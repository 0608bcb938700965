"""Stage `download`: writes data/raw, the data set as published.

MNIST (LeCun, Cortes and Burges) is fetched, checked and unpacked by torchvision: from where MNIST_MIRROR points (a
folder or a URL), else from the folder ../shared/mnist, else from torchvision's own mirrors. Data sets of other names
have variables and folders of theirs. For `data.source: digits` nothing is fetched: they are inside scikit-learn.

`python -m pipeline.download --probe` writes nothing; its exit status is 3 where the data set cannot be had.
"""

import argparse
import http.client
import os
import shutil
import socket
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.request import url2pathname

from torchvision import datasets
from torchvision.datasets.utils import check_integrity, download_url

from pipeline import params, paths
from pipeline.cli import FULL, StudyError, run_script, say
from pipeline.datasets import DATA_SETS

FILE = "file://"  # a URL that is a folder
TIMEOUT = 20  # seconds without a byte, after which a host counts as hung
UNAVAILABLE = 3  # exit status of --probe; 1 is any other failure
FAILURES = (RuntimeError, OSError, ValueError, OverflowError, EOFError, zlib.error, http.client.HTTPException)


def sources(source: str, mirrors: Sequence[str]) -> Iterator[str]:
    """Where a data set may be, in the order in which it is looked for: folders and URLs."""
    if own := os.environ.get(f"{source.upper()}_MIRROR"):
        yield own
    if (beside := _folder(f"../shared/{source}")).is_dir():
        yield str(beside)
    yield from mirrors


def fetch(source: str, folder: Path) -> str:
    """Put a data set of torchvision's into the folder; which place it is from. StudyError if it cannot be had."""
    kind = _torchvision(source)
    place = _fetch_archives(source, folder / kind.__name__ / "raw", kind.resources)
    kind(folder, download=True)  # unpacks them
    return place


def _fetch_archives(source: str, archives: Path, resources: Sequence[tuple[str, str]]) -> str:
    """Put these archives (names, each with its MD5) of a data set into the folder; which place they are from.

    Raises StudyError, with every place's reason, if they cannot be had.
    """
    archives.mkdir(parents=True, exist_ok=True)
    failures = []
    for place in sources(source, _torchvision(source).mirrors):
        try:
            for name, md5 in resources:
                _fetch_one(place, archives, name, md5)
            return place
        except FAILURES as error:
            if getattr(error, "errno", None) in FULL:
                raise
            failures.append(f"{place}: {_reason(error)}")
    raise StudyError(
        f"{DATA_SETS[source].title} cannot be had: {'; '.join(failures)}; set {source.upper()}_MIRROR to a folder or a "
        "URL that holds its four files, or try the study on other data with `make demo`"
    )


def probe(source: str) -> None:
    """Fetch the smallest archive into a folder that is dropped; StudyError if no place has it."""
    if DATA_SETS[source].torchvision is not None:
        with tempfile.TemporaryDirectory() as folder:
            _fetch_archives(source, Path(folder), _torchvision(source).resources[-1:])  # the labels of the test images


def _torchvision(source: str) -> type[datasets.MNIST]:
    return getattr(datasets, DATA_SETS[source].torchvision)


def _fetch_one(place: str, archives: Path, name: str, md5: str) -> None:
    """Fetch an archive from a place, unless it is there; one of FAILURES if it cannot be had, or is another file."""
    if check_integrity(archives / name, md5):
        return
    if "://" in place and not place.startswith(FILE):
        download_url(f"{place.rstrip('/')}/{name}", archives, name, md5)
    else:
        shutil.copyfile(_folder(place) / name, archives / name)
    if not check_integrity(archives / name, md5):
        (archives / name).unlink()
        raise ValueError(f"{name} has a wrong MD5")


def _folder(place: str) -> Path:
    """A relative folder as the project's root sees it, from a temporary workspace of `dvc exp run` too."""
    if place.startswith(FILE):
        place = url2pathname(place.removeprefix(FILE))
    try:
        return Path(os.environ.get("DVC_ROOT", ".")) / Path(place).expanduser()
    except RuntimeError:  # `~` of nobody
        return Path(place)


def _reason(error: Exception) -> str:
    """What went wrong, in a few words on one line."""
    cause = getattr(error, "reason", error)  # urllib wraps what the connection raised
    if isinstance(cause, TimeoutError):
        return f"no answer in {TIMEOUT} s"
    said = str(getattr(cause, "strerror", None) or cause or type(cause).__name__)
    printable = "".join(letter if letter.isprintable() else " " for letter in said[:300])  # a host may have said it
    return " ".join(printable.split())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m pipeline.download", description="Fetch the data set.")
    parser.add_argument("--probe", action="store_true", help="only look whether it can be had: exit status 3 if not")
    probing, source = parser.parse_args().probe, params.load().data.source
    socket.setdefaulttimeout(TIMEOUT)
    if not sys.stderr.isatty():
        os.environ["TQDM_DISABLE"] = "1"  # torchvision's bar
    if probing:
        try:
            probe(source)
        except StudyError as error:
            print(error, file=sys.stderr)
            sys.exit(UNAVAILABLE)
        return
    paths.RAW.mkdir(parents=True, exist_ok=True)
    if DATA_SETS[source].torchvision is None:
        (paths.RAW / "README").write_text(f"{DATA_SETS[source].title}: read from the package itself.\n")
        say(f"{DATA_SETS[source].title}: nothing to fetch")
    else:
        say(f"{DATA_SETS[source].title}: from {fetch(source, paths.RAW)}")


if __name__ == "__main__":
    run_script(main)

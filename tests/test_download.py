"""Downloads from good, corrupt and absent mirrors, which are folders and a server on the loopback device."""

import errno
import gc
import gzip
import hashlib
import math
import socket
import struct
import time

import pytest
import yaml
from torchvision.datasets import MNIST

from pipeline import download, pair, paths
from pipeline.cli import StudyError
from tests import ROOT
from tests.made_up import STUDY

# Of an answer that it refuses, urllib leaves the socket to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

NAMES = [name for name, _ in MNIST.resources]
ABSENT = "http://127.0.0.1:9/absent"  # the discard port, on which nobody listens
COUNT = 5  # of images in the mirror's files
ARCHIVES = paths.RAW / "MNIST/raw"


@pytest.fixture
def mirror(workspace, monkeypatch):
    """A folder of four small files, which torchvision takes for MNIST's; its own mirrors are out of reach."""
    folder = workspace.parent / "mirror"
    folder.mkdir()
    for name in NAMES:
        sizes = (COUNT, 28, 28) if "idx3" in name else (COUNT,)
        header = struct.pack(f">{1 + len(sizes)}I", 0x800 + len(sizes), *sizes)  # as IDX files begin
        (folder / name).write_bytes(gzip.compress(header + bytes(math.prod(sizes)), mtime=0))
    digests = [(name, hashlib.md5((folder / name).read_bytes()).hexdigest()) for name in NAMES]
    monkeypatch.setattr(MNIST, "resources", digests)
    monkeypatch.setattr(MNIST, "mirrors", [f"{ABSENT}/"])
    monkeypatch.setenv("TQDM_DISABLE", "1")
    before = socket.getdefaulttimeout()
    yield folder
    socket.setdefaulttimeout(before)
    gc.collect()


def fetch(monkeypatch, place) -> None:
    monkeypatch.setenv("MNIST_MIRROR", str(place))
    write_params("mnist")
    call(monkeypatch)


def refused(monkeypatch, place) -> str:
    """The one line that says why it cannot be had."""
    with pytest.raises(StudyError, match=r"^MNIST cannot be had: [^\n]+; set MNIST_MIRROR to .*`make demo`$") as caught:
        fetch(monkeypatch, place)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_a_place_that_has_nothing_is_passed_over(mirror, monkeypatch, workspace, capsys):
    """For the next one, which is beside the checkout."""
    shared = workspace.parent / "shared/mnist"
    shared.parent.mkdir()
    assert f"{ABSENT}: " in refused(monkeypatch, ABSENT)
    mirror.rename(shared)
    fetch(monkeypatch, ABSENT)
    assert {path.name for path in ARCHIVES.iterdir()} == {*NAMES, *(name.removesuffix(".gz") for name in NAMES)}
    assert all((ARCHIVES / name).read_bytes() == (shared / name).read_bytes() for name in NAMES)
    assert len(pair.read_images("mnist", "test")[0]) == COUNT
    assert capsys.readouterr().out.splitlines()[-1] == "MNIST: from ../shared/mnist"


def test_a_damaged_file_never_lands(mirror, monkeypatch):
    path = mirror / NAMES[2]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert f"{mirror}: {NAMES[2]} has a wrong MD5; " in refused(monkeypatch, mirror)
    assert not (ARCHIVES / NAMES[2]).exists()


def call(monkeypatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["download", *arguments])
    try:
        download.main()
    except SystemExit as exit:
        return exit.code
    return 0


def write_params(source: str) -> None:
    content = STUDY.model_dump()
    content["data"] |= {"source": source, "train_pairs": 100, "test_pairs": 50}
    paths.PARAMS.write_text(yaml.safe_dump(content), encoding="utf-8")


def test_a_host_that_accepts_and_says_nothing_times_out(mirror, monkeypatch):
    write_params("mnist")
    monkeypatch.setattr(download, "TIMEOUT", 0.1)
    start = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("MNIST_MIRROR", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(StudyError, match=r": no answer in 0\.1 s; "):
            call(monkeypatch)
    assert time.monotonic() - start < 5


def test_a_disk_that_does_not_take_the_files_is_no_source_s_fault(mirror, monkeypatch):
    def full(source, destination):
        raise OSError(errno.ENOSPC, "No space left on device", str(destination))

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(OSError, match="No space left"):
        fetch(monkeypatch, mirror)


def test_whole_archives_stay_and_others_are_replaced(mirror, monkeypatch):
    fetch(monkeypatch, mirror)
    (mirror / NAMES[0]).unlink()
    (ARCHIVES / NAMES[2]).write_bytes(b"damaged")
    (ARCHIVES / NAMES[2].removesuffix(".gz")).unlink()
    fetch(monkeypatch, mirror)
    assert (ARCHIVES / NAMES[2]).read_bytes() == (mirror / NAMES[2]).read_bytes()
    assert len(pair.read_images("mnist", "test")[0]) == COUNT


def test_probe(mirror, monkeypatch, capsys):
    write_params("mnist")
    assert call(monkeypatch, "--probe") == download.UNAVAILABLE
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.setenv("MNIST_MIRROR", str(mirror))
    assert call(monkeypatch, "--probe") == 0
    write_params("digits")
    assert call(monkeypatch, "--probe") == 0
    assert not paths.RAW.exists()
    assert f"-eq {download.UNAVAILABLE} ]" in (ROOT / "Makefile").read_text(encoding="utf-8")

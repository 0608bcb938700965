"""Downloads from good, corrupt and absent mirrors, which are folders and a server on the loopback device."""

import errno
import functools
import gc
import gzip
import hashlib
import http.server
import math
import socket
import struct
import threading
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


@pytest.fixture
def serve():
    """A function that starts a server with this handler, and returns its URL."""
    servers = []

    def start(handler) -> str:
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


class CutOff(Quiet):
    """Promises a file of 1000 bytes, and hangs up after 10."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"0123456789")


class ErrorPage(Quiet):
    """Says that all is well, and sends a page that says otherwise."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<h1>Log in first</h1>")


class Babble(Quiet):
    """Speaks no HTTP, at length."""

    def do_GET(self):
        self.wfile.write(b"\x1b[31m" + b"y" * 60_000 + b"\r\n")

    do_HEAD = do_GET  # noqa: N815


def fetch(monkeypatch, place) -> None:
    monkeypatch.setenv("MNIST_MIRROR", str(place))
    download.fetch("mnist", paths.RAW)


def refused(monkeypatch, place) -> str:
    """The one line that says why it cannot be had."""
    with pytest.raises(StudyError, match=r"^MNIST cannot be had: [^\n]+; set MNIST_MIRROR to .*`make demo`$") as caught:
        fetch(monkeypatch, place)
    assert str(caught.value).isprintable()
    return str(caught.value)


def assert_complete(mirror) -> None:
    assert {path.name for path in ARCHIVES.iterdir()} == {*NAMES, *(name.removesuffix(".gz") for name in NAMES)}
    assert all((ARCHIVES / name).read_bytes() == (mirror / name).read_bytes() for name in NAMES)
    assert len(pair.read_images("mnist", "test")[0]) == COUNT


@pytest.mark.parametrize("form", ["folder", "relative", "odd characters", "file URL", "http", "http with a slash"])
def test_good_mirror(mirror, serve, monkeypatch, capsys, form):
    if form == "odd characters":
        mirror = mirror.rename(mirror.with_name("50% of #1 für Großmutter"))
    server = serve(functools.partial(Quiet, directory=mirror)) if "http" in form else None
    places = {"relative": "../mirror", "file URL": mirror.as_uri(), "http": server, "http with a slash": f"{server}/"}
    place = places.get(form, mirror)
    fetch(monkeypatch, place)
    assert_complete(mirror)
    assert capsys.readouterr().out.splitlines()[-1] == f"MNIST: from {place}"


@pytest.mark.parametrize("damage", ["corrupt", "truncated", "empty", "gone"])
def test_a_damaged_file_never_lands(mirror, monkeypatch, damage):
    path = mirror / NAMES[2]
    content = path.read_bytes()
    path.write_bytes({"corrupt": content[:-1] + b"x", "truncated": content[:-9]}.get(damage, b""))
    if damage == "gone":
        path.unlink()
    reason = "No such file or directory" if damage == "gone" else f"{NAMES[2]} has a wrong MD5"
    assert f"{mirror}: {reason}; " in refused(monkeypatch, mirror)
    assert not (ARCHIVES / NAMES[2]).exists()


@pytest.mark.parametrize("handler", [CutOff, ErrorPage, Babble])
def test_a_bad_host_is_passed_over(mirror, serve, monkeypatch, workspace, handler):
    """For the next place, which is beside the checkout."""
    shared = workspace.parent / "shared/mnist"
    shared.parent.mkdir()
    server = serve(handler)
    assert f"{server}: " in refused(monkeypatch, server)
    mirror.rename(shared)
    fetch(monkeypatch, server)
    assert_complete(shared)


@pytest.mark.parametrize(
    "place", ["/nowhere", "~nosuchuser/x", "~/x", f"http://127.0.0.1:{'9' * 20}", "gopher://x.invalid"]
)
def test_a_place_that_is_none_is_one_line(mirror, monkeypatch, place):
    if place == "~/x":
        monkeypatch.delenv("HOME", raising=False)
    assert f"{place}: " in refused(monkeypatch, place)


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


def test_order_of_sources(workspace, monkeypatch):
    assert list(download.sources("mnist", ["https://example.org"])) == ["https://example.org"]
    (workspace.parent / "shared/mnist").mkdir(parents=True)
    monkeypatch.setenv("MNIST_MIRROR", "/mine")
    assert list(download.sources("mnist", ["https://example.org"])) == [
        "/mine",
        "../shared/mnist",
        "https://example.org",
    ]


def test_relative_folders_are_found_from_a_temporary_workspace(mirror, workspace, monkeypatch):
    temporary = workspace / ".dvc/tmp/exps/tmp1"
    temporary.mkdir(parents=True)
    monkeypatch.chdir(temporary)
    monkeypatch.setenv("DVC_ROOT", str(workspace))
    fetch(monkeypatch, "../mirror")
    assert_complete(mirror)


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


def test_what_params_name_is_fetched(mirror, monkeypatch):
    monkeypatch.setenv("MNIST_MIRROR", str(mirror))
    write_params("digits")
    assert call(monkeypatch) == 0
    assert [path.name for path in paths.RAW.iterdir()] == ["README"]  # they are inside scikit-learn
    write_params("mnist")
    assert call(monkeypatch) == 0
    assert_complete(mirror)

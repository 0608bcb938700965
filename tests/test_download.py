"""Downloads from good, corrupt and absent mirrors, which are folders and a server on the loopback device."""

import contextlib
import errno
import functools
import gzip
import hashlib
import http.server
import os
import socket
import threading
import time

import numpy as np
import pytest
import yaml
from torchvision.datasets import MNIST

from pipeline import download, idx, params, paths
from pipeline.script import StudyError
from tests.synthetic import ROOT

NAMES = [name for name, _ in MNIST.resources]
ABSENT = "http://127.0.0.1:9/absent"  # the discard port, on which nobody listens


@pytest.fixture
def mirror(workspace, monkeypatch):
    """A folder of four small files, whose MD5s the module takes for MNIST's."""
    folder = workspace.parent / "mirror"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_bytes(gzip.compress(name.encode() * 1000, mtime=0))
    monkeypatch.setattr(download, "MD5", {n: hashlib.md5((folder / n).read_bytes()).hexdigest() for n in NAMES})
    return folder


@pytest.fixture
def serve():
    """A function that starts a server of a folder, or with a handler of its own, and returns its URL."""
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


class Endless(Quiet):
    """Sends zeros for as long as somebody reads them."""

    sent = 0

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                Endless.sent += self.wfile.write(bytes(2**20))


class DripBody(Quiet):
    """Sends a byte now and then, which keeps every single read within its timeout."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.drip()

    def drip(self):
        with contextlib.suppress(OSError):
            for _ in range(200):
                self.wfile.write(b"x")
                time.sleep(0.02)


class DripHeaders(DripBody):
    """Says nothing else than the beginning of an answer."""

    def do_GET(self):
        self.wfile.write(b"HTTP/1.0 200 OK\r\nX-")
        self.drip()


class ErrorPage(Quiet):
    """Says that all is well, lies about the size, and sends a page that says otherwise."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "plenty")
        self.end_headers()
        self.wfile.write(b"<h1>Log in first</h1>")


class Babble(Quiet):
    """Speaks no HTTP, at length."""

    def do_GET(self):
        self.wfile.write(b"\x1b[31m" + b"y" * 60_000 + b"\r\n")


def fetch(*mirrors):
    download.fetch(NAMES, paths.RAW, [str(mirror) for mirror in mirrors])


def assert_complete(mirror):
    assert sorted(path.name for path in paths.RAW.iterdir()) == sorted(NAMES)  # and no temporary file
    assert all((paths.RAW / name).read_bytes() == (mirror / name).read_bytes() for name in NAMES)


def assert_nothing():
    assert list(paths.RAW.iterdir()) == []


def test_names_are_those_of_mnist():
    assert [*idx.IMAGES.values(), *idx.LABELS.values()] == [NAMES[0], NAMES[2], NAMES[1], NAMES[3]]
    assert dict(MNIST.resources) == download.MD5


@pytest.mark.parametrize("form", ["folder", "relative folder", "file URL", "http", "http with a slash"])
def test_good_mirror(mirror, serve, form):
    server = serve(functools.partial(Quiet, directory=mirror)) if "http" in form else None
    fetch(
        {
            "folder": mirror,
            "relative folder": "../mirror",
            "file URL": mirror.as_uri(),
            "http": server,
            "http with a slash": f"{server}/",
        }[form]
    )
    assert_complete(mirror)


def test_folder_with_odd_characters(mirror, workspace):
    odd = mirror.rename(workspace.parent / "50% of #1 für Großmutter")
    fetch(odd)
    assert_complete(odd)


@pytest.mark.parametrize("damage", ["corrupt", "truncated", "empty"])
def test_damaged_file_never_lands(mirror, damage):
    path = mirror / NAMES[2]
    content = path.read_bytes()
    path.write_bytes({"corrupt": content[:-1] + b"x", "truncated": content[:-9], "empty": b""}[damage])
    with pytest.raises(StudyError, match=f"{NAMES[2]}: wrong MD5"):
        fetch(mirror)
    assert sorted(path.name for path in paths.RAW.iterdir()) == sorted(NAMES[:2])


def test_connection_cut_off(mirror, serve):
    with pytest.raises(StudyError, match="wrong MD5"):
        fetch(serve(CutOff))
    assert_nothing()


def test_next_source_gives_what_the_first_does_not(mirror, workspace, capsys):
    damaged = workspace.parent / "damaged"
    damaged.mkdir()
    for name in NAMES:
        (damaged / name).write_bytes((mirror / name).read_bytes() if name == NAMES[0] else b"damaged")
    fetch(ABSENT, damaged, mirror)
    assert_complete(mirror)
    said = capsys.readouterr().out
    assert f"{NAMES[0]}: from {damaged}" in said
    assert f"{NAMES[1]}: from {mirror}" in said
    assert f"passed over {damaged}/{NAMES[1]}: wrong MD5" in said
    assert f"passed over {ABSENT}/{NAMES[0]}: Connection refused" in said


def test_all_sources_failed(mirror, serve):
    server = serve(functools.partial(Quiet, directory=mirror.parent))  # has the files one folder further down
    with pytest.raises(StudyError) as caught:
        fetch("/nowhere", server, ABSENT, "gopher://old.invalid")
    message = str(caught.value)
    for reason in (
        f"/nowhere/{NAMES[0]}: No such file or directory",
        f"{server}/{NAMES[0]}: HTTP status 404",
        f"{ABSENT}/{NAMES[0]}: Connection refused",
        "gopher://old.invalid/",
        "set MNIST_MIRROR",
        "make demo",
    ):
        assert reason in message
    assert "\n" not in message
    assert_nothing()


def test_hung_host_times_out(workspace, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.1)
    start = time.monotonic()
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,  # accepts the connection and says nothing
        pytest.raises(StudyError, match="no answer in"),
    ):
        fetch(f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (Endless, "more than 10,485,760 bytes, which no file of MNIST has"),
        (DripBody, "not whole after 0.3 s"),
        (DripHeaders, "not whole after 0.3 s"),
        (ErrorPage, "wrong MD5 (text/html of 21 bytes)"),
        (Babble, "yyy"),
    ],
)
def test_bad_host_is_passed_over_in_time(mirror, serve, monkeypatch, capsys, handler, reason):
    if "whole" in reason:
        monkeypatch.setattr(download, "DEADLINE", 0.3)
    server = serve(handler)
    start = time.monotonic()
    fetch(server, mirror)
    assert time.monotonic() - start < 2
    assert Endless.sent < 30 * 2**20
    assert_complete(mirror)
    (said,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("passed over")]
    assert said.startswith(f"passed over {server}/{NAMES[0]}: ")
    assert reason in said
    assert len(said) < 300
    assert said.isprintable()


@pytest.mark.mnist
def test_largest_file_is_within_bounds(mnist):
    assert max((mnist / name).stat().st_size for name in NAMES) < download.LARGEST


def test_disk_that_does_not_take_the_files_is_no_source_s_fault(mirror, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space left") as caught:
        fetch(mirror)
    assert caught.value.filename == str(paths.RAW / NAMES[0])
    assert_nothing()


def test_no_source_at_all(workspace):
    with pytest.raises(StudyError, match=r"data\.mirrors is empty"):
        fetch()


def test_order_of_sources(workspace, monkeypatch):
    assert download.sources(["https://example.org"]) == ["https://example.org"]
    (workspace.parent / "shared" / "mnist").mkdir(parents=True)
    assert download.sources(["https://example.org"]) == ["../shared/mnist", "https://example.org"]
    monkeypatch.setenv("MNIST_MIRROR", "/mine")
    assert download.sources(["https://example.org"]) == ["/mine", "../shared/mnist", "https://example.org"]


def test_relative_folders_are_found_from_a_temporary_workspace(mirror, workspace, monkeypatch):
    shared = workspace.parent / "shared" / "mnist"
    shared.parent.mkdir()
    mirror.rename(shared)
    temporary = workspace / ".dvc" / "tmp" / "exps" / "tmp1"
    temporary.mkdir(parents=True)
    monkeypatch.chdir(temporary)
    assert download.sources([]) == []
    monkeypatch.setenv("DVC_ROOT", str(workspace))
    fetch()
    assert_complete(shared)


def test_whole_files_stay_and_others_are_replaced(mirror):
    fetch(mirror)
    for name in NAMES[:2]:
        (mirror / name).unlink()
    (paths.RAW / NAMES[2]).write_bytes(b"damaged")
    before = (paths.RAW / NAMES[0]).stat().st_mtime_ns
    fetch(mirror)
    assert (paths.RAW / NAMES[0]).stat().st_mtime_ns == before
    assert (paths.RAW / NAMES[2]).read_bytes() == (mirror / NAMES[2]).read_bytes()


def write_params(**data):
    content = yaml.safe_load((ROOT / paths.PARAMS).read_text(encoding="utf-8"))
    content["data"].update(data)
    paths.PARAMS.write_text(yaml.safe_dump(content), encoding="utf-8")


def probe(monkeypatch) -> int:
    monkeypatch.setattr("sys.argv", ["download", "--probe"])
    try:
        download.main()
    except SystemExit as exit:
        return exit.code
    return 0


def test_probe(mirror, monkeypatch, capsys):
    write_params(mirrors=[])
    assert probe(monkeypatch) == download.UNAVAILABLE
    assert capsys.readouterr().err.count("\n") == 1
    write_params(source="digits", mirrors=[])
    assert probe(monkeypatch) == 0
    write_params(mirrors=[str(mirror)])
    assert probe(monkeypatch) == 0
    assert not paths.RAW.exists()
    fetch(mirror)
    write_params(mirrors=[])
    assert probe(monkeypatch) == 0  # the files are in place


def test_makefile_knows_the_probe_s_status():
    assert f"-eq {download.UNAVAILABLE} ]" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_main_downloads_the_source_of_params(mirror, monkeypatch):
    monkeypatch.setattr("sys.argv", ["download"])
    write_params(mirrors=[str(mirror)])
    download.main()
    assert_complete(mirror)
    write_params(source="digits")
    download.main()
    assert len(idx.read(paths.RAW / idx.LABELS["test"], 1)) == download.TEST_DIGITS


def test_digits_are_deterministic_and_split_without_overlap(workspace, monkeypatch):
    download.write_digits(paths.RAW)
    monkeypatch.setattr("time.time", lambda: 2e9)  # a later hour leaves no trace in the files
    download.write_digits(workspace / "again")
    assert all((paths.RAW / name).read_bytes() == (workspace / "again" / name).read_bytes() for name in NAMES)

    images = {split: idx.read(paths.RAW / name, 3) for split, name in idx.IMAGES.items()}
    labels = {split: idx.read(paths.RAW / name, 1) for split, name in idx.LABELS.items()}
    assert {split: part.shape for split, part in images.items()} == {"train": (1297, 28, 28), "test": (500, 28, 28)}
    assert all(np.bincount(part, minlength=10).min() >= 40 for part in labels.values())
    assert all((part.min(), part.max()) == (0, 255) for part in images.values())
    distinct = [{image.tobytes() for image in images[split]} for split in images]
    assert not distinct[0] & distinct[1]


def test_params_mirrors_are_urls():
    """Those of params.yaml are used as they are: each must be one that a file name can be put behind."""
    mirrors = params.load(ROOT / paths.PARAMS).data.mirrors
    assert set(MNIST.mirrors) < set(mirrors)
    assert all(mirror.startswith("http") for mirror in mirrors)


@pytest.mark.mnist
def test_real_files(mnist, workspace):
    download.fetch(NAMES, paths.RAW, [os.fspath(mnist)])
    shapes = [idx.read(paths.RAW / idx.IMAGES[split], 3).shape for split in ("train", "test")]
    assert shapes == [(60_000, 28, 28), (10_000, 28, 28)]

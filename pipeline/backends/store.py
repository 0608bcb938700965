"""No run is trained twice: one rule, for the stages of the root and of every annex.

A run's result is known if an equal run was finished by the same engine, torch version and pairs. It is looked for in
(1) the finished runs of stages that have not ended well yet, and (2) the results that Git has in HEAD, of the root or
of an annex; weights, where a stage writes them, come from DVC's cache. A result changed by hand is never taken.

The files of (1) lie under the project's root, outside the stages' outputs, which DVC removes before it starts a stage
(so that temporary workspaces of experiments share them too). A stage that has written its results marks its runs as
ended; they are dropped when another stage begins, since DVC has recorded the results by then.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from pipeline.backends import code, pairs
from pipeline.cli import StudyError, say, write_whole
from pipeline.engine import result
from pipeline.engine.result import Result
from pipeline.engine.run import Run, pairs_digest

FOLDER = Path(".dvc/tmp/runs")
ENDED = "ended"  # the file there that names the stage and the runs that it has written
LOCK = "lock"  # the file there that a process holds while it trains
FOLDERS = ("reports/runs", "studies/*/reports/runs/*")  # where results are, from the root, as Git matches paths
NOTHING = ("not a git repository", "unable to resolve revision: HEAD")  # what Git says where there is none


class Known(NamedTuple):
    """A run that need not be trained."""

    result: Result
    weights: bytes | None  # the content of their file, if they were asked for


class Store:
    """The finished runs that one stage may take."""

    def __init__(self, stage: str, runs: Sequence[Run], weights: dict[Run, Path] | None = None):
        """`weights`: by run, the file to which the stage writes its weights; None for a stage that writes none."""
        self.stage, self.runs, self.weights = stage, list(dict.fromkeys(runs)), weights
        self.folder = _project() / FOLDER
        of_draws = pairs.digests(self.runs) if self.runs else {}
        self.pairs = {run: pairs_digest(run, of_draws) for run in self.runs}

    def begin(self) -> None:
        """The stage begins: drop the runs of another one that has ended; DVC has recorded its results by now."""
        try:
            stage, *names = (self.folder / ENDED).read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            return
        if stage != self.stage:
            kept = {self._name(run) for run in self.runs}
            for name in names:
                if name not in kept:
                    for suffix in ("json", "safetensors"):
                        (self.folder / f"{name}.{suffix}").unlink(missing_ok=True)
            (self.folder / ENDED).unlink(missing_ok=True)

    def find(self) -> dict[Run, Known]:
        """Those of the stage's runs that are known."""
        found = {run: known for run in self.runs if (known := self._finished(run))}
        of_head = self._in_head({run for run in self.runs if run not in found})
        if self.weights is None:
            return found | {run: Known(held.brief(), None) for run, held in of_head.items()}
        return found | dict(self._with_weights(of_head))

    def put(self, finished: Result, weights: bytes | None) -> None:
        """Keep a finished run; its weights are written before the result that vouches for them."""
        if weights is not None:
            write_whole(self._path(finished.run, "safetensors"), weights)
        write_whole(self._path(finished.run, "json"), result.to_text([finished]).encode())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While it lasts, no other process trains for this project; it begins when none does."""
        from filelock import FileLock, Timeout  # not above: a stage whose runs are all known does without

        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say(f"{self.stage}: another process trains for this project; this one waits, and takes what that one kept")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def end(self) -> None:
        """The stage has written all that it wants of these runs."""
        names = [self.stage, *(self._name(run) for run in self.runs)]
        if self.folder.is_dir():
            write_whole(self.folder / ENDED, "\n".join(names).encode())

    def _finished(self, run: Run) -> Known | None:
        """The run as it was kept, to the last bit; with weights, if the stage writes any."""
        try:
            (found,) = result.read(self._path(run, "json"))
            weights = self._path(run, "safetensors").read_bytes() if self.weights is not None else None
        except (StudyError, OSError, ValueError):
            return None
        if not self._is_same(run, found) or (weights is not None and _digest(weights) != found.weights):
            return None
        return Known(found, weights) if self.weights is not None else Known(found.brief(), None)

    def _in_head(self, runs: set[Run]) -> dict[Run, Result]:
        """The results of these runs that Git has; one that does not agree with its own digest is named, and left."""
        engines, found = {code.engine_digest(run.network.architecture) for run in runs}, {}
        for path, text in _committed(engines):
            for line in result.lines(text):
                if any(engine in line for engine in engines):
                    try:
                        held = result.from_line(line, f"HEAD:{path}")
                    except StudyError as error:
                        say(f"{self.stage}: not taken: {error}")
                        continue
                    wanted = held.run in runs and (held.weights or held.run not in found)
                    if wanted and self._is_same(held.run, held):
                        found[held.run] = held
        return found

    def _is_same(self, run: Run, held: Result) -> bool:
        """Whether training would give this result again."""
        return (held.run, held.engine, held.pairs, _plain(held.torch)) == (
            run,
            code.engine_digest(run.network.architecture),
            self.pairs[run],
            _plain(version("torch")),
        )

    def _with_weights(self, of_head: dict[Run, Result]) -> Iterator[tuple[Run, Known]]:
        """Those whose weights DVC's cache has: by dvc.lock, which holds the former outputs while the stage runs."""
        if not any(held.weights for held in of_head.values()):
            return
        from dvc.api import DVCFileSystem  # not above: it takes a second
        from dvc.exceptions import DvcException

        with suppress(DvcException), closing(DVCFileSystem(".")) as files:
            for run, held in of_head.items():
                try:
                    weights = files.read_bytes(self.weights[run].as_posix()) if held.weights else b""
                except Exception:  # of what its cache lacks, DVC raises one of several, none of them documented
                    continue
                if _digest(weights) == held.weights:
                    yield run, Known(held, weights)

    def _name(self, run: Run) -> str:
        engine = code.engine_digest(run.network.architecture)
        made_from = f"{run.digest()}/{self.pairs[run]}/{engine}/{_plain(version('torch'))}"
        return _digest(made_from.encode())[:32]

    def _path(self, run: Run, suffix: str) -> Path:
        return self.folder / f"{self._name(run)}.{suffix}"


def _project() -> Path:
    """The project's root, from a stage of it or of an annex, in a temporary workspace of an experiment too."""
    here = Path(os.environ.get("DVC_ROOT", ".")).resolve()
    return next((folder for folder in (here, *here.parents) if (folder / "pipeline/engine").is_dir()), here)


def _committed(engines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The files of results in HEAD that name one of these digests, as (path, content)."""
    named = [argument for engine in sorted(engines) for argument in ("-e", engine)]
    found = _git("grep", "-l", "-F", *named, "HEAD", "--", *FOLDERS) if named else ""
    for name in found.splitlines():
        path = name.removeprefix("HEAD:")
        yield path, _git("show", f"HEAD:./{path}")


def _git(*arguments: str) -> str:
    """What Git says; nothing if it is not installed, finds nothing, or there is no repository or no commit.

    StudyError, in Git's own words, if it fails otherwise.
    """
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False, env=os.environ | {"LC_ALL": "C"})
    except FileNotFoundError:
        return ""
    said = " ".join(done.stderr.decode(errors="replace").split())
    if done.returncode and said and not any(words in said for words in NOTHING):
        raise StudyError(f"git cannot be asked which runs are known: {said}")
    return done.stdout.decode(errors="replace")


def _plain(torch: str) -> str:
    """A version of torch without what it was built for."""
    return torch.partition("+")[0]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

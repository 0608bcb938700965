"""Asks DVC which training stages are out of date; prints their command lines, a line each.

`python -m pipeline.outdated [dvc.yaml ...]`. A program of its own, so that `pipeline.compute` forks its workers from a
process without DVC's threads and memory. A training stage is one that reads pairs. Left out is what DVC's run cache
holds: `dvc repro` takes it from there.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.stage import Stage
from dvc.stage.cache import RunCacheNotFoundError
from dvc_data.hashfile.hash_info import HashInfo

from pipeline import paths
from pipeline.script import StudyError, run_script


def outdated(pipelines: list[str]) -> Iterator[str]:
    """The commands of these dvc.yaml files' training stages that `dvc repro` would run now."""
    with Repo() as repo, repo.lock:
        for name in pipelines:
            for stage in repo.index.stages:
                if Path(stage.relpath) == Path(name) and _trains(stage) and stage.changed() and not _in_cache(stage):
                    yield stage.cmd


def _trains(stage: Stage) -> bool:
    data, raw = Path(stage.wdir) / paths.DATA, Path(stage.wdir) / paths.RAW
    read = [Path(dependency.fs_path) for dependency in stage.deps]
    return any(path.is_relative_to(data) and not path.is_relative_to(raw) for path in read)


def _in_cache(stage: Stage) -> bool:
    """Whether `dvc repro` would take the stage's outputs from the cache, by the lock or by an earlier run."""
    if not all(dependency.exists for dependency in stage.deps):
        return False  # another stage is to write it first
    if not stage.deps_cached():
        stage.save_deps()
        for output in stage.outs:
            output.hash_info = HashInfo()  # the lock's is of other dependencies
    try:
        stage.repo.stage_cache.restore(stage, dry=True)
    except RunCacheNotFoundError:
        return False
    return True


def main() -> None:
    try:
        for command in outdated(sys.argv[1:] or ["dvc.yaml"]):
            print(command)
    except DvcException as error:
        raise StudyError(f"dvc: {' '.join(str(error).split())}") from None


if __name__ == "__main__":
    run_script(main)

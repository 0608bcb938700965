"""The files of pairs, data/pairs/train.safetensors and test.safetensors. Each holds

    images    (n, 14, 14) float16, 0 to 255     labels    (n,) uint8
    draw/S/K  (n // 2, 2) int32: all images in pairs, as the K-th draw from a generator of seed S pairs them
    metadata  data_set: the value of data.source; digests: of what each draw gives, as `engine.data.Digits` has it

One who reads train.safetensors alone has seen no test pair.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open

from pipeline import paths
from pipeline.cli import StudyError, write_whole
from pipeline.engine.run import Draw, Run

SPLITS = ("train", "test")


def splits_of(runs: Iterable[Run]) -> tuple[str, ...]:
    """The splits that these runs see: no test pairs where all are tested on folds of the training pairs."""
    return SPLITS if any(run.data.fold is None for run in runs) else SPLITS[:1]


def write(path: Path, digits, data_set: str) -> None:
    """Write one split, an `engine.data.Digits`; the file appears whole."""
    from safetensors.torch import save

    tensors = {_name(draw): pairs for draw, pairs in digits.draws.items()}
    tensors |= {"images": digits.images, "labels": digits.labels}
    digests = {_name(draw): digest for draw, digest in digits.digests.items()}
    # One entry of metadata: safetensors writes several in random order.
    about = json.dumps({"data_set": data_set, "digests": digests})
    write_whole(path, save(tensors, metadata={"about": about}))


def digests(runs: Sequence[Run]) -> dict[str, dict[Draw, str]]:
    """By split, the digests of these runs' draws, as `engine.run.pairs_digest` takes them, without importing torch.

    Raises StudyError if a file is missing or damaged, or has no such draw.
    """
    draws, found = dict.fromkeys(run.data.draw for run in runs), {}
    for split in splits_of(runs):
        path = paths.pairs(split)
        with _open(path, "numpy") as file:
            known = _about(path, file)["digests"]
        found[split] = {draw: known[_present(_name(draw), known, path)] for draw in draws}
    return found


def read(draws: Iterable[Draw], splits: Iterable[str] = SPLITS):
    """These draws of these splits, an `engine.data.Pairs`; StudyError if a file is missing or damaged, or lacks one."""
    from pipeline.engine.data import Digits, Pairs

    draws, digits, data_set = list(draws), {}, ""
    for split in splits:
        path = paths.pairs(split)
        with _open(path, "pt") as file:
            about = _about(path, file)
            data_set = about["data_set"]
            pairs = {draw: file.get_tensor(_present(_name(draw), about["digests"], path)) for draw in draws}
            digits[split] = Digits(file.get_tensor("images"), file.get_tensor("labels"), pairs)
    return Pairs(data_set, digits["train"], digits.get("test"))


def _name(draw: Draw) -> str:
    return f"draw/{draw.seed}/{draw.number}"


def _open(path: Path, framework: str):
    try:
        return safe_open(path, framework)
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; `dvc repro pair` at the project's root makes it") from None
    except (SafetensorError, OSError):
        raise _damaged(path) from None


def _about(path: Path, file) -> dict:
    try:
        return json.loads(file.metadata()["about"])
    except (KeyError, TypeError, ValueError):
        raise _damaged(path) from None


def _damaged(path: Path) -> StudyError:
    return StudyError(
        f"{path}: damaged, or of another version; `dvc repro -f pair` at the project's root makes it again"
    )


def _present(name: str, known: dict, path: Path) -> str:
    if name not in known:
        raise StudyError(f"{path}: holds no {name}; raise data.draws in {paths.PARAMS}, and `dvc repro pair`")
    return name

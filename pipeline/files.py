"""Files that appear whole or not at all."""

import os
from pathlib import Path

from pipeline.script import StudyError


def replace(path: Path, content: bytes) -> None:
    """Write a file in one step, with its folder; what was there before stays until then.

    Raises StudyError if the disk does not take it.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StudyError(f"{path}: cannot be written ({error.strerror}); mend that and run it again") from None

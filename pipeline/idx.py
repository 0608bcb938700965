"""The four files of the data set, and the format that they are in: IDX, gzipped.

An IDX file is two zero bytes, the type of its values (8: unsigned byte), the number of dimensions, the size of each as
a big-endian 32-bit number, and the values (the page http://yann.lecun.com/exdb/mnist/ describes it).
"""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from pipeline.script import StudyError, write_whole

IMAGES = {"train": "train-images-idx3-ubyte.gz", "test": "t10k-images-idx3-ubyte.gz"}
LABELS = {"train": "train-labels-idx1-ubyte.gz", "test": "t10k-labels-idx1-ubyte.gz"}

REMEDY = "`dvc repro download` fetches it again"

_UNSIGNED_BYTE = 8


def write(path: Path, values: np.ndarray) -> None:
    """Write an array of unsigned bytes; the same values give the same bytes (the gzip header carries no time).

    Raises TypeError if the values are of another type, and OSError if the file cannot be written.
    """
    if values.dtype != np.uint8:
        raise TypeError(f"unsigned bytes expected, not {values.dtype}")
    header = struct.pack(f">HBB{values.ndim}I", 0, _UNSIGNED_BYTE, values.ndim, *values.shape)
    write_whole(path, gzip.compress(header + values.tobytes(), mtime=0))


def read(path: Path, dimensions: int) -> np.ndarray:
    """Read an array of unsigned bytes with that many dimensions; StudyError if the file is missing or damaged."""
    try:
        content = bytearray(gzip.decompress(path.read_bytes()))  # bytes would make an array that cannot be written to
        header = struct.Struct(f">HBB{dimensions}I")
        zero, kind, written_dimensions, *shape = header.unpack_from(content)
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; {REMEDY}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error, struct.error):
        raise StudyError(f"{path}: damaged or cut off; {REMEDY}") from None
    values = np.frombuffer(content, np.uint8, offset=header.size)
    if (zero, kind, written_dimensions) != (0, _UNSIGNED_BYTE, dimensions) or values.size != np.prod(shape):
        raise StudyError(f"{path}: not what its name says, or cut off; {REMEDY}")
    return values.reshape(shape)

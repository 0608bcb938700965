"""Which code decides a run's numbers, as a digest of its text without comments, docstrings and layout."""

import ast
import hashlib
import io
import tokenize
from functools import lru_cache
from importlib.util import resolve_name
from itertools import accumulate
from pathlib import Path

from pipeline import paths

PIPELINE = Path(__file__).resolve().parents[1]
ARCHITECTURES = "pipeline.architectures"


def engine_files(architecture: str) -> list[Path]:
    """The modules that decide the numbers of this architecture's runs.

    A variant of another architecture imports what it has from it, so that other's module is among them.
    """
    names = [architecture]
    for name in names:  # grows by what is imported, and what that imports
        names += sorted(_imported_by(name).difference(names))
    return [*sorted((PIPELINE / "engine").glob("*.py")), *map(paths.architecture, names)]


@lru_cache
def engine_digest(architecture: str) -> str:
    """16 hexadecimal digits that change with what those modules do, and not with their comments."""
    digest = hashlib.sha256()
    for path in engine_files(architecture):
        text = f"{path.relative_to(PIPELINE).as_posix()}\n{essence(path.read_text(encoding='utf-8'))}\n"
        digest.update(text.encode())
    return digest.hexdigest()[:16]


def essence(source: str) -> str:
    """Python's text without comments, docstrings and layout, the same in every Python version.

    Comments and strings that stand alone are cut out by their positions, blocks are marked by braces and statements by
    their ends, and white space is collapsed. Tokens are not joined anew: versions cut f-strings into other ones.
    """
    starts, marks = [0, *accumulate(map(len, source.splitlines(keepends=True)))], []  # of lines; (start, end, instead)
    statement: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            marks.append((token.start, token.end, " "))
        elif token.type in (tokenize.INDENT, tokenize.DEDENT):
            marks.append((token.start, token.start, " { " if token.type == tokenize.INDENT else " } "))
        elif token.type == tokenize.NEWLINE:
            if [part.type for part in statement] == [tokenize.STRING]:
                marks.append((statement[0].start, statement[0].end, " "))
            marks.append((token.start, token.start, " ; "))
            statement = []
        elif token.type not in (tokenize.NL, tokenize.ENDMARKER):
            statement.append(token)
    kept, done = [], 0
    for (row, column), (last_row, last_column), instead in sorted(marks, key=lambda mark: mark[:2]):
        kept += [source[done : starts[row - 1] + column], instead]
        done = starts[last_row - 1] + last_column
    return " ".join("".join([*kept, source[done:]]).split())


def _imported_by(architecture: str) -> set[str]:
    """The architectures that this one's module imports, or imports something from."""
    names = set()
    for node in ast.walk(ast.parse(paths.architecture(architecture).read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), ARCHITECTURES)
            names |= {f"{module}.{alias.name}" for alias in node.names}
    inside = (name.removeprefix(f"{ARCHITECTURES}.") for name in names if name.startswith(f"{ARCHITECTURES}."))
    return {name.partition(".")[0] for name in inside}

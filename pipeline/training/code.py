"""Which code decides a run's numbers: what the training stages depend on, and what a record names by its digest."""

import ast
import hashlib
from functools import lru_cache
from importlib.util import resolve_name
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENGINE = (
    "pipeline/networks/layers.py",
    "pipeline/networks/pair_network.py",
    "pipeline/records.py",
    "pipeline/run.py",
    "pipeline/seeds.py",
    "pipeline/training/data.py",
    "pipeline/training/loop.py",
    "pipeline/training/losses.py",
    "pipeline/training/measures.py",
    "pipeline/training/replicas.py",
)
ARCHITECTURES = "pipeline/networks/architectures"


def engine_files(architecture: str) -> list[Path]:
    """The modules that decide the numbers of this architecture's runs, from the project's root.

    A variant of another architecture imports what it has from it, so that other's module is among them.
    """
    architectures = [architecture]
    for name in architectures:  # grows by what is imported, and what that imports
        architectures += sorted(_imported_by(name).difference(architectures))
    return [Path(name) for name in (*ENGINE, *(f"{ARCHITECTURES}/{name}.py" for name in architectures))]


@lru_cache
def engine_digest(architecture: str) -> str:
    """16 hexadecimal digits that change with the content of those modules."""
    digest = hashlib.sha256()
    for name in engine_files(architecture):
        digest.update(hashlib.sha256((ROOT / name).read_bytes()).digest())
    return digest.hexdigest()[:16]


def _imported_by(architecture: str) -> set[str]:
    """The architectures that this one's module imports, or imports something from."""
    package, names = ARCHITECTURES.replace("/", "."), set()
    for node in ast.walk(ast.parse((ROOT / ARCHITECTURES / f"{architecture}.py").read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            names |= {f"{module}.{alias.name}" for alias in node.names}
    inside = (name.removeprefix(f"{package}.") for name in names if name.startswith(f"{package}."))
    return {name.partition(".")[0] for name in inside}

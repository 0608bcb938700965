"""How a page is made: a template of this folder, filled; figures and style inside, so that it needs no other file."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

from pipeline import wording
from pipeline.script import StudyError, write_whole


def page(template: str, title: str, figures_folder: Path, sources: Mapping[str, Sequence[str]], **values) -> str:
    """A page by this template of the folder; `sources` names its figures, and the tables each is drawn from.

    Templates get `wording` and the values, and draw with macros.html. Raises StudyError if a figure has not been drawn.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["thousands"] = "{:,}".format
    figures = {name: _read(figures_folder / f"{name}.png") for name in sources}
    return environment.get_template(template).render(
        title=title,
        wording=wording,
        figures_folder=figures_folder.as_posix(),
        sources=sources,
        figure=lambda name: "data:image/png;base64," + base64.b64encode(figures[name]).decode(),
        **values,
    )


def write(path: Path, content: str) -> None:
    """Write a page and say how large it is."""
    write_whole(path, content.encode())
    print(f"{path}: {len(content) / 1e6:.1f} MB")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; `dvc repro` of its stage draws it") from None

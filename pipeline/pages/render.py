"""How a page is made: a template, filled; figures and style inside, so that it needs no other file.

A template stands in this folder or in an annex's. It holds the sentences; the numbers are values that it is given, and
`formats` writes them.
"""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

from pipeline.analysis.tables import Tables
from pipeline.cli import StudyError, say, write_whole
from pipeline.pages import formats


def page(
    template: Path, title: str, figures_folder: Path, tables: Tables, sources: Mapping[str, Sequence[str]], **values
) -> str:
    """A page by this template; `sources` names its figures, and which of the tables each is drawn from.

    Templates get the values, and draw with macros.html. Raises StudyError if a figure has not been drawn.
    """
    figures = {name: _read(figures_folder / f"{name}.png") for name in sources}
    return text(
        template,
        escaped=True,
        title=title,
        figures_folder=figures_folder.as_posix(),
        tables=tables,
        sources=sources,
        figure=lambda name: "data:image/png;base64," + base64.b64encode(figures[name]).decode(),
        **values,
    )


def text(template: Path, escaped: bool = False, **values) -> str:
    """A filled template; `escaped`: for HTML. It may extend and import those of this folder."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, Path(__file__).parent]),
        autoescape=escaped,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"thousands": "{:,}".format, "label": formats.label}
    return environment.get_template(template.name).render(formats=formats, **values)


def write(path: Path, content: str) -> None:
    """Write a page and say how large it is."""
    write_whole(path, content.encode())
    say(f"{path}: {len(content) / 1e6:.1f} MB")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; `dvc repro` of its stage draws it") from None

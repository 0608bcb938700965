"""The page: complete, from the tables, and in need of nothing beside it."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline import aggregate, params, paths, report
from pipeline.analysis.tables import STUDY
from pipeline.figures.sources import TABLES
from pipeline.pages import formats, values
from tests.synthetic import make_params, write_study

TIMES = "\N{MULTIPLICATION SIGN}"
PIXEL = bytes.fromhex(  # the smallest PNG there is
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000a49444154789c63000100000500010d0a2db40000000049454e44ae426082"
)


class Page(HTMLParser):
    """Tags with their attributes, every one of them closed, and the text of every cell and paragraph."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.text = " ".join(self.text.split())
        assert self.open == []
        assert not re.search(r"\bnan\b", self.text), "a number that is none"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"{tag} closes another tag"

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += f" {data}"

    def named(self, name: str) -> list[dict]:
        return [attributes for tag, attributes in self.tags if tag == name]


def study(*args, diverged=(), **options):
    """A made-up study in the current folder, with its tables and empty figures."""
    write_study(make_params(*args, **options), diverged=diverged)
    aggregate.main()
    paths.FIGURES.mkdir()
    for name in TABLES:
        (paths.FIGURES / f"{name}.png").write_bytes(PIXEL)


def written() -> Page:
    report.main()
    return Page(paths.PAGE.read_text(encoding="utf-8"))


@pytest.fixture
def small(workspace):
    study(["basenet", "wide_convnet"], seeds=3, epochs=2, diverged={("basenet-baseline", 1)})


def test_needs_nothing_beside_it(small):
    page = written()
    for tag, attributes in page.tags:
        links = [value for name, value in attributes.items() if name in ("src", "href", "srcset", "action", "data")]
        assert tag == "a" or all(link == "data:," or link.startswith("data:image/png;base64,") for link in links)
    assert not page.named("script")
    assert "@import" not in paths.PAGE.read_text()
    assert "url(" not in paths.PAGE.read_text()


def test_says_what_the_tables_say(small):
    page, effects, summary = written(), STUDY.read("effects"), STUDY.read("summary")
    for result in values.values(params.load(), {name: STUDY.read(name) for name in values.TABLES})["results"]:
        assert result in page.text
    assert f"MNIST: 2 architectures {TIMES} 8 techniques {TIMES} 3 seeds." in page.text
    for row in summary.to_dict("records"):
        score = formats.mean_std(row["mean_test_accuracy"], row["std_test_accuracy"])
        mark = "" if row["converged"] else formats.DAGGER
        left = " n = 2" if row["diverged"] else ""
        assert score + mark + left in page.text.replace(f" {formats.DAGGER}", formats.DAGGER)
    for row in effects.query("architecture == 'basenet'").to_dict("records"):
        half = formats.half_width(row["ci_low"], row["ci_high"])
        mark = "" if row["converged"] else formats.DAGGER
        shown = f"{formats.points(row['mean_difference'])}{half}{mark} {row['wins']} of {row['runs']}"
        assert shown in page.text
    assert "Trained on made up (cpu, torch 0.0)" in page.text


BLOCKS = "".join(f"<!-- {name}:begin -->\n<!-- {name}:end -->\n" for name in ("results", "nobody"))


@pytest.mark.parametrize("readme", ["# Mine\n", BLOCKS])
def test_a_readme_of_any_kind_is_only_spoken_of(small, capsys, readme):
    """Somebody's own, or one with an annex's block that cannot be made."""
    Path("README.md").write_text(readme)
    written()
    assert "README.md: " in capsys.readouterr().out
    assert Path("README.md").read_text() == readme


@pytest.mark.parametrize(("techniques", "seeds"), [(None, 1), (["weight_sharing"], 1)])
def test_a_study_of_any_size_has_a_page(workspace, techniques, seeds):
    study(["basenet"], techniques, seeds=seeds, epochs=1, source="digits")
    page = written()
    assert f"scikit-learn's digits (the offline demonstration): 1 architecture {TIMES}" in page.text

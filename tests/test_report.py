"""The page: complete, from the tables, and in need of nothing beside it."""

from html.parser import HTMLParser

import pytest

from pipeline import aggregate, params, paths, plot, report, wording
from pipeline.analysis import tables
from pipeline.script import StudyError
from tests.synthetic import make_params, write_study

TIMES = "\N{MULTIPLICATION SIGN}"
PIXEL = bytes.fromhex(  # the smallest PNG there is
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000a49444154789c63000100000500010d0a2db40000000049454e44ae426082"
)


class Page(HTMLParser):
    """Tags with their attributes, and the text of every cell and paragraph."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"{tag} closes another tag"

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += f" {data}"

    def named(self, name: str) -> list[dict]:
        return [attributes for tag, attributes in self.tags if tag == name]


def study(*args, **options):
    """A made-up study in the current folder, with its tables and empty figures."""
    write_study(make_params(*args, **options))
    aggregate.main()
    paths.FIGURES.mkdir()
    for name in plot.FIGURES:
        (paths.FIGURES / f"{name}.png").write_bytes(PIXEL)


def written() -> Page:
    report.main()
    return Page(paths.PAGE.read_text(encoding="utf-8"))


@pytest.fixture
def small(workspace):
    study(["basenet", "wide_convnet"], runs=3, epochs=2)


def test_needs_nothing_beside_it(small):
    page = written()
    assert page.open == []
    for _, attributes in page.tags:
        links = [value for name, value in attributes.items() if name in ("src", "href", "srcset", "action", "data")]
        assert all(link.startswith("data:image/png;base64,") for link in links)
    assert not page.named("script")
    assert not page.named("link")
    assert "@import" not in paths.PAGE.read_text()
    assert "url(" not in paths.PAGE.read_text()


def test_shows_every_figure_with_words_for_those_who_do_not_see_it(small):
    images = written().named("img")
    assert len(images) == len(plot.FIGURES)
    assert len({image["alt"] for image in images}) == len(plot.FIGURES)


def test_headers_of_tables_have_a_scope(small):
    page = written()
    assert len(page.named("caption")) == len(page.named("table")) == 6
    assert {header.get("scope") for header in page.named("th")} == {"row", "col"}
    assert page.named("html") == [{"lang": "en"}]


def test_says_what_the_tables_say(small):
    page, effects = written(), tables.read("effects")
    assert wording.headline(effects) in page.text
    assert f"Data set: MNIST. 2 architectures {TIMES} 6 techniques, 3 runs each." in page.text
    for row in tables.read("summary").to_dict("records"):
        assert wording.mean_std(row["mean_test_accuracy"], row["std_test_accuracy"]) in page.text
    for row in effects.to_dict("records"):
        bounds = wording.interval(row["ci_low"], row["ci_high"])
        assert f"{wording.points(row['mean_difference'])} {bounds} {row['wins']} of 3" in page.text
    for row in tables.read("published_vs_ours").to_dict("records"):
        assert f"{row['verdict']} {row['protocol_differences']}" in page.text
        assert f"report {row['report']}: {row['published_name']}" in page.text
        assert wording.printed(row["published_mean"], row["published_std"]) in page.text
    for row in tables.read("published_gains").to_dict("records"):
        assert f"{row['verdict']} {row['protocol_differences']}" in page.text
    assert "Trained on made up (cpu, torch 0.0)" in page.text


def test_marks_the_best_technique_of_each_architecture(small):
    summary = tables.read("summary")
    for row in report.accuracy_rows(params.load()):
        of_architecture = summary[summary["architecture"] == row["architecture"]]
        best = of_architecture.loc[of_architecture["mean_test_accuracy"].idxmax(), "technique"]
        assert [cell["technique"] for cell in row["cells"] if cell["best"]] == [best]


def test_is_the_same_when_made_again(small):
    report.main()
    first = paths.PAGE.read_bytes()
    report.main()
    assert paths.PAGE.read_bytes() == first


@pytest.mark.parametrize(("techniques", "runs"), [(None, 1), (["weight_sharing"], 1), (None, 2)])
def test_another_data_set_has_no_published_figures(workspace, techniques, runs):
    study(["basenet"], techniques, runs=runs, epochs=1, source="digits")
    page = written()
    assert f"scikit-learn's digits (the offline demonstration). 1 architecture {TIMES}" in page.text
    assert "None to compare" in page.text
    assert [row["architecture"] for row in report.effect_rows(params.load(), tables.read("effects"))] in (
        [],
        ["basenet"],
    )
    assert "MNIST." not in page.text.replace("figures of MNIST", "")
    assert "nan" not in page.text.split()


def test_a_missing_figure_is_said_in_one_line(small):
    (paths.FIGURES / "effects.png").unlink()
    with pytest.raises(StudyError, match=r"^reports/figures/effects.png: missing; .*plot"):
        report.main()

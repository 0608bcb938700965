"""The page: complete, from the tables, and in need of nothing beside it."""

from html.parser import HTMLParser

import pytest

from pipeline import aggregate, params, paths, report
from pipeline.analysis.tables import STUDY
from pipeline.cli import StudyError
from pipeline.figures.sources import TABLES
from pipeline.pages import formats, values
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
    assert page.open == []
    for tag, attributes in page.tags:
        links = [value for name, value in attributes.items() if name in ("src", "href", "srcset", "action", "data")]
        assert tag == "a" or all(link == "data:," or link.startswith("data:image/png;base64,") for link in links)
    assert not page.named("script")
    assert "@import" not in paths.PAGE.read_text()
    assert "url(" not in paths.PAGE.read_text()


def test_links_annexes_that_have_a_page(small):
    for name in ("sweeps", "tuning"):
        (paths.annex(name) / "reports").mkdir(parents=True)
    (paths.annex("tuning") / "reports/index.html").write_text("<title>Made up?</title>")
    links = [link["href"] for link in written().named("a") if not link["href"].startswith("https:")]
    assert set(links) == {"../studies/tuning/reports/index.html"}
    assert "Made up? (tuning)" in written().text


def test_shows_every_figure_with_words_for_those_who_do_not_see_it(small):
    page = written()
    assert len({image["alt"] for image in page.named("img")}) == len(TABLES)
    for name, read in TABLES.items():
        sources = " and ".join(f"reports/{table}.csv" for table in read)
        assert f"reports/figures/{name}.png, drawn from {sources}." in page.text


def test_tables_scroll_inside_themselves_and_say_what_they_are(small):
    page = written()
    assert len(page.named("caption")) == len(page.named("table")) == 7
    assert {header.get("scope") for header in page.named("th")} == {"row", "col"}
    assert page.named("html") == [{"lang": "en"}]
    names = [tag for tag, _ in page.tags]
    for place, (tag, _) in enumerate(page.tags):
        if tag in ("table", "img"):
            assert (names[place - 1], "scroll" in page.tags[place - 1][1]["class"]) == ("div", True)


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


def test_marks_the_best_technique_of_each_architecture(small):
    summary = STUDY.read("summary")
    for row in values.accuracy_rows(params.load(), summary):
        of_architecture = summary[summary["architecture"] == row["architecture"]]
        best = of_architecture.loc[of_architecture["mean_test_accuracy"].idxmax(), "technique"]
        assert [cell["technique"] for cell in row["cells"] if cell["best"]] == [best]


def test_effects_have_their_averages_and_count_their_intervals(small):
    effects = STUDY.read("effects")
    row = next(row for row in values.effect_rows(params.load(), effects) if row["effect"] == "digits_only")
    single = effects[(effects["effect"] == "digits_only") & effects["architecture"].isin(["basenet", "wide_convnet"])]
    assert [cell["mean_difference"] for cell in row["cells"]] == list(single["mean_difference"])
    assert (row["above"], row["below"]) == ((single["ci_low"] > 0).sum(), (single["ci_high"] < 0).sum())
    assert row["average"]["mean_difference"] == pytest.approx(single["mean_difference"].mean(), abs=1e-5)


def test_is_the_same_when_made_again(small):
    report.main()
    first = paths.PAGE.read_bytes()
    report.main()
    assert paths.PAGE.read_bytes() == first


@pytest.mark.parametrize(("techniques", "seeds"), [(None, 1), (["weight_sharing"], 1), (None, 2)])
def test_a_study_of_any_size_has_a_page(workspace, techniques, seeds):
    study(["basenet"], techniques, seeds=seeds, epochs=1, source="digits")
    page = written()
    assert f"scikit-learn's digits (the offline demonstration): 1 architecture {TIMES}" in page.text
    assert "nan" not in page.text.split()


def test_a_run_that_collapsed_is_named(small):
    frames = {name: STUDY.read(name) for name in values.TABLES}
    frames["runs"].loc[0, "test_accuracy"] = 0.5
    page = Page(report.page(params.load(), frames, {}))
    assert "1 run of 48 collapsed" in page.text
    assert "basenet with two channel, seed 0: 50.0 %" in page.text


def test_a_missing_figure_is_said_in_one_line(small):
    (paths.FIGURES / "effects.png").unlink()
    with pytest.raises(StudyError, match=r"^reports/figures/effects.png: missing; .*draws it"):
        report.main()

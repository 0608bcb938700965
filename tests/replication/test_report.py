"""The replication's page: complete, from its tables, and in need of nothing beside it."""

import pytest

from pipeline import params, paths, protocols, readme, tables, wording
from pipeline.figures import style
from pipeline.replication import report as replication_page
from pipeline.replication import wording as words
from pipeline.script import StudyError
from tests.replication.frames import SHOWN, make_frames, write_frames
from tests.synthetic import ROOT
from tests.test_report import PIXEL, Page


def _pixel(figure, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PIXEL)


@pytest.fixture
def made(workspace, monkeypatch):
    """The project's params, made-up tables, and `main` with figures that take no time to draw."""
    for path in (paths.PARAMS, protocols.FILE):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((ROOT / path).read_bytes())
    write_frames(params.load(), protocols.load())
    published = protocols.load()
    monkeypatch.setattr(
        replication_page,
        "draw",
        lambda *_: [_pixel(None, _figure(name)) for name in replication_page.sources(published)],
    )
    return published


def _figure(name):
    return replication_page.FIGURES / f"{name}.png"


def written() -> Page:
    replication_page.main()
    return Page(replication_page.PAGE.read_text(encoding="utf-8"))


def test_needs_nothing_beside_it_but_the_study_s_page(made):
    page = written()
    assert page.open == []
    links = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert {link for link in links if not link.startswith("data:")} == {"../index.html"}
    assert not page.named("script")


def test_shows_every_figure_with_words_for_those_who_do_not_see_it(made):
    page, wanted = written(), replication_page.sources(made)
    assert len({image["alt"] for image in page.named("img")}) == len(wanted) == 7
    for name, read in wanted.items():
        listed = " and ".join(f"reports/{table}.csv" for table in read)
        assert f"reports/replication/figures/{name}.png, drawn from {listed}." in page.text


def test_draws_every_figure_that_it_shows(workspace, monkeypatch):
    saved = {}
    monkeypatch.setattr(style, "save", lambda figure, path: saved.update({path: figure.get_suptitle()}))
    monkeypatch.chdir(ROOT)
    study, published = params.load(), protocols.load()
    replication_page.draw(study, make_frames(study, published), published)
    assert list(saved) == [_figure(name) for name in replication_page.sources(published)]
    assert len(set(saved.values())) == len(saved)


def test_tables_scroll_inside_themselves_and_say_what_they_are(made):
    page = written()
    assert len(page.named("caption")) == len(page.named("table")) == 10
    names = [tag for tag, _ in page.tags]
    for place, (tag, _) in enumerate(page.tags):
        if tag in ("table", "img"):
            assert (names[place - 1], "scroll" in page.tags[place - 1][1]["class"]) == ("div", True)


def test_says_what_the_tables_say(made):
    page = written()
    figures, departures = tables.read("replication/figures"), tables.read("replication/departures")
    for sentence in words.headline(figures, departures):
        assert sentence in page.text
    for row in figures.to_dict("records"):
        assert row["published_name"] in page.text
        assert wording.printed(row["published_mean"], row["published_std"]) in page.text
        assert wording.mean_std(row["our_mean"], row["our_std"]) in page.text
        assert words.bounds(row["prediction_low"], row["prediction_high"]) in page.text
        for difference in row["protocol_differences"].split("; ") if row["protocol_differences"] else ():
            assert difference in page.text
    for report in range(5):
        of = departures[departures["report"] == report]
        assert all(sentence in page.text for sentence in words.explanations(of))
        of = figures[figures["report"] == report]
        counted = (words.means(of, known_report=True), words.further(of), words.spreads(of, known_report=True))
        assert " ".join(filter(None, counted)) in page.text
    for row in departures.to_dict("records"):
        assert wording.points(row["mean_difference"]) + wording.half_width(row["ci_low"], row["ci_high"]) in page.text


def test_has_a_section_for_each_report_with_its_source_and_networks(made):
    page = written()
    for name, report in made.reports.items():
        assert f"Report {name.removeprefix('report_')}: {report.authors}" in page.text
        assert report.published_in[1:] in page.text
    for name, said in made.variants.items():
        assert f"{name} : {said}." in page.text
    assert page.text.count("It prints accuracies and standard deviations to 1 point") == 1
    assert "That counts where report 3 prints to 1 point." in page.text
    assert "test accuracy at the best epoch of the runs' mean, as its text has it" in page.text


def test_sections_keep_their_reports_apart(made):
    frames = {name: tables.read(name) for name in replication_page.TABLES}
    sections = replication_page.sections(made, frames)
    assert [len(section["rows"]) for section in sections] == [24, 4, 4, 7, 16]
    assert [section["basic"] for section in sections] == [
        "baseline",
        "two channel",
        "baseline",
        "two channel",
        "two channel",
    ]
    assert [list(section["variants"]) for section in sections] == [
        [],
        ["basenet_shared_layer"],
        ["wide_convnet_one_digit_head"],
        ["resnet_block_bare"],
        ["mlpnet_sigmoid_code", "lenet5_features"],
    ]
    for section in sections:
        for row in section["rows"]:
            assert set(row["own"]).isdisjoint(section["shared"])
    gained = {(row["architecture"], row["technique"]): row["gains"] for row in sections[1]["rows"]}
    assert gained["basenet", "two_channel"] is None
    assert gained["basenet", "aux_loss"]["published"] == pytest.approx(0.923 - 0.830, abs=1e-6)
    assert [row["gains"] for row in sections[0]["rows"] if not row["main"]] == [None] * 12


def test_what_is_shown_is_in_bold_in_both_ways(made):
    replication_page.main()
    text = replication_page.PAGE.read_text(encoding="utf-8")
    rows = [line for line in text.split("<tr>") if "put right alone" not in line]
    bold = [row for row in rows if "<b>" in row and "system" not in row]
    assert len(bold) == len(SHOWN)
    assert all(row.count("<b>") == 2 for row in bold)


def test_is_the_same_when_made_again(made):
    replication_page.main()
    first = replication_page.PAGE.read_bytes()
    replication_page.main()
    assert replication_page.PAGE.read_bytes() == first


def test_undefined_numbers_are_dashes(made):
    table = tables.read("replication/figures")
    undefined = ["our_mean", "our_std", "difference", "ci_low", "ci_high", "prediction_low", "prediction_high"]
    undefined += ["spread_ratio", "spread_low", "spread_high", "study_mean", "study_std"]
    table.loc[[0, 30], undefined] = float("nan")
    table["within"] = table["within"].astype(object)
    table.loc[[0, 30], "within"] = None
    tables.write("replication/figures", table)
    assert "nan" not in written().text.split()


def test_a_missing_table_is_said_in_one_line(made):
    paths.table("replication/curves").unlink()
    with pytest.raises(StudyError, match=r"^reports/replication/curves.csv: missing"):
        replication_page.main()


def test_readme_s_block_says_what_the_page_says(made):
    text = readme.block("replication", params.load())
    frames = tables.read("replication/figures"), tables.read("replication/departures")
    assert words.means(frames[0]) in text
    assert words.causes(frames[1]) in text
    assert text.startswith("33 of the 35 published test accuracies")
    assert text.endswith("[reports/replication/index.html](reports/replication/index.html).")
    paths.table("replication/departures").unlink()
    assert readme.block("replication", params.load()) == "Not made yet: `make replication`."

"""Pages: readable by machines, safe with any value, complete in themselves."""

import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.contracts.errors import IntegrityError
from sevenfold.report import Fact, Facts, Finding, Findings, Report, Table, Text, read_report, render_page, write_report
from sevenfold.report.format_value import format_value
from sevenfold.report.markdown import render_markdown

VOID = {"meta", "link", "br", "img", "input", "hr"}
STRINGS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60)


class Outline(HTMLParser):
    """Collects tags, ids and texts, and notes tags that do not close."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def page(demo) -> str:
    return render_page(demo, title="Flights", subtitle="run 12")


def test_every_stage_has_a_section_that_the_navigation_leads_to(page, demo):
    outline = Outline(page)
    assert (outline.unbalanced, outline.open) == ([], [])
    ids = [value for _, name, value in outline.attributes if name == "id" and re.fullmatch(r"s\d+", value)]
    links = [value for _, name, value in outline.attributes if name == "href" and value.startswith("#s")]
    assert ids == [f"s{i + 1}" for i in range(len(demo))]
    assert links == [f"#{name}" for name in ids] * 2
    for report in demo:
        assert outline.text.count(report.headline) == 2


def test_the_page_needs_no_network_and_no_script(page):
    outline = Outline(page)
    assert "script" not in outline.tags
    assert not {"img", "link", "iframe", "object"} & set(outline.tags)
    assert not [value for _, name, value in outline.attributes if name in ("src", "href") and not value.startswith("#")]
    assert not [name for _, name, _ in outline.attributes if name.startswith("on")]
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_every_colour_and_font_the_page_uses_is_defined_in_light_and_dark(page):
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", page))
    light, dark = re.findall(r":root \{([^}]*)\}", page)
    assert used <= set(re.findall(r"(--[a-z0-9-]+):", light))
    colours = set(re.findall(r"(--[a-z0-9-]+): #", light))
    assert colours == set(re.findall(r"(--[a-z0-9-]+): #", dark))


def luminance(colour: str) -> float:
    full = colour if len(colour) == 6 else "".join(letter * 2 for letter in colour)
    parts = [int(full[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_texts_and_lines_stand_out_from_their_background(page, theme):
    """Contrast as WCAG 2.2 asks: 4.5 for text, 3 for what is drawn."""
    colours = dict(re.findall(r"--([a-z0-9-]+): #([0-9a-f]+)", re.findall(r":root \{([^}]*)\}", page)[theme]))
    for text in ("ink", "muted", "good", "info", "warning", "bad"):
        assert contrast(colours[text], colours["card"]) >= 4.5, text
        assert contrast(colours[text], colours["paper"]) >= 4.5, text
    for i in range(1, 9):
        assert contrast(colours[f"series-{i}"], colours["card"]) >= 2.6, i
    for i in range(4):
        assert contrast(colours[f"heat-{i}"], colours["ink"]) >= 4.5, i
    for i in range(4, 7):
        assert contrast(colours[f"heat-{i}"], colours["heat-ink"]) >= 3, i


def test_a_written_report_is_read_back_as_it_was(demo, tmp_path, hostile):
    for report in demo:
        write_report(report, tmp_path / "report.html", tmp_path / "report.md")
        assert read_report(tmp_path / "report.html") == report
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.md"]


def hostile_report(text: str) -> Report:
    return Report(
        stage="testing",
        title=text,
        headline=text,
        blocks=(
            Text(text=text),
            Facts(facts=(Fact(label=text, value=text, unit=text, hint=text, level="good"),)),
            Findings(findings=(Finding(level="bad", text=text),)),
            Table(title=text, columns=(text, text), rows=((text, 1.5),), levels=("bad",), caption=text),
        ),
    )


def test_a_hostile_value_stays_text(tmp_path, hostile):
    report = hostile_report(hostile)
    write_report(report, tmp_path / "r.html")
    outline = Outline((tmp_path / "r.html").read_text())
    assert (outline.unbalanced, outline.open) == ([], [])
    assert "img" not in outline.tags
    assert outline.tags.count("script") == 1  # the report's own JSON
    assert hostile in outline.text
    assert read_report(tmp_path / "r.html") == report


@settings(max_examples=40, deadline=None)
@given(STRINGS)
def test_any_text_survives_the_page(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("page") / "r.html"
    report = hostile_report(text)
    write_report(report, path)
    assert read_report(path) == report
    outline = Outline(path.read_text())
    assert (outline.unbalanced, outline.open) == ([], [])


def test_a_page_without_a_report_is_refused(tmp_path):
    with pytest.raises(IntegrityError) as caught:
        read_report(tmp_path / "none.html")
    assert caught.value.code == "missing_file"
    (tmp_path / "other.html").write_text("<p>hello</p>")
    with pytest.raises(IntegrityError) as caught:
        read_report(tmp_path / "other.html")
    assert caught.value.code == "unknown_format"


def test_the_same_report_gives_the_same_page(demo, page):
    assert render_page(demo, title="Flights", subtitle="run 12") == page


def test_pictures_have_words(page, demo):
    outline = Outline(page)
    pictures = outline.tags.count("svg")
    words = [value for tag, name, value in outline.attributes if tag == "svg" and name == "aria-label"]
    assert pictures == len(words) > 12
    assert all(words)


def test_an_empty_page_is_a_page():
    outline = Outline(render_page([], title="Nothing ran"))
    assert (outline.unbalanced, outline.open) == ([], [])


def test_markdown_says_what_the_page_says(demo):
    text = render_markdown(demo[4])
    assert text.startswith("# Test the model\n")
    assert "| ROC AUC | 0.7162 | 0.709 to 0.723 |" in text
    assert "| roc\\_auc | ≥ 0.70 | 0.7162 | holds |" in text


@given(STRINGS)
def test_no_value_becomes_markup_in_markdown(text):
    lines = render_markdown(hostile_report(text)).split("\n\n")
    assert not re.search(r"(?<!\\)[<`]", "".join(lines))
    table = next(part for part in lines if "| 1.5 |" in part)
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()} == {3}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0, "0"),
        (1.0, "1"),
        (-0.5, "-0.5"),
        (0.71624, "0.7162"),
        (12.3456, "12.35"),
        (1234.5678, "1,235"),
        (0.000012345, "1.23e-05"),
        (1e20, "1e+20"),
        (2013, "2013"),
        (-1234567, "-1,234,567"),
        (True, "yes"),
        (None, "–"),
        (float("nan"), "–"),
        ("text", "text"),
    ],
)
def test_figures_are_written_for_people(value, text):
    assert format_value(value) == text


def test_the_embedded_json_is_json_for_any_reader(demo, tmp_path):
    write_report(demo[0], tmp_path / "r.html")
    match = re.search(r'<script type="application/json" id="report">(.*?)</script>', (tmp_path / "r.html").read_text())
    assert json.loads(match[1])["stage"] == "design"


@pytest.mark.parametrize(("cell", "wide"), [("short", False), ("of sixty letters, " * 4, False), ("long, " * 20, True)])
def test_a_table_of_long_texts_has_a_row_of_its_own(cell, wide):
    table = Table(title="steps", columns=("step", "examples"), rows=((0, cell), (1, "x")))
    page = render_page([Report(stage="design", title="t", headline="h", level="good", blocks=(table,))], title="t")
    classes = [value.split() for tag, name, value in Outline(page).attributes if (tag, name) == ("div", "class")]
    (tile,) = [each for each in classes if "card" in each]
    assert ("wide" in tile) is wide

"""Chart builders: the content of their specifications, and that each can be drawn."""

import json
import math
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.contracts.errors import PolicyError
from sevenfold.report import Chart
from sevenfold.report import charts as draw
from sevenfold.report.charts.values import json_value, measure_kind, thinned
from sevenfold.report.draw import draw as svg_of
from sevenfold.report.theme import COLUMN

LIMIT = [draw.Limit(value=0.5, label="limit <0.5>")]
ROWS = [{"a": i, "b": i / 10, "s": "one" if i % 2 else "two", "l": i / 20, "h": i / 5} for i in range(1, 9)]
CHARTS = {
    "lines": draw.lines("t", ROWS, "a", "b", "s", low="l", high="h", limits=LIMIT, diagonal_from=(0, 1)),
    "lines by name": draw.lines("t", ROWS, "s", "b", x_title="s"),
    "lines by time": draw.lines("t", [{"a": datetime(2013, m, 1), "b": m} for m in (1, 2, 9)], "a", "b"),
    "lines on log axes": draw.lines("t", ROWS, "a", "b", x_log=True, y_log=True, stepped=True, marked=True),
    "bars": draw.bars("t", ROWS, "a", "b", low="l", high="h", limits=LIMIT),
    "upright bars": draw.bars("t", ROWS, "a", "b", upright=True, limits=LIMIT),
    "bars beside": draw.bars("t", ROWS, "a", "b", "s"),
    "bars stacked": draw.bars("t", ROWS, "a", "b", "s", stacked=True, percent=True),
    "dots": draw.dots("t", ROWS, "a", "b", low="l", high="h", limits=LIMIT),
    "histogram": draw.histogram("t", [0, 1, 2, 5], {"x": [1, 2, 3], "y": [3, 2, 1]}, limits=LIMIT),
    "histogram on log axes": draw.histogram("t", [1, 10, 100], {"": [1, 2]}, x_log=True, y_log=True, shares=False),
    "heatmap": draw.heatmap("t", ROWS, "a", "s", "b"),
    "heatmap of moments": draw.heatmap("t", [{"a": date(2013, 1, 1), "s": "x", "b": 1}], "a", "s", "b"),
    "scatter": draw.scatter("t", ROWS, "a", "b", "s", low="l", high="h", size="b", diagonal_from=(0, 1)),
    "confusion": draw.confusion("t", ["no", "yes"], [[9, 1], [2, 3]]),
    "timeline": draw.timeline("t", [{"a": datetime(2013, 1, 1), "s": "x"}], "a", "s", lanes=["x", "y"]),
    "timeline of nothing": draw.timeline("t", [], "a", "s", lanes=["x"]),
    "nothing": draw.lines("t", [], "a", "b", "s"),
    "nothing in bars": draw.bars("t", [], "a", "b"),
    "nothing but missing": draw.lines("t", [{"a": 1, "b": math.nan}], "a", "b"),
}


def parsed(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture)  # noqa: S314 — we drew it ourselves


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_plain_json_and_can_be_svg_of(name):
    chart = CHARTS[name]
    json.dumps(chart.spec, allow_nan=False)
    picture = parsed(svg_of(chart, COLUMN))
    assert picture.get("role") == "img"
    assert picture.get("aria-label") == chart.alt
    assert picture.get("width") is None


def test_a_drawn_mark_shows_its_values():
    svg = svg_of(draw.bars("t", [{"n": "carrier", "v": 0.25}], "n", "v", value_title="share"), COLUMN)
    assert "<title>carrier; share 0.25</title>" in svg


def test_colours_are_left_to_the_page():
    svg = svg_of(CHARTS["lines"], COLUMN)
    assert "var(--series-2)" in svg
    assert "var(--bad)" in svg
    assert "#" not in svg


def test_the_height_of_a_bar_is_its_value():
    # 4 rows of 8 in the tallest bin; the plot's height stands for its share
    svg = parsed(svg_of(draw.histogram("t", [0, 1, 2, 3], {"": [1, 2, 4]}, shares=False), COLUMN))
    paths = [element.get("d") for element in svg.iter() if element.find("title") is not None]
    heights = [abs(float(path.split("v")[1].split("h")[0])) for path in paths]
    assert [round(height / heights[0], 2) for height in heights] == [1, 2, 4]


@pytest.mark.parametrize("name", ["a.b[0]", "datum['x']", '"', "x" * 500, "</text><script>", "\n", "ü 字", "__proto__"])
def test_any_name_can_be_a_key_and_a_label(name):
    chart = draw.lines("t", [{name: 1, "y": 2, "s": name}, {name: 2, "y": 3, "s": name}], name, "y", "s", x_title=name)
    chart2 = draw.bars(name, [{name: name, "v": 1}], name, "v", value_title=name)
    for picture in (svg_of(chart, COLUMN), svg_of(chart2, COLUMN)):
        parsed(picture)
        assert "<script" not in picture


@settings(max_examples=8, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=40))
def test_no_text_breaks_the_picture(text):
    parsed(svg_of(draw.bars(text, [{"n": text, "v": 1}], "n", "v", alt=text), COLUMN))


@pytest.mark.parametrize("length", range(12, 36))
def test_a_label_is_shortened_within_any_character(length):
    """Vega shortens by units of UTF-16, of which this letter has two."""
    name = "0" * length + "\N{GOTHIC LETTER AHSA}" + "0" * 40
    picture = svg_of(draw.bars("t", [{"n": name, "v": 1}], "n", "v"), COLUMN)
    assert "0" * 12 in "".join(parsed(picture).itertext())


def test_texts_of_cells_are_hidden_where_they_would_overlap():
    cells = [{"a": f"w{number}", "b": "x", "v": 0.25} for number in range(20)]
    chart = draw.heatmap("t", cells, "a", "b", "v")
    for width, shown in ((1_040, True), (340, False)):
        texts = [element for element in parsed(svg_of(chart, width)).iter() if element.text == "0.25"]
        assert len(texts) == 20
        assert all((text.get("opacity") != "0") is shown for text in texts)


def test_data_from_elsewhere_is_never_read():
    chart = Chart(title="t", alt="t", spec={"data": {"url": "file:///etc/hosts"}, "mark": "bar", "encoding": {}})
    with pytest.raises(PolicyError, match="data inside"):
        svg_of(chart, COLUMN)
    within = {"layer": [{"transform": [{"lookup": "a", "from": {"data": {"url": "http://127.0.0.1:9/x"}}}]}]}
    with pytest.raises(PolicyError, match="data inside"):
        svg_of(Chart(title="t", alt="t", spec=within), COLUMN)


def test_a_line_of_many_values_does_not_show_the_first_as_if_it_were_all():
    points = [{"x": i, "y": i} for i in range(300)]
    assert "<title>" not in svg_of(draw.lines("t", points, "x", "y"), COLUMN)
    assert "<title>" not in svg_of(draw.scatter("t", points, "x", "y"), COLUMN)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, None),
        (math.inf, None),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (datetime(1970, 1, 2, tzinfo=UTC), 86_400_000),
        (datetime(1970, 1, 2), 86_400_000),
        (date(1970, 1, 2), 86_400_000),
        (np.datetime64("1970-01-02"), 86_400_000),
        (np.datetime64("NaT"), None),
        (None, None),
    ],
)
def test_values_become_json(value, expected):
    converted = json_value(value)
    assert converted == expected
    assert type(converted) in (type(None), bool, int, float, str)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([None, 1.5], "quantitative"),
        ([np.float32(1)], "quantitative"),
        (["1"], "nominal"),
        ([True], "nominal"),
        ([None, datetime(2013, 1, 1)], "temporal"),
        ([np.datetime64("2013-01-01")], "temporal"),
        ([], "quantitative"),
        ([math.nan], "quantitative"),
    ],
)
def test_numbers_names_and_moments_are_distinguished(values, kind):
    assert measure_kind(values) == kind


@pytest.mark.parametrize(("minutes", "form"), [(0, "%H:%M"), (3, "%H:%M:%S"), (60, "%H:%M"), (60 * 24 * 5, "%d %b")])
def test_labels_of_moments_differ(minutes, form):
    start = datetime(2013, 1, 1)
    points = [{"a": start, "b": 1}, {"a": start + timedelta(minutes=minutes), "b": 2}]
    chart = draw.lines("t", points, "a", "b")
    assert chart.spec["encoding"]["x"]["axis"]["format"] == form


@given(st.lists(st.integers(), max_size=50), st.integers(2, 20))
def test_thinning_keeps_the_ends_and_the_order(rows, most):
    kept = thinned(rows, most)
    assert len(kept) == min(len(rows), most)
    assert kept[:1] == rows[:1] and kept[-1:] == rows[-1:]
    remaining = iter(rows)
    assert all(value in remaining for value in kept)


def test_a_long_curve_is_thinned_per_series():
    points = [{"x": i, "y": i, "s": s} for s in "ab" for i in range(5_000)]
    values = draw.lines("t", points, "x", "y", "s").spec["data"]["values"]
    assert len(values) == 800
    assert max(row["x"] for row in values) == 4_999


def test_confusion_colours_by_the_share_of_the_true_class():
    values = draw.confusion("t", ["no", "yes"], [[90, 10], [0, 0]]).spec["data"]["values"]
    assert [(row["y"], row["x"], row["value"]) for row in values] == [
        ("no", "no", 0.9),
        ("no", "yes", 0.1),
        ("yes", "no", 0.0),
        ("yes", "yes", 0.0),
    ]


@pytest.mark.parametrize("value", [0.3735, 0.05, -2.5, 20, 0.0])
@pytest.mark.parametrize("draw_one", [draw.scatter, draw.lines])
def test_an_axis_of_equal_values_has_labels_on_both_sides(draw_one, value):
    """Such as a study of one trial: without room its axis had the one label 0."""
    picture = parsed(svg_of(draw_one("t", [{"a": value, "b": value}], "a", "b"), COLUMN))
    texts = [element.text for element in picture.iter("text")]
    labels = [float(text.replace("−", "-")) for text in texts]
    assert len(labels) >= 4
    assert min(labels) < value < max(labels)
    assert max(labels) - min(labels) <= max(2, abs(value) / 5)


def test_an_axis_of_one_value_has_room_for_its_limit():
    picture = svg_of(draw.lines("t", [{"a": 1, "b": 0.3}], "a", "b", limits=[draw.Limit(value=0.9)]), COLUMN)
    labels = [element.text for element in parsed(picture).iter("text")]
    assert {"0.3", "0.9"} <= {*labels}

"""Rules about single columns."""

from __future__ import annotations

import pytest

from sevenfold.contracts.schema import Column, Kind, Part, Role
from sevenfold.plan.column_rules import column_breaches

DATE, NUMBER = Kind.DATETIME, Kind.NUMBER


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ({"x": Column(kind=Kind.CATEGORY, symbols=("$",))}, ("x", "symbols")),
        ({"x": Column(kind=NUMBER, symbols=("",))}, ("x", "symbols")),
        ({"x": Column(kind=NUMBER, symbols=(" $",))}, ("x", "symbols")),
        ({"x": Column(kind=NUMBER, symbols=("1$",))}, ("x", "symbols")),
        ({"x": Column(kind=NUMBER, symbols=("-",))}, ("x", "symbols")),
        ({"x": Column(kind=NUMBER, time_zone="Europe/Oslo")}, ("x", "time_zone")),
        ({"x": Column(kind=DATE, time_zone="Europe/Atlantis")}, ("x", "time_zone")),
        ({"x": Column(kind=DATE, time_zone="../etc/passwd")}, ("x", "time_zone")),
        ({"x": Column(kind=DATE, time_zone="/etc/localtime")}, ("x", "time_zone")),
        ({"x": Column(kind=DATE), "x:missing": Column(kind=NUMBER)}, ("x:missing",)),
        ({"x": Column(kind=NUMBER, parts=(Part.WEEKDAY,))}, ("x", "parts")),
        ({"x": Column(kind=DATE, role=Role.TIME, parts=(Part.WEEKDAY,))}, ("x", "parts")),
        ({"x": Column(kind=DATE, role=Role.IGNORE, parts=(Part.WEEKDAY,))}, ("x", "parts")),
        ({"x": Column(kind=DATE, parts=(Part.WEEKDAY, Part.WEEKDAY))}, ("x", "parts")),
    ],
)
def test_a_broken_rule_names_its_key(columns, key):
    assert [breach[0] for breach in column_breaches(columns)] == [("data", "columns", *key)]


@pytest.mark.parametrize(
    "columns",
    [
        {"x": Column(kind=NUMBER, symbols=("$", "US$", "%"))},
        {"x": Column(kind=DATE, time_zone="America/New_York")},
        {"x": Column(kind=NUMBER), "x:missing": Column(kind=NUMBER)},  # only a moment has a flag of its own
        {"x": Column(kind=DATE), "x:missing": Column(kind=NUMBER, role=Role.IGNORE)},
        {"x": Column(kind=DATE, parts=tuple(Part))},
        {"x": Column(kind=DATE, role=Role.TIME, also_feature=True, parts=(Part.TIME_OF_DAY,))},
        {"x": Column(kind=DATE, role=Role.TIME), "x:missing": Column(kind=NUMBER)},
    ],
)
def test_good_columns_break_none(columns):
    assert not list(column_breaches(columns))

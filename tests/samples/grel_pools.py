"""The values and literals that generated expressions of GREL are made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from sevenfold.refine.values import EvalError

__all__ = ["CODES", "DATES", "FORMATS", "MODES", "NUMBERS", "OTHERS", "PATTERNS", "TEXTS", "UNITS", "WRITTEN"]

TEXTS = [
    *[
        "",
        " ",
        "a",
        "Ab",
        "  a b  ",
        "hello World",
        "a,b,,c",
        ",a,",
        "a|b",
        "x-y-z",
        "O'Neil",
        "\t",
        "a\nb",
        "ß",
        "é",
        "ÀÉ",
    ],
    *[
        "Zürich",
        " Zürich ",
        "naïve café",
        "日本",
        "😀a",
        "ﬁn",
        "İI",
        "a\u00a0b",
        "\u00a0a",
        "a1b22c333",
        "AbcDEF12 x_y",
    ],
    *[
        "5",
        "-5",
        " 5",
        "5.0",
        "1e3",
        "1,000",
        "NaN",
        "0x1p3",
        "true",
        "TRUE",
        "yes",
        "2024-01-31",
        "31/12/2023",
        "abcabc",
    ],
    *['"q"', "a&b<c>", "&amp;&eacute;", "a%20b+c", "\\n", "{}", "[1]", "aXbXc", "the quick brown fox", "_", "A-1", "z"],
]
NUMBERS: list[Any] = [
    0,
    1,
    -1,
    2,
    3,
    5,
    -7,
    10,
    42,
    1000,
    (1 << 63) - 1,
    0.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    1e7,
    1e-4,
    0.1,
    123.456,
]
DATES = [
    datetime(2024, 1, 31, tzinfo=UTC),
    datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2024, 2, 29, 6, 7, 8, 9_000, tzinfo=timezone(timedelta(hours=1))),
    datetime(1999, 10, 3, 12, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
]
OTHERS = [None, None, True, False, EvalError("stored")]
PATTERNS = [
    r"\d+",
    r"[a-z]",
    r"\s+",
    r"(a)(b)?",
    r"[\p{Zs}\s]+",
    r"\w",
    r"^a",
    r"c$",
    r".",
    r"[^a-c]",
    r"\p{L}+",
    r"x*",
    r"A",
]
WRITTEN = [
    *[
        "2024-01-31",
        "2024-1-5",
        "01/02/2023",
        "31/12/2023",
        "1/2/23",
        "2023-02-30",
        "2024-01-31 10:11:12",
        "31 January 2024",
    ],
    *[
        "January 31, 2024",
        "31-Jan-2024",
        "31.12.2023",
        "2024",
        "2024-01",
        "12:30",
        "10:11:12",
        "abc",
        "31 Jan",
        "99",
        "1/31",
    ],
    *[
        "2024-01-31T10:11:12+02:00",
        "2024-01-31T10:11",
        "1/2/2024 3:04 PM",
        "N102UA",
        "Flight 12",
        "5%",
        "12-5-6-7",
        "May 5",
    ],
    *[
        "1 2 2024",
        "maybe 5 2024",
        "1st January 2024",
        "x 1/2/2024",
        "12/2024",
        "20-Jan-20",
        "Tue 5 Jan 2024",
        "12-34-56",
        "-5",
    ],
]
UNITS = [
    "hours",
    "minutes",
    "seconds",
    "milliseconds",
    "years",
    "months",
    "weeks",
    "days",
    "weekday",
    "time",
    "fortnight",
]
FORMATS = ["yyyy-MM-dd", "dd/MM/yyyy", "d MMM yyyy", "HH:mm:ss", "EEEE, MMMM d", "yy.M.d h:mm a", "SSS", "XXX"]
MODES = ["html", "xml", "csv", "url", "javascript", "urlpath", "urlform", "urlfragment", "HTML", "none"]

CODES = ["utf-8", "UTF8", "ISO-8859-1", "windows-1252", "us-ascii", "cp1252"]

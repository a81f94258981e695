"""Columns as people have them, made from a seed: the texts of a CSV, and values where Parquet has a type for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

__all__ = ["KINDS", "SURE_GAPS", "TARGETS", "Cells", "copy_of"]

SURE_GAPS = ("", "?", "null", "N/A", "  ")  # missing wherever they stand; among numbers NA and - are too
TEXT_TYPES = (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string()))
START = datetime(2021, 3, 1, 7, 30)


@dataclass(frozen=True)
class Cells:
    """The cells of a column.

    `texts` are those of a CSV with a decimal point. `values` are the same for a column of one of `types`, or None where
    only texts can hold them. `is_text` says that the values are texts anyway.
    """

    texts: list[str]
    values: list[Any] | None = None
    types: tuple[pa.DataType, ...] = ()
    is_text: bool = False


Random = np.random.Generator


def _integers(random: Random, rows: int) -> Cells:
    values = random.integers(-20, 100, rows).tolist()
    return Cells([str(value) for value in values], values, (pa.int8(), pa.int16(), pa.int32(), pa.int64()))


def _years(random: Random, rows: int) -> Cells:
    values = random.integers(1990, 2024, rows).tolist()
    return Cells([str(value) for value in values], values, (pa.int16(), pa.uint32()))


def _large_integers(random: Random, rows: int) -> Cells:
    values = random.integers(-(2**53), 2**53, rows).tolist()
    if random.random() < 0.3:
        values[0] = 2**63 - 1
    return Cells([str(value) for value in values], values, (pa.int64(),))


def _prices(random: Random, rows: int) -> Cells:
    values = [Decimal(int(value)).scaleb(-1) for value in random.integers(1, 400, rows)]
    return Cells([str(value) for value in values], values, (pa.float64(), pa.float32(), pa.decimal128(9, 1)))


def _amounts(random: Random, rows: int) -> Cells:
    values = [Decimal(int(value)).scaleb(-2) for value in random.integers(-900_000, 900_000, rows)]
    return Cells([str(value) for value in values], values, (pa.decimal128(12, 2), pa.decimal256(50, 2), pa.float64()))


def _floats(random: Random, rows: int) -> Cells:
    values = random.normal(size=rows).tolist()
    return Cells([repr(value) for value in values], values, (pa.float64(),))


def _wide_floats(random: Random, rows: int) -> Cells:
    values = (random.normal(size=rows) * 10.0 ** random.integers(-300, 300, rows)).tolist()
    for at, odd in enumerate((-0.0, 5e-324, 1.7976931348623157e308, -1.7976931348623157e308)):
        if random.random() < 0.3 and at < rows:
            values[at] = odd
    return Cells([repr(value) for value in values], values, (pa.float64(),))


def _nonfinite(random: Random, rows: int) -> Cells:
    values = random.normal(size=rows).round(2)
    odd = random.random(rows) < random.choice([0.01, 0.1, 0.4])
    values[odd] = random.choice([float("inf"), float("-inf"), float("nan")], int(odd.sum()))
    return Cells([repr(value) for value in values.tolist()], values.tolist(), (pa.float64(), pa.float32()))


def _money(random: Random, rows: int) -> Cells:
    sign = random.choice(["$", "€", "kr "])
    return Cells([f"{sign}{value:,.2f}" for value in (random.random(rows) * 5_000).tolist()])


def _percents(random: Random, rows: int) -> Cells:
    return Cells([f"{value:.1f}%" for value in (random.random(rows) * 100).tolist()])


def _spelled(random: Random, rows: int) -> Cells:
    spellings = [("yes", "no"), ("Y", "N"), ("TRUE", "FALSE"), ("t", "f"), ("True", "False"), ("ja", "nein")]
    true, false = spellings[int(random.integers(len(spellings)))]
    return _texts([true if flag else false for flag in random.random(rows) < 0.4])


def _booleans(random: Random, rows: int) -> Cells:
    values = (random.random(rows) < random.choice([0.5, 0.1])).tolist()
    return Cells(["true" if value else "false" for value in values], values, (pa.bool_(),))


def _flags(random: Random, rows: int) -> Cells:
    values = random.integers(0, 2, rows).tolist()
    return Cells([str(value) for value in values], values, (pa.int8(), pa.int64()))


def _levels(levels: list[str]) -> Callable[[Random, int], Cells]:
    def cells(random: Random, rows: int) -> Cells:
        return _texts([levels[at] for at in np.minimum(random.geometric(0.35, rows) - 1, len(levels) - 1)])

    return cells


def _many_levels(random: Random, rows: int) -> Cells:
    return _texts([f"L{value}" for value in random.integers(0, int(random.integers(15, 90)), rows)])


def _codes(random: Random, rows: int) -> Cells:
    return _texts([f"{value:03d}" for value in random.integers(0, int(random.integers(5, 60)), rows)])


def _unique_texts(random: Random, rows: int) -> Cells:
    return _texts([f"note {value} of {at}" for at, value in enumerate(random.integers(0, 9_999, rows))])


def _long_texts(random: Random, rows: int) -> Cells:
    return _texts([f"{'long text ' * 12}{value}" for value in random.integers(0, rows + 1, rows)])


def _sequence(random: Random, rows: int) -> Cells:
    first = int(random.integers(0, 2_000))
    values = list(range(first, first + rows))
    return Cells([str(value) for value in values], values, (pa.int32(), pa.int64()))


def _constant(random: Random, rows: int) -> Cells:
    return _texts([str(random.choice(["same", "7", "2024-01-01"]))] * rows)


def _empty(random: Random, rows: int) -> Cells:
    return Cells([""] * rows, [None] * rows, (pa.null(), pa.string(), pa.float64(), pa.int64(), pa.timestamp("ms")))


def _days(random: Random, rows: int) -> Cells:
    values = [(START + timedelta(days=int(value))).date() for value in random.integers(0, 900, rows)]
    types = (pa.date32(), pa.date64(), pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("ns"))
    return Cells([value.isoformat() for value in values], values, types)


def _birthdays(random: Random, rows: int) -> Cells:
    values = [date(1900, 1, 1) + timedelta(days=int(value)) for value in random.integers(0, 40_000, rows)]
    return Cells([value.isoformat() for value in values], values, (pa.date32(),))


def _moments(random: Random, rows: int) -> Cells:
    values = [START + timedelta(seconds=int(value)) for value in random.integers(0, 40_000_000, rows)]
    separator = str(random.choice(["T", " "]))
    types = (pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("ns"))
    return Cells([value.isoformat(separator) for value in values], values, types)


def _running_moments(random: Random, rows: int) -> Cells:
    steps = np.cumsum(random.integers(0, 5_000, rows)).tolist()
    values = [START.replace(tzinfo=UTC) + timedelta(seconds=step) for step in steps]
    zone = timezone(timedelta(hours=int(random.integers(-5, 6))))
    texts = [value.astimezone(zone).isoformat() for value in values]
    return Cells(
        texts, values, (pa.timestamp("ms", "UTC"), pa.timestamp("us", "Asia/Tokyo"), pa.timestamp("ns", "UTC"))
    )


def _written_days(random: Random, rows: int) -> Cells:
    form = str(random.choice(["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d %b %Y"]))
    most = int(random.choice([12, 28]))  # up to the twelfth the day may be a month
    return Cells(
        [
            date(2024, 1 + int(value) % 12, 1 + int(value) % most).strftime(form)
            for value in random.integers(0, 336, rows)
        ]
    )


def _texts(texts: list[str]) -> Cells:
    return Cells(texts, list(texts), TEXT_TYPES, is_text=True)


def _shares(random: Random) -> list[float]:
    share = float(random.choice([0.5, 0.3, 0.12]))
    return [share, 1 - share]


def _classes(*labels: str) -> Callable[[Random, int], Cells]:
    def cells(random: Random, rows: int) -> Cells:
        shares = _shares(random) if len(labels) == 2 else None
        return _texts([labels[at] for at in random.choice(len(labels), rows, p=shares)])

    return cells


def _numbered(values: list[Any], *types: pa.DataType) -> Callable[[Random, int], Cells]:
    def cells(random: Random, rows: int) -> Cells:
        shares = _shares(random) if len(values) == 2 else None
        some = [values[at] for at in random.choice(len(values), rows, p=shares)]
        return Cells([str(value) for value in some], some, types)

    return cells


def copy_of(cells: Cells, random: Random) -> Cells:
    """Return a column that says what another one says, but for a few rows: it may or may not reveal it."""
    rows, noise = len(cells.texts), float(random.choice([0.0, 0.03, 0.06, 0.1, 0.2]))
    keys = {text: at for at, text in enumerate(sorted(set(cells.texts)))}
    codes = np.array([keys[text] for text in cells.texts], dtype=np.int64)
    odd = random.random(rows) < noise
    codes[odd] = random.integers(0, len(keys), int(odd.sum()))
    if random.random() < 0.5:
        return _texts([f"code {code}" for code in codes.tolist()])
    values = [
        Decimal(int(code * 1_000 + part)).scaleb(-2)
        for code, part in zip(codes, random.integers(0, 999, rows), strict=True)
    ]
    return Cells([str(value) for value in values], values, (pa.float64(), pa.decimal128(12, 2)))


KINDS: dict[str, Callable[[Random, int], Cells]] = {
    "integers": _integers,
    "years": _years,
    "large integers": _large_integers,
    "prices": _prices,
    "amounts": _amounts,
    "floats": _floats,
    "wide floats": _wide_floats,
    "nonfinite": _nonfinite,
    "money": _money,
    "percents": _percents,
    "spelled": _spelled,
    "booleans": _booleans,
    "flags": _flags,
    "few levels": _levels(["private", "state", "self"]),
    "rare levels": _levels(["common", "other", "third", "fourth", "fifth", "sixth", "seventh", "eighth"]),
    "unicode": _levels(["straße", "日本", "🙂", "Ünï ", " left", "e\u0301", 'say "x"', "a,b;c|d\te", "two\nlines"]),
    "many levels": _many_levels,
    "codes": _codes,
    "unique texts": _unique_texts,
    "long texts": _long_texts,
    "sequence": _sequence,
    "constant": _constant,
    "empty": _empty,
    "days": _days,
    "birthdays": _birthdays,
    "moments": _moments,
    "running moments": _running_moments,
    "written days": _written_days,
}
TARGETS: dict[str, Callable[[Random, int], Cells]] = {
    "yes or no": _classes("yes", "no"),
    "two texts": _classes("ÅB", "c d"),
    "0 or 1": _numbered([0, 1], pa.int8(), pa.int64()),
    "booleans": _booleans,
    "1.0 or 2.0": _numbered([1.0, 2.0], pa.float64(), pa.float32()),
    "three texts": _classes("low", "middle", "high"),
    "four numbers": _numbered([1, 2, 3, 4], pa.int16()),
    "four floats": _numbered([1.0, 2.0, 3.0, 4.0], pa.float64()),
    "floats": _floats,
    "prices": _prices,
    "money": _money,
    "integers": _integers,
}

"""How a table writes its numbers: decimal sign, thousands separator, signs of money and percent; proved, not assumed.

``1,234`` alone may be 1234 or 1.234. What decides is a number that can be read one way only, in any column of the
table: ``1,234,567`` and ``1,234.5`` have groups of three, ``0,483`` and ``12,5`` have a decimal comma. A column that
proves the decimal point proves that commas group.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Signs", "signs_differ", "signs_of", "symbols_of"]

FEW: Final = 0.1  # share of a sample that may not be numbers; the whole column decides in the end
MIN_SHARE: Final = 0.02  # of the numbers of a column that must have a sign for it to be one of theirs
MIN_REPEATS: Final = 3  # rows that a number must stand in to prove something alone, without groups
SOME: Final = 10  # distinct numbers beside which a single other one proves nothing
MIN_NUMBERS: Final = 20  # distinct numbers with a unit from which on they are numbers
MANY: Final = 50  # distinct numbers of which none ends in 0 after the comma by chance: 0.9 to the power of 50
CURRENCIES: Final = [
    "USD",
    "EUR",
    "GBP",
    "CHF",
    "JPY",
    "CNY",
    "INR",
    "AUD",
    "CAD",
    "NZD",
    "SEK",
    "NOK",
    "DKK",
    "PLN",
    "CZK",
    "HUF",
    "RON",
    "BGN",
    "TRY",
    "RUB",
    "UAH",
    "ILS",
    "ZAR",
    "BRL",
    "MXN",
    "ARS",
    "CLP",
    "COP",
    "KRW",
    "SGD",
    "HKD",
    "TWD",
    "THB",
    "MYR",
    "IDR",
    "PHP",
    "VND",
    "AED",
    "SAR",
    "EGP",
    "NGN",
    "KES",
    "PKR",
    "BDT",
    "LKR",
    "ISK",
    "US$",
    "A$",
    "C$",
    "R$",
    "kr",
    "Kr",
    "zł",
    "Kč",
    "Ft",
    "Fr.",
    "лв",
]
GROUP_BY_COMMA: Final = frozenset(
    {*"$£¥₹₩", "US$", "A$", "C$", *["USD", "GBP", "JPY", "CNY", "INR", "AUD", "CAD", "SGD", "HKD", "KRW"]}
)
PERCENT: Final = ("%", "‰", "٪")
GROUPING: Final = (" ", "\u00a0", "\u202f", "'", "\u2019")
_CURRENCY: Final = "|".join(map(re.escape, sorted(CURRENCIES, key=len, reverse=True)))
_SPACE: Final = "[ \u00a0\u202f]*"
_BEFORE: Final = re.compile(rf"[+-]?({_CURRENCY}|[^\W\d_]?\S){_SPACE}[+-]?[0-9.,]")
_AFTER: Final = re.compile(rf"[0-9.,]{_SPACE}({_CURRENCY}|\S)$")
_NAME: Final = r"[^\W\d_]{1,12}[23²³]?"
_WITH_UNIT: Final = re.compile(rf"([+-]?[0-9][0-9.,'\u2019]*){_SPACE}({_NAME}(?:/{_NAME})?|°[CF]?)")
_PLAIN: Final = re.compile(r"[+-]?[0-9]*(?:[.,'\u2019 \u00a0\u202f][0-9]+)*[.,]?(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Signs:
    """How numbers are written.

    `grouped` are the columns of numbers with points or commas. Those among `open` have nothing but ``1,234``, and no
    column says whether that groups or is decimal.
    """

    decimal: str = "."
    thousands: str = ""
    grouped: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()


def signs_of(samples: Mapping[str, pl.Series], prior: str) -> Signs:
    """Return how a table writes its numbers.

    Args:
        samples: trimmed texts of each column, row by row.
        prior: the decimal sign that the file's fields suggest; it counts where no column proves one.
    """
    votes = {name: _votes(texts) for name, texts in samples.items()}
    count = Counter(vote for each in votes.values() for vote in each)
    spaces = [vote for vote, _ in count.most_common() if vote in GROUPING]
    comma, point = count["comma"] + count["groups of points"], count["point"] + count["groups of commas"]
    grouped = frozenset(name for name, each in votes.items() if each)
    if comma > point or (comma and comma == point and prior == ","):
        points = count["groups of points"] or count["open points"]
        return Signs(",", "." if points else spaces[0] if spaces else "", grouped)
    if point or (count["open points"] and not count["open commas"]):
        commas = count["groups of commas"] or count["open commas"]
        return Signs(".", "," if commas else spaces[0] if spaces else "", grouped)
    unknown = frozenset(name for name, each in votes.items() if each & {"open commas", "open points"})
    return Signs(".", spaces[0] if spaces else "", grouped, unknown)


def signs_differ(samples: Mapping[str, pl.Series]) -> bool:
    """Whether some columns prove the decimal point and others the decimal comma."""
    proved = {vote for texts in samples.values() for vote in _votes(texts)}
    return not proved.isdisjoint({"comma", "groups of points"}) and not proved.isdisjoint({"point", "groups of commas"})


def _votes(sample: pl.Series) -> set[str]:
    """Return what the numbers of one column prove; ``lone`` ones prove nothing."""
    texts = sample.unique(maintain_order=True).to_list()
    symbols = symbols_of(texts)
    bare = [_bare(text, symbols) for text in texts]
    numbers = [text for text in bare if text and _PLAIN.fullmatch(text)]
    if not numbers or len(numbers) < (1 - FEW) * len(bare):
        return set()
    votes = {sign for sign in GROUPING if any(_is_grouped(number, sign, ",.") for number in numbers)}
    for sign, other, singular in ((",", ".", "comma"), (".", ",", "point")):
        holding = {number for number in numbers if sign in number}
        distinct = len(set(numbers))
        if len(holding) < MIN_SHARE * distinct or (len(holding) == 1 and distinct > SOME):
            continue  # so few may be mistakes
        groups = {number for number in holding if _is_grouped(number, sign, other)}
        certain = {number for number in groups if number.count(sign) > 1 or other in number}
        decimal = {number for number in holding - groups if number.count(sign) == 1 and other not in number}
        if certain and len(decimal) <= FEW * len(holding):
            votes.add(f"groups of {singular}s")
        elif decimal and len(certain) <= FEW * len(holding):
            rows = sample.is_in([text for text, plain in zip(texts, bare, strict=True) if plain in holding]).sum()
            lone = len(holding) == 1 and votes.isdisjoint(GROUPING) and rows < max(MIN_REPEATS, FEW * len(sample))
            votes.add(f"lone {singular}" if lone else singular)
        elif groups and sign == "," and (set(symbols) & GROUP_BY_COMMA or _never_ends_in_zero(groups, numbers)):
            votes.add("groups of commas")
        elif groups:
            votes.add(f"open {singular}s")
    return votes


def _is_grouped(number: str, sign: str, decimal: str) -> bool:
    return sign in number and _groups(sign, decimal).fullmatch(number) is not None


@lru_cache
def _groups(sign: str, decimal: str) -> re.Pattern[str]:
    one, two = re.escape(sign), re.escape(decimal)
    return re.compile(rf"[+-]?[1-9][0-9]{{0,2}}(?:{one}[0-9]{{3}})+(?:[{two}][0-9]*)?")


def _never_ends_in_zero(groups: set[str], numbers: Iterable[str]) -> bool:
    """Whether so many numbers have three digits behind the comma, beside whole ones, that they are thousands.

    Decimals that end in 0 would have been cut, as those of the whole numbers were.
    """
    whole = [number for number in numbers if "," not in number]
    return len(groups) >= MANY and bool(whole) and all(len(number.lstrip("+-")) <= 3 for number in whole)


def _bare(text: str, symbols: tuple[str, ...]) -> str:
    for symbol in symbols:
        text = text.replace(symbol, "")
    return text.strip()


def symbols_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the signs of money and percent that stand before or after the texts' digits, sorted; else their one unit.

    >>> symbols_of(["$1,200", "-$5", "12.5"]), symbols_of(["12.3%", "A1"])
    (('$',), ('%',))
    >>> symbols_of(f"{number} kg" for number in range(30))
    ('kg',)
    """
    texts = list(texts)
    known: set[str] = set()
    for text in texts:
        for match in (_BEFORE.match(text), _AFTER.search(text)):
            if match is not None and _is_symbol(match[1]):
                known.add(match[1])
    return tuple(sorted(known)) or _unit(texts)


def _unit(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the unit behind nearly all numbers; few different ones may as well be categories, such as sizes."""
    matches = [match for text in texts if (match := _WITH_UNIT.fullmatch(text))]
    if not matches:
        return ()
    (unit, _), *_ = Counter(match[2] for match in matches).most_common(1)
    numbers = [match[1] for match in matches if match[2] == unit]
    return (unit,) if len(set(numbers)) > MIN_NUMBERS and len(numbers) >= (1 - FEW) * len(texts) else ()


def _is_symbol(text: str) -> bool:
    return text in CURRENCIES or text in PERCENT or (len(text) == 1 and unicodedata.category(text) == "Sc")

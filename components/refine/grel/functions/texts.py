"""Functions that make one text of another. Positions count UTF-16 units, as in Java."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from sevenfold.refine.grel.failure import Failed
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.grel.operators import java_int
from sevenfold.refine.grel.patterns import Pattern
from sevenfold.refine.grel.replacing import replaced
from sevenfold.refine.keyers.fingerprint import fingerprint, ngram_fingerprint
from sevenfold.refine.utf16 import joined, units
from sevenfold.refine.white import WHITE

__all__ = ["FUNCTIONS", "trim"]


def one_text(arguments: list[Any]) -> str:
    """Return the text of the only argument, which must not be null."""
    if len(arguments) != 1 or arguments[0] is None:
        raise Failed("takes one value that is not null")
    return java_text(arguments[0])


def trim(arguments: list[Any]) -> Any:
    """Take white space off both ends of a text; nothing else is taken."""
    if len(arguments) != 1 or not isinstance(arguments[0], str):
        raise Failed("takes one text")
    return arguments[0].strip(WHITE)


def to_titlecase(arguments: list[Any]) -> Any:
    """Write every word small but for its first letter; words end at spaces, full stops or the given letters."""
    if not 1 <= len(arguments) <= 2 or None in arguments:
        raise Failed("takes one or two texts")
    delimiters = java_text(arguments[1]) if len(arguments) == 2 else " \t\r\n."
    parts, begins = [], True
    for letter in java_text(arguments[0]).lower():
        ends = letter in delimiters
        parts.append(_title(letter) if begins and not ends else letter)
        begins = ends
    return "".join(parts)


def _title(letter: str) -> str:
    titled = letter.title()
    return titled if len(titled) == 1 else letter


def replace(arguments: list[Any]) -> Any:
    """Replace every occurrence of a text, or of a pattern with its groups filled in."""
    if len(arguments) != 3:
        raise Failed("takes a text, a text or pattern, and a text")
    value, sought, new = arguments
    if value is None or not isinstance(new, str) or not isinstance(sought, (str, Pattern)):
        raise Failed("takes a text, a text or pattern, and a text")
    text = java_text(value)
    if isinstance(sought, str):
        return text.replace(sought, new)
    return replaced(sought, new, text)


def replace_chars(arguments: list[Any]) -> Any:
    """Replace characters one by one; those without a counterpart disappear."""
    if len(arguments) != 3 or arguments[0] is None or not all(isinstance(part, str) for part in arguments[1:]):
        raise Failed("takes three texts")
    text, old, new = units(java_text(arguments[0])), units(arguments[1]), units(arguments[2])
    table: dict[int, str] = {}
    for place, letter in enumerate(old):
        table.setdefault(ord(letter), new[place : place + 1])
    return joined(text.translate(table))


def replace_each(arguments: list[Any]) -> Any:
    """Replace each of several texts by its own replacement, again in what that gives."""
    if len(arguments) != 3 or not isinstance(arguments[0], str) or not isinstance(arguments[1], list):
        raise Failed("takes a text, an array and an array or a text")
    text, old, new = arguments
    if not isinstance(new, (str, list)):
        raise Failed("takes a text, an array and an array or a text")
    sought = ["" if part is None else java_text(part) for part in old]
    replacements = [new] if isinstance(new, str) else ["" if part is None else java_text(part) for part in new]
    if len(replacements) > len(sought) or (sought and not replacements):
        raise Failed("takes at least one replacement, and no more than searched texts")
    if len(replacements) < len(sought):
        # The last one stands for all of them, for those that have one of their own too.
        replacements = replacements[-1:] * len(sought)
    pairs: dict[str, str] = {}
    for part, replacement in zip(sought, replacements, strict=True):
        if part:
            pairs.setdefault(part, replacement)
    return _replaced_repeatedly(text, pairs, len(sought) + 1) if pairs else text


def _replaced_repeatedly(text: str, pairs: dict[str, str], times: int) -> str:
    """Replace the leftmost of several texts, then what is left, and all of it again while it changes something."""
    searched = re.compile("|".join(map(re.escape, pairs)))
    for _ in range(times):
        if not searched.search(text):
            return text
        text = searched.sub(lambda found: pairs[found[0]], text)
    if set(pairs) & set(pairs.values()) and searched.search(text):
        raise Failed("takes replacements that are not searched for again without end")
    return text


def chomp(arguments: list[Any]) -> Any:
    """Take one ending off a text."""
    if len(arguments) == 2 and all(isinstance(part, str) for part in arguments):
        return arguments[0].removesuffix(arguments[1])
    return None


def text_diff(first: str, second: str) -> str:
    """Return the second text from where it differs from the first."""
    first, second = units(first), units(second)
    place = 0
    while place < min(len(first), len(second)) and first[place] == second[place]:
        place += 1
    return joined(second[place:])


def _fingerprint(arguments: list[Any]) -> Any:
    return fingerprint(java_text(arguments[0])) if len(arguments) == 1 and arguments[0] is not None else None


def _ngram_fingerprint(arguments: list[Any]) -> Any:
    if not 1 <= len(arguments) <= 2:
        raise Failed("takes a text and a number")
    if arguments[0] is None:
        return None
    size = arguments[1] if len(arguments) == 2 else 1
    if isinstance(size, str) and size.isdecimal():
        size = int(size)
    if type(size) not in (int, float) or size < 0:
        raise Failed("takes a number of letters")
    return ngram_fingerprint(java_text(arguments[0]), java_int(size))


def ngram(arguments: list[Any]) -> Any:
    """Return the runs of a number of words."""
    if len(arguments) != 2:
        raise Failed("takes a text and a number")
    if not isinstance(arguments[0], str) or type(arguments[1]) not in (int, float):
        return None
    words, size = re.split(r"[ \t\n\x0b\f\r]+", arguments[0].strip(WHITE)), java_int(arguments[1])
    if len(words) <= size:
        return [" ".join(words)]
    return [" ".join(words[place : place + size]) for place in range(len(words) - size + 1)]


def unicode_points(arguments: list[Any]) -> Any:
    """Return a code point per UTF-16 unit."""
    if len(arguments) != 1 or arguments[0] is None:
        return None
    return [point for letter in java_text(arguments[0]) for point in _points(letter)]


def _points(letter: str) -> list[int]:
    return [ord(letter)] if letter <= "\uffff" else [ord(letter), ord(units(letter)[1])]


_TYPES = {
    "Lu": "uppercase letter",
    "Ll": "lowercase letter",
    "Lt": "titlecase letter",
    "Lm": "modifier letter",
    "Lo": "other letter",
    "Mn": "non spacing mark",
    "Me": "enclosing mark",
    "Mc": "combining spacing mark",
    "Nd": "decimal digit number",
    "Nl": "letter number",
    "No": "other number",
    "Zs": "space separator",
    "Zl": "line separator",
    "Zp": "paragraph separator",
    "Cc": "control",
    "Cf": "format",
    "Co": "private use",
    "Cs": "surrogate",
    "Cn": "unassigned",
    "Pd": "dash punctuation",
    "Ps": "start punctuation",
    "Pe": "end punctuation",
    "Pc": "connector punctuation",
    "Po": "other punctuation",
    "Pi": "initial quote punctuation",
    "Pf": "final quote punctuation",
    "Sm": "math symbol",
    "Sc": "currency symbol",
    "Sk": "modifier symbol",
    "So": "other symbol",
}


def unicode_types(arguments: list[Any]) -> Any:
    """Return the kind of every UTF-16 unit in words."""
    points = unicode_points(arguments)
    return None if points is None else [_TYPES[unicodedata.category(chr(point))] for point in points]


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "trim": trim,
    "strip": trim,
    "toUppercase": lambda arguments: one_text(arguments).upper(),
    "toLowercase": lambda arguments: one_text(arguments).lower(),
    "toTitlecase": to_titlecase,
    "replace": replace,
    "replaceChars": replace_chars,
    "replaceEach": replace_each,
    "chomp": chomp,
    "fingerprint": _fingerprint,
    "ngramFingerprint": _ngram_fingerprint,
    "ngram": ngram,
    "unicode": unicode_points,
    "unicodeType": unicode_types,
}

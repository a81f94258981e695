"""Functions that look for something in a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sevenfold.refine.grel.failure import Failed, aborted
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.grel.patterns import Pattern, compile_pattern
from sevenfold.refine.grel.replacing import matches
from sevenfold.refine.utf16 import units

__all__ = ["FUNCTIONS"]


def contains(arguments: list[Any]) -> Any:
    """Return whether a text holds another or a match of a pattern."""
    if len(arguments) != 2 or not isinstance(arguments[0], str):
        return None
    text, sought = arguments
    if isinstance(sought, Pattern):
        return sought.compiled.search(text) is not None
    return sought in text if isinstance(sought, str) else None


def _two_texts(arguments: list[Any]) -> tuple[str, str]:
    if len(arguments) != 2 or not isinstance(arguments[0], str) or not isinstance(arguments[1], str):
        raise Failed("takes two texts")
    return arguments[0], arguments[1]


def index_of(arguments: list[Any]) -> Any:
    """Return where a text first occurs in another, or -1."""
    text, sought = map(units, _two_texts(arguments))
    return text.find(sought)


def last_index_of(arguments: list[Any]) -> Any:
    """Return where a text last occurs in another, or -1."""
    text, sought = map(units, _two_texts(arguments))
    return text.rfind(sought)


def match(arguments: list[Any]) -> Any:
    """Return the groups of a pattern that matches the whole text, or null where it does not."""
    if len(arguments) != 2 or not isinstance(arguments[1], (str, Pattern)):
        raise Failed("takes a text and a pattern")
    if arguments[0] is None:
        return None
    pattern = arguments[1] if isinstance(arguments[1], Pattern) else compile_pattern(arguments[1])
    found = pattern.compiled.fullmatch(java_text(arguments[0]))
    return None if found is None else list(found.groups())


def find(arguments: list[Any]) -> Any:
    """Return all occurrences of a text or matches of a pattern."""
    if len(arguments) != 2:
        raise Failed("takes a text, and a text or pattern")
    if arguments[0] is None or not isinstance(arguments[1], (str, Pattern)):
        return []
    text, sought = java_text(arguments[0]), arguments[1]
    if isinstance(sought, Pattern):
        return [found.group() for found in matches(sought, text)]
    if not sought:
        raise aborted("`find` with an empty text does not end in OpenRefine.", "Look for a text that is not empty.")
    return [sought] * text.count(sought)


def levenshtein_distance(arguments: list[Any]) -> Any:
    """Return how many letters must be put in, taken out or changed to make one text of another, in any case."""
    first, second = ([unit.lower()[0] for unit in units(text)] for text in _two_texts(arguments))
    row = list(range(len(second) + 1))
    for place, letter in enumerate(first, 1):
        before, row[0] = row[0], place
        for other, candidate in enumerate(second, 1):
            before, row[other] = row[other], min(row[other] + 1, row[other - 1] + 1, before + (letter != candidate))
    return float(row[-1])


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "contains": contains,
    "startsWith": lambda arguments: _two_texts(arguments)[0].startswith(arguments[1]),
    "endsWith": lambda arguments: _two_texts(arguments)[0].endswith(arguments[1]),
    "indexOf": index_of,
    "lastIndexOf": last_index_of,
    "match": match,
    "find": find,
    "levenshteinDistance": levenshtein_distance,
}

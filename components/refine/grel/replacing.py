"""The matches of a pattern in a text as Java finds them, and what a replacement puts in their place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import regex

from sevenfold.refine.grel.failure import Failed
from sevenfold.refine.grel.patterns import Pattern

__all__ = ["matches", "replaced"]


def matches(pattern: Pattern, text: str) -> Iterator[Any]:
    """Yield the matches that Java finds: after an empty one it looks from the next letter on."""
    position = 0
    while position <= len(text):
        found = pattern.compiled.search(text, position)
        if not found:
            return
        yield found
        position = found.end() + (found.start() == found.end())


def replaced(pattern: Pattern, replacement: str, text: str) -> str:
    """Return a text with every match replaced."""
    if pattern.takes_letters and "$" not in replacement and "\\" not in replacement:
        return pattern.compiled.sub(replacement, text)
    parts, position = [], 0
    for found in matches(pattern, text):
        parts += [text[position : found.start()], filled_in(replacement, found)]
        position = found.end()
    return "".join([*parts, text[position:]])


def filled_in(replacement: str, found: Any) -> str:
    """Return a replacement with ``$1`` and ``${name}`` filled in and backslashes taken away.

    Raises:
        Failed: for a group that the pattern does not have, or a dollar sign without one.
    """
    parts, position = [], 0
    while position < len(replacement):
        letter = replacement[position]
        position += 1
        if letter == "\\":
            if position >= len(replacement):
                raise Failed("a backslash ends the replacement")
            parts.append(replacement[position])
            position += 1
        elif letter == "$":
            text, position = _group(replacement, position, found)
            parts.append(text)
        else:
            parts.append(letter)
    return "".join(parts)


def _group(replacement: str, position: int, found: Any) -> tuple[str, int]:
    named = regex.match(r"\{([a-zA-Z][a-zA-Z0-9]*)\}", replacement[position:])
    if named:
        if named[1] not in found.re.groupindex:
            raise Failed(f"the pattern has no group {named[1]!r}")
        return found[named[1]] or "", position + named.end()
    digit = replacement[position : position + 1]
    if not digit.isdecimal() or not digit.isascii() or int(digit) > found.re.groups:
        raise Failed("a dollar sign in the replacement needs a group of the pattern")
    number, position = int(digit), position + 1
    while position < len(replacement) and replacement[position] in "0123456789":
        longer = number * 10 + int(replacement[position])
        if longer > found.re.groups:
            break
        number, position = longer, position + 1
    return found[number] or "", position

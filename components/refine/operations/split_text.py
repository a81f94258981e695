"""The ways in which a recorded step cuts a text: at a separator, at a pattern, or by lengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sevenfold.refine.grel.patterns import compile_pattern

__all__ = ["Splitter", "at_pattern", "at_separator", "by_lengths"]

Splitter = Callable[[str], list[str]]


def at_separator(separator: str | None, limit: int = 0) -> Splitter:
    """Cut at a separator and keep empty parts; at white space where it is empty.

    With a `limit` above 0 the last of that many parts is the rest.
    """
    if separator:
        return lambda text: text.split(separator, limit - 1 if limit > 0 else -1)
    return lambda text: _at_spaces(text, limit)


def _at_spaces(text: str, limit: int) -> list[str]:
    parts: list[str] = []
    start = 0
    for at, sign in enumerate(text):
        if sign.isspace():
            if limit > 0 and len(parts) == limit - 1:
                break
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def at_pattern(pattern: str, limit: int = 0) -> Splitter:
    """Cut at a regular expression as Java does.

    Without a limit empty parts at the end go; an empty match at the beginning cuts nothing.
    """
    compiled = compile_pattern(pattern).compiled

    def split(text: str) -> list[str]:
        parts: list[str] = []
        start = 0
        for match in compiled.matches(text):
            if limit > 0 and len(parts) == limit - 1:
                break
            if match.end() == 0:
                continue
            parts.append(text[start : match.start()])
            start = match.end()
        if not start:
            return [text]
        parts.append(text[start:])
        while limit <= 0 and parts and not parts[-1]:
            parts.pop()
        return parts

    return split


def by_lengths(lengths: Sequence[int]) -> Splitter:
    """Cut into fields of these lengths; what is left over goes, a field beyond the end is empty."""

    def split(text: str) -> list[str]:
        parts: list[str] = []
        start = 0
        for length in lengths:
            parts.append(text[start : start + length])
            start += length
        return parts

    return split

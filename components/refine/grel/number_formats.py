"""A number written by a format as Java's ``String.format`` has it."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, localcontext

from sevenfold.refine.grel.failure import Failed, aborted
from sevenfold.refine.values import text_of

__all__ = ["format_number"]

_DIRECTIVE = re.compile(r"%(?:([1-9]\d*)\$)?([-+ 0,(#]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])")
WIDEST = 10_000


def format_number(value: int | float, pattern: str) -> str:
    """Return a number by a format with the directives d, f, s and n; the first unnumbered one takes the number.

    Raises:
        Failed: for a directive of the other kind of number, or one more than there are numbers.
        DataError: ``grel_evaluation`` for a directive that has no counterpart here.
    """
    parts, position, used = [], 0, 0
    for found in _DIRECTIVE.finditer(pattern):
        parts.append(_plain(pattern[position : found.start()]))
        position = found.end()
        index, kind = found[1], found[5]
        if kind in "%n":
            parts.append("%" if kind == "%" else "\n")
            continue
        used += index is None
        if used > 1 or (index and index != "1"):
            raise Failed(f"has one number for the directives of {pattern!r}")
        parts.append(_directive(value, found, pattern))
    return "".join([*parts, _plain(pattern[position:])])


def _plain(text: str) -> str:
    if "%" in text:
        raise Failed("takes a letter after a percent sign")
    return text


def _directive(value: int | float, found: re.Match[str], pattern: str) -> str:
    _, flags, width, precision, kind = found.groups()
    if kind not in "dfs" or "#" in flags or (int(width or 0) + int(precision or 0)) > WIDEST:
        raise aborted(f"The number format {pattern!r} has no counterpart here.", "Use %d, %f or %s.")
    if kind == "s":
        if set(flags) - {"-"} or precision:
            raise aborted(f"The number format {pattern!r} has no counterpart here.", "Use %d, %f or plain %s.")
        return _padded(text_of(value), flags, width)
    if kind != ("d" if type(value) is int else "f") or (kind == "d" and precision):
        raise Failed(f"takes %d for integers and %f for doubles, but got {pattern!r}")
    if (("-" in flags or "0" in flags) and not width) or {"-", "0"} <= set(flags) or {"+", " "} <= set(flags):
        raise Failed(f"has flags that exclude each other in {pattern!r}")
    if value != value or value in (float("inf"), float("-inf")):
        return _padded(text_of(value).replace("-", "(" if "(" in flags else "-"), flags, width)
    return _number(Decimal(repr(value)), flags, width, int(precision or 6) if kind == "f" else 0)


def _number(number: Decimal, flags: str, width: str | None, digits: int) -> str:
    negative = number.is_signed()
    with localcontext() as context:
        context.prec = 400 + digits  # a double has up to 309 digits before its point
        rounded = abs(number).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    body = f"{rounded:,f}" if "," in flags else f"{rounded:f}"
    before = ("(" if "(" in flags else "-") if negative else "+" if "+" in flags else " " if " " in flags else ""
    after = ")" if negative and "(" in flags else ""
    if "0" in flags:
        body = body.rjust(int(width or 0) - len(before) - len(after), "0")
    return _padded(before + body + after, flags, width)


def _padded(text: str, flags: str, width: str | None) -> str:
    return text.ljust(int(width or 0)) if "-" in flags else text.rjust(int(width or 0))

"""Texts whose bytes were once read in the wrong encoding, read again in the right one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sevenfold.refine.grel.failure import Failed, aborted
from sevenfold.refine.grel.java_text import java_text

__all__ = ["FUNCTIONS"]

# Java's names of the encodings whose tables are the same here.
_ENCODINGS = {
    **dict.fromkeys(("utf-8", "utf8"), "utf-8"),
    **dict.fromkeys(("iso-8859-1", "latin1"), "latin-1"),
    **dict.fromkeys(("windows-1252", "cp1252"), "cp1252"),
    "us-ascii": "ascii",
}


def _encoding(name: Any) -> str:
    known = _ENCODINGS.get(name.lower()) if isinstance(name, str) else None
    if known is None:
        raise aborted(
            f"`reinterpret` takes the encodings {', '.join(_ENCODINGS)}, both named, but got {name!r}.",
            "Name the target and the source encoding.",
        )
    return known


def reinterpret(arguments: list[Any]) -> str:
    """Return the text that the bytes of a text in the source encoding spell in the target encoding.

    What an encoding lacks becomes a question mark, and bytes that spell nothing U+FFFD.
    """
    if len(arguments) not in (2, 3) or arguments[0] is None or not isinstance(arguments[1], str):
        raise Failed("takes a text, a target encoding and a source encoding")
    target, source = _encoding(arguments[1]), _encoding(arguments[2] if len(arguments) == 3 else None)
    return java_text(arguments[0]).encode(source, "replace").decode(target, "replace")


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {"reinterpret": reinterpret}

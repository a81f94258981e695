"""Texts as Java holds them: UTF-16 units, of which a character outside the first plane has two."""

from __future__ import annotations

__all__ = ["joined", "units"]


def units(text: str) -> str:
    """Return a text in which every character is one UTF-16 unit, as Java counts them."""
    if text.isascii() or max(text, default="") <= "\uffff":
        return text
    pairs = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(int.from_bytes(pairs[place : place + 2], "little")) for place in range(0, len(pairs), 2))


def joined(text: str) -> str:
    """Return a text of UTF-16 units with its pairs made one character again."""
    if text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")

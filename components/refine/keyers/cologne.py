"""Cologne phonetics: digits for the sounds of a German word.

Source: H. J. Postel, "Die Kölner Phonetik", IBM-Nachrichten 19 (1969), 925-931.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sevenfold.refine.utf16 import units

__all__ = ["cologne_phonetic"]

_UMLAUTS: Final = str.maketrans("ÄÖÜ", "AOU")
_ALWAYS: Final = {
    **dict.fromkeys("AEIJOUY", "0"),
    "B": "1",
    **dict.fromkeys("FVW", "3"),
    **dict.fromkeys("GKQ", "4"),
    "L": "5",
    **dict.fromkeys("MN", "6"),
    "R": "7",
    **dict.fromkeys("SZ", "8"),
    "H": "",
}


def cologne_phonetic(text: str) -> str:
    """Return the code of a text; what is no letter from A to Z or an umlaut counts for nothing."""
    code: list[str] = []
    last = ""
    for digit in _digits(units(text.upper()).translate(_UMLAUTS)):
        # Of equal digits one stands, and of zeros only that of the first sound; an H parts digits.
        if digit != last and digit and (digit != "0" or not code):
            code.append(digit)
        last = digit
    return "".join(code)


def _digits(letters: str) -> Iterator[str]:
    """Yield the digits of a word in capital letters, with their repetitions; an H gives an empty one."""
    before, started = "", False
    for place, letter in enumerate(letters):
        if not "A" <= letter <= "Z":
            continue
        after = letters[place + 1 : place + 2]
        for digit in _sound(letter, before, after, initial=not started):
            yield digit
            started = started or bool(digit)
        before = letter


def _sound(letter: str, before: str, after: str, *, initial: bool) -> tuple[str, ...]:
    if letter in _ALWAYS:
        return (_ALWAYS[letter],)
    if letter == "P":
        return ("3",) if after == "H" else ("1",)
    if letter in "DT":
        return ("8",) if after and after in "CSZ" else ("2",)
    if letter == "X":
        return ("8",) if before and before in "CKQ" else ("4", "8")
    hard = "AHKLOQRUX" if initial else "AHKOQUX"
    soft = before in ("S", "Z") and not initial
    return ("4",) if after and after in hard and not soft else ("8",)

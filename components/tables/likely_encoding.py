"""Which encodings bytes may have been written in: for a person to choose from, never to be taken silently."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

__all__ = ["likely_encodings"]

# in the order in which equally likely ones are named
CANDIDATES: Final = (
    "utf-8", "cp1252", "cp1250", "cp1251", "shift_jis", "gb18030", "euc-jp", "euc-kr", "big5", "koi8-r", "cp1253",
    "cp1254", "cp1257", "cp1255", "cp1256", "iso8859-2", "mac-roman", "cp437",
)  # fmt: skip
MOST: Final = 4
NEAR: Final = 0.1  # of the best score
ENOUGH: Final = 0.5
SAMPLE_BYTES: Final = 64 << 10
# the standard that puts its common characters first, and the byte at which the others begin
_GRADED: Final = {
    "gb18030": ("gb2312", 0xD8), "big5": ("big5", 0xC9), "euc-jp": ("euc-jp", 0xD0), "shift_jis": ("euc-jp", 0xD0),
}  # fmt: skip
_BEYOND: Final = re.compile(r"[^\x00-\x7f]+")
_MARKS: Final = frozenset("’‘“”„–—…«»¿¡·º°ª、。「」『』（），．・ー　")  # they may touch a word
_SIGNS: Final = frozenset("€£§®©™²³½µ")  # they stand alone, or at a number
LONGEST_RUN: Final = 3  # letters with marks in a row, in a language of Latin letters


def likely_encodings(lines: Iterable[bytes]) -> list[str]:
    """Return the encodings, most likely first and four at most, under which the lines read as words.

    >>> likely_encodings(["Łódź".encode("cp1250"), "Kraków".encode("cp1250")])
    ['cp1250']
    """
    sample = b"\n".join(lines)[:SAMPLE_BYTES]
    sample = sample[: sample.rfind(b"\n") + 1] or sample
    scores = {name: _score(sample, name) for name in CANDIDATES}
    best = max(scores.values())
    if best < ENOUGH:
        return []
    near = sorted((name for name in CANDIDATES if scores[name] > best - NEAR), key=lambda name: -scores[name])
    return near[:MOST]


def _score(sample: bytes, encoding: str) -> float:
    """Return the share of the characters beyond ASCII that stand as they do in words: 0 to 1."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return 0.0
    total = natural = 0.0
    for match in _BEYOND.finditer(text):
        before = text[match.start() - 1 : match.start()] or " "
        after = text[match.end() : match.end() + 1] or " "
        total += len(match[0])
        natural += _natural(match[0], before, after, encoding)
    return natural / total if total else 0.0


def _natural(run: str, before: str, after: str, encoding: str) -> float:
    """Return how many characters of a run beyond ASCII stand as in words, given its ASCII neighbours."""
    scripts = [_script(letter) for letter in run]
    alike = len(set(scripts) - {"mark"}) == 1
    alone = alike and not (before.isalpha() or after.isalpha())
    count = 0
    for at, (letter, script) in enumerate(zip(run, scripts, strict=True)):
        left = run[at - 1] if at else before
        right = run[at + 1] if at + 1 < len(run) else after
        upper_inside = letter.isupper() and left.islower()
        if script == "mark":
            count += 1
        elif script == "sign":
            count += not (left.isalpha() or right.isalpha())
        elif script == "latin":
            count += alike and len(run) <= LONGEST_RUN and not upper_inside
        elif script == "wide":
            count += alone and _common(letter, encoding)
        elif script:
            count += alone and not upper_inside
    return count


def _script(letter: str) -> str:
    if letter in _MARKS:
        return "mark"
    if letter in _SIGNS:
        return "sign"
    name = unicodedata.name(letter, "")
    if name.startswith("LATIN"):
        return "latin"
    if name.startswith(("CJK", "HIRAGANA", "KATAKANA", "HANGUL SYLLABLE")):
        return "wide"
    return next((script for script in ("CYRILLIC", "GREEK", "HEBREW", "ARABIC") if name.startswith(script)), "")


def _common(letter: str, encoding: str) -> bool:
    """Whether a character of East Asia is one of the common ones, which chance seldom puts together."""
    if not "\u4e00" <= letter <= "\u9fff":
        return True
    try:
        return letter.encode(_GRADED[encoding][0])[0] < _GRADED[encoding][1]
    except (UnicodeEncodeError, KeyError):
        return False

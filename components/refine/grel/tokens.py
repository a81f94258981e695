"""GREL text cut into tokens.

A token knows where it begins, because a refusal names the place. What the language does not know becomes a token of
kind ``error``: it is refused only where something is still expected.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from sevenfold.refine.values import wrap

__all__ = ["Token", "Tokens", "is_space"]

_TWO = ("<=", ">=", "<>", "==", "!=")
_ONE = "+-*/.%<>="
_DELIMITERS = "()[],"
_NO_BREAK = "\u00a0\u2007\u202f"
_CONTROL_SPACES = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f"
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r"}
_DIGITS = "0123456789"


@dataclass(frozen=True)
class Token:
    """One token: its kind (number, string, regex, name, operator, delimiter, error), value, begin and end."""

    kind: str
    value: Any
    start: int
    end: int

    def is_(self, kind: str, *values: str) -> bool:
        """Return whether the token is of this kind and, where values are given, one of them."""
        return self.kind == kind and (not values or self.value in values)


def is_space(letter: str) -> bool:
    """Return whether Java counts a character as whitespace: no-break spaces are none."""
    if letter in _CONTROL_SPACES:
        return True
    return unicodedata.category(letter) in ("Zs", "Zl", "Zp") and letter not in _NO_BREAK


class Tokens:
    """The tokens of a text, read one after the other.

    Args:
        text: the whole expression, without a language prefix.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def next(self, *, operand: bool) -> Token | None:
        """Return the next token, or None at the end; a slash begins a regular expression only where an operand may."""
        text, end = self.text, len(self.text)
        while self.position < end and is_space(text[self.position]):
            self.position += 1
        if self.position >= end:
            return None
        token = self._read(self.position, operand)
        self.position = token.end
        return token

    def _read(self, start: int, operand: bool) -> Token:
        text, letter = self.text, self.text[start]
        if letter in _DIGITS:
            return self._number(start)
        if letter in "\"'":
            return self._string(start, letter)
        if letter.isalpha() or letter == "_":
            end = start + 1
            while end < len(text) and (text[end].isalpha() or text[end].isdecimal() or text[end] == "_"):
                end += 1
            return Token("name", text[start:end], start, end)
        if letter == "/" and operand:
            return self._regex(start)
        if text[start : start + 2] in _TWO:
            return Token("operator", text[start : start + 2], start, start + 2)
        if letter in _ONE:
            return Token("operator", letter, start, start + 1)
        if letter in _DELIMITERS:
            return Token("delimiter", letter, start, start + 1)
        return Token("error", letter, start, start + 1)

    def _number(self, start: int) -> Token:
        """Read a number: digits wrap at 64 bits, and an ``e`` after them makes a double of them."""
        text, end = self.text, start
        whole = self._digits(end)
        end += len(whole)
        fraction = None
        if text[end : end + 1] == ".":
            fraction = self._digits(end + 1)
            end += 1 + len(fraction)
        if text[end : end + 1] == "e":
            fraction = fraction or ""
        number = wrap(int(whole))
        if fraction is None:
            return Token("number", number, start, end)
        value, scale = float(number), 1.0
        for digit in fraction:
            # Digit by digit, for the rounding is part of the literal's value.
            value = value * 10 + int(digit)
            scale *= 10
        return Token("number", value / scale, start, end)

    def _digits(self, start: int) -> str:
        end = start
        while end < len(self.text) and self.text[end] in _DIGITS:
            end += 1
        return self.text[start:end]

    def _string(self, start: int, quote: str) -> Token:
        text, position = self.text, start + 1
        parts: list[str] = []
        while position < len(text):
            letter = text[position]
            if letter == quote:
                return Token("string", "".join(parts), start, position + 1)
            if letter == "\\" and position + 1 < len(text):
                position += 1
                letter = _ESCAPES.get(text[position], text[position])
            parts.append(letter)
            position += 1
        return Token("error", text[start:], start, len(text))

    def _regex(self, start: int) -> Token:
        text, position = self.text, start + 1
        while position < len(text):
            if text[position] == "/":
                caseless = text[position + 1 : position + 2] == "i"
                pattern = text[start + 1 : position]
                return Token("regex", (pattern, caseless), start, position + 1 + caseless)
            position += 2 if text[position] == "\\" else 1
        return Token("operator", "/", start, start + 1)

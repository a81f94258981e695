r"""Java's regular expressions, translated into those of the ``regex`` package.

The classes ``\d``, ``\w`` and ``\s`` hold ASCII only, the dot stops at every line terminator of Unicode, ``i`` folds
ASCII letters only. What has no counterpart is refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

import regex

from sevenfold.contracts.errors import DataError
from sevenfold.refine.grel.bounded_pattern import BoundedPattern
from sevenfold.refine.grel.properties import property_class

__all__ = ["Pattern", "compile_pattern"]

_LINE = "\\n\\r\\x85\\u2028\\u2029"
_END = f"(?:(?!(?<=\\r)\\n)(?=(?:\\r\\n|[{_LINE}])?\\Z))"
_CLASSES = {
    "d": "0-9",
    "w": "a-zA-Z_0-9",
    "s": " \\t\\n\\x0b\\f\\r",
    "h": " \\t\\xa0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000",
    "v": "\\n\\x0b\\f\\r\\x85\\u2028\\u2029",
}
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_ANCHORS = {"A": "\\A", "z": "\\Z", "Z": _END, "b": "\\b", "B": "\\B", "G": "\\G"}


@dataclass(frozen=True, eq=False)
class Pattern:
    """A compiled pattern and its text as it stands in the expression; two equal ones are not the same."""

    text: str
    compiled: BoundedPattern


def compile_pattern(text: str, caseless: bool = False) -> Pattern:
    """Return a pattern.

    Raises:
        DataError: ``grel_pattern`` for one that Java does not take, or that has no counterpart here.
    """
    return Pattern(text, _compiled(text, caseless))


@lru_cache(maxsize=1_024)
def _compiled(text: str, caseless: bool) -> BoundedPattern:
    translated = _Translation(text, caseless).run()
    try:
        return BoundedPattern(regex.compile(translated, regex.V1), text)
    except regex.error as error:
        raise _broken(text, str(error)) from error


def _broken(text: str, why: str) -> DataError:
    message = f"The pattern /{text[:200]}/ cannot be used: {why}."
    return DataError("grel_pattern", message, remedy="Write it without that construct.")


class _Translation:
    def __init__(self, text: str, caseless: bool) -> None:
        self.text = text
        self.position = 0
        self.caseless = caseless
        self.outer: list[tuple[bool, bool]] = []  # the flags outside of each open group
        self.dot_all = False

    def refuse(self, why: str) -> NoReturn:
        raise _broken(self.text, why)

    def peek(self, ahead: int = 0) -> str:
        return self.text[self.position + ahead : self.position + ahead + 1]

    def take(self) -> str:
        letter = self.peek()
        if not letter:
            self.refuse("it ends too early")
        self.position += 1
        return letter

    def run(self) -> str:
        parts = []
        while self.position < len(self.text):
            letter = self.take()
            if letter == "\\":
                parts.append(self.escape())
            elif letter == "[":
                parts.append(self.bracket())
            elif letter == ".":
                parts.append("(?s:.)" if self.dot_all else f"[^{_LINE}]")
            elif letter == "^":
                parts.append("\\A")
            elif letter == "$":
                parts.append(_END)
            elif letter == "(":
                self.outer.append((self.caseless, self.dot_all))
                parts.append(self.group())
            elif letter == ")" and self.outer:
                self.caseless, self.dot_all = self.outer.pop()
                parts.append(letter)
            elif letter == "{":
                parts.append(self.quantifier())
            else:
                parts.append(letter if letter in ")|*+?" else self.one(letter))
        return "".join(parts)

    def quantifier(self) -> str:
        found = regex.match(r"\d+(?:,\d*)?\}", self.text[self.position :])
        if not found:
            self.refuse("a { that repeats nothing must be escaped")
        self.position += found.end()
        return f"{{{found[0]}"

    def group(self) -> str:
        if self.peek() != "?":
            return "("
        rest = self.text[self.position :]
        named = regex.match(r"\?<([a-zA-Z][a-zA-Z0-9]*)>", rest)
        plain = named or regex.match(r"\?(?::|=|!|>|<=|<!)", rest)
        if plain:
            self.position += plain.end()
            return f"(?P<{named[1]}>" if named else "(" + plain[0]
        flags = regex.match(r"\?([is]*)(?:-([is]+))?([:)])", rest)
        if not flags:
            self.refuse(f"({rest[:8]} has no counterpart")
        self.position += flags.end()
        on, off = flags[1], flags[2] or ""
        self.dot_all = (self.dot_all or "s" in on) and "s" not in off
        self.caseless = (self.caseless or "i" in on) and "i" not in off
        if flags[3] == ":":
            return "(?:"
        # The flags hold to the end of the group around this one.
        self.outer.pop()
        return ""

    def one(self, letter: str) -> str:
        """Return a character outside of a class; where case does not count, an ASCII letter stands for both cases."""
        if self.caseless and letter.isascii() and letter.isalpha():
            return f"[{letter.lower()}{letter.upper()}]"
        return str(regex.escape(letter, literal_spaces=True))

    def escape(self) -> str:
        letter: str = self.take()
        if letter.lower() in _CLASSES:
            return f"[{'^' if letter.isupper() else ''}{_CLASSES[letter.lower()]}]"
        if letter in "pP":
            return f"[{self.property(letter == 'P')}]"
        if letter in _ANCHORS:
            return _ANCHORS[letter]
        if letter == "R":
            return f"(?>\\r\\n|[\\x0b\\f{_LINE}])"
        if letter == "Q":
            return "".join(map(self.one, self.quoted()))
        if letter in "123456789":
            return f"(?:\\{letter})"
        if letter == "k":
            found = regex.match(r"<([a-zA-Z][a-zA-Z0-9]*)>", self.text[self.position :])
            if not found:
                self.refuse("\\k needs a name")
            self.position += found.end()
            return f"(?P={found[1]})"
        return self.one(self.literal(letter))

    def quoted(self) -> str:
        inner, _, _ = self.text[self.position :].partition("\\E")
        self.position = min(len(self.text), self.position + len(inner) + 2)
        return inner

    def literal(self, letter: str) -> str:
        """Return the character that an escape stands for."""
        if letter in _LETTERS:
            return _LETTERS[letter]
        rest = self.text[self.position :]
        forms = {"u": r"([0-9a-fA-F]{4})", "x": r"([0-9a-fA-F]{2})|\{([0-9a-fA-F]+)\}", "0": r"([0-3]?[0-7]{1,2})"}
        if letter in forms:
            found = regex.match(forms[letter], rest)
            if not found:
                self.refuse(f"\\{letter} needs digits")
            self.position += found.end()
            return chr(int(next(filter(None, found.groups())), 8 if letter == "0" else 16))
        if letter == "c":
            return chr(ord(self.take()) ^ 64)
        if letter.isascii() and letter.isalpha():
            self.refuse(f"\\{letter} means nothing")
        return letter

    def property(self, negated: bool) -> str:
        name = self.take()
        if name == "{":
            name, closing, _ = self.text[self.position :].partition("}")
            self.position += len(name) + 1
            if not closing:
                self.refuse("a property's name must be closed")
        found = property_class(name, self.caseless)
        if found is None:
            self.refuse(f"the property {name!r} is not known")
        return f"[^{found}]" if negated else f"[{found}]"

    def bracket(self) -> str:
        """Translate a class whose opening bracket has been read; unions and intersections are nested classes."""
        parts = ["["]
        if self.peek() == "^":
            parts.append(self.take())
        first = True
        while True:
            letter = self.take()
            if letter == "]" and not first:
                return "".join([*parts, "]"])
            first = False
            if letter == "[":
                parts.append(self.bracket())
            elif letter == "&" and self.peek() == "&":
                self.take()
                parts.append("&&")
            elif letter == "\\" and self.peek() in "dDwWsShHvVpPQ":
                parts.append(self.class_escape())
            else:
                parts.append(self.span(self.class_letter(letter)))

    def class_letter(self, letter: str) -> str:
        return self.literal(self.take()) if letter == "\\" else letter

    def span(self, first: str) -> str:
        """Return a character of a class, or a range that begins with it."""
        last = first
        if self.peek() == "-" and self.peek(1) not in ("]", "[", ""):
            self.take()
            last = self.class_letter(self.take())
            if last < first:
                self.refuse(f"the range {first}-{last} is empty")
        spans = [(first, last)]
        if self.caseless:
            for low, high in (("a", "z"), ("A", "Z")):
                begin, end = max(first, low), min(last, high)
                if begin <= end:
                    spans.append((begin.swapcase(), end.swapcase()))
        return "".join(_plain(begin) if begin == end else f"{_plain(begin)}-{_plain(end)}" for begin, end in spans)

    def class_escape(self) -> str:
        letter = self.take()
        if letter == "Q":
            return "".join(map(self.span, self.quoted()))
        if letter in "pP":
            return self.property(letter == "P")
        return f"[{'^' if letter.isupper() else ''}{_CLASSES[letter.lower()]}]"


def _plain(letter: str) -> str:
    return letter if letter.isalnum() else f"\\U{ord(letter):08x}"

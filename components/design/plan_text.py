"""A plan as YAML text with a comment where one helps; what is written is read back and must be the same."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

__all__ = ["Path", "plan_text"]

Path = tuple[str, ...]
WIDTH: Final = 110
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./()-]+)*")
_WORDS: Final = frozenset({"yes", "no", "y", "n", "true", "false", "on", "off", "null", "nan", "inf"})
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def plan_text(document: Mapping[str, Any], comments: Mapping[Path, str], *, inline: Sequence[Path] = ()) -> str:
    """Return the YAML of nested mappings, lists, texts, numbers, booleans.

    Args:
        document: what is written, in its order.
        comments: what stands above a key, by its path; the path () stands at the top.
        inline: paths whose entries are mappings written on one line.
    """
    lines = [*_comment(comments.get((), ""), 0), *_mapping(document, comments, frozenset(inline), ())]
    return "\n".join(lines) + "\n"


def _mapping(
    mapping: Mapping[str, Any], comments: Mapping[Path, str], inline: frozenset[Path], at: Path
) -> Iterator[str]:
    indent = "  " * len(at)
    for key, value in mapping.items():
        here = (*at, key)
        if not at and isinstance(value, Mapping):
            yield ""
        yield from _comment(comments.get(here, ""), len(at))
        if isinstance(value, Mapping) and value and at not in inline:
            yield f"{indent}{_scalar(key)}:"
            yield from _mapping(value, comments, inline, here)
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            yield f"{indent}{_scalar(key)}:"
            yield from (f"{indent}  - {_flow(item)}" for item in value)
        else:
            yield f"{indent}{_scalar(key)}: {_flow(value)}"


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        text = repr(value)
        # YAML 1.1 reads 1e-05 as a text: it wants a point and a signed exponent
        return text if "e" not in text or "." in text else text.replace("e", ".0e")
    text = str(value)
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS and len(text) < 200:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter.isprintable():
        return letter
    code = ord(letter)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def _comment(text: str, depth: int) -> Iterator[str]:
    indent = "  " * depth
    for paragraph in text.split("\n") if text else ():
        clean = "".join(letter if letter.isprintable() else "?" for letter in paragraph)
        wrapped = textwrap.wrap(clean, WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
        yield from (f"{indent}# {line}" for line in wrapped or [""])

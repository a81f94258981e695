"""Functions that write a text in the code of another language or alphabet, and read it back."""

from __future__ import annotations

import base64
import binascii
import hashlib
import html.entities
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote_plus

from sevenfold.refine.grel.failure import Failed
from sevenfold.refine.grel.functions.casting import to_string
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.grel.json_values import Json, jsonized, parse_json
from sevenfold.refine.utf16 import units

__all__ = ["FUNCTIONS"]

_XML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
_HTML = {chr(point): f"&{name};" for point, name in html.entities.codepoint2name.items()}
_SCRIPT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"} | {sign: f"\\{sign}" for sign in "\"'\\/"}
_SEGMENT = "-._~!$'()*,;&=@:+"
_ENTITY = re.compile(r"&(?:#([0-9]+)|#[xX]([0-9a-fA-F]+)|([a-zA-Z0-9]+));")
_BASES: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes], int]] = {
    "base16": (base64.b16encode, base64.b16decode, 1),
    "base32": (base64.b32encode, base64.b32decode, 8),
    "base32hex": (base64.b32hexencode, base64.b32hexdecode, 8),
    "base64": (base64.b64encode, lambda data: base64.b64decode(data, validate=True), 4),
    "base64url": (base64.urlsafe_b64encode, lambda data: base64.b64decode(data, altchars=b"-_", validate=True), 4),
}


def _script(text: str) -> str:
    return "".join(_SCRIPT.get(unit, unit if " " <= unit <= "\x7f" else f"\\u{ord(unit):04X}") for unit in units(text))


def _xml(letter: str) -> str:
    """Write a letter as XML 1.1 has it: control characters by number, what is no character not at all."""
    if letter in _XML:
        return _XML[letter]
    if letter in "\0\ufffe\uffff" or "\ud800" <= letter <= "\udfff":
        return ""
    control = letter < " " or "\x7f" <= letter <= "\x9f"
    return f"&#{ord(letter)};" if control and letter not in "\t\n\r\x85" else letter


def _csv(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if re.search(r'[,"\r\n]', text) else text


def _url(text: str) -> str:
    return quote(text.encode("utf-8", "replace"), safe=" -_.*").replace("~", "%7E").replace(" ", "+")


_ESCAPES: dict[str, Callable[[str], str]] = {
    "html": lambda text: "".join(_HTML.get(letter, letter) for letter in text),
    "xml": lambda text: "".join(_xml(letter) for letter in text),
    "csv": _csv,
    "url": _url,
    "urlform": _url,
    "javascript": _script,
    "urlpath": lambda text: quote(text.encode("utf-8", "replace"), safe=_SEGMENT + "/"),
    "urlfragment": lambda text: quote(text.encode("utf-8", "replace"), safe=_SEGMENT + "/?"),
}


def _entities(text: str, names: dict[str, str]) -> str:
    def read(found: re.Match[str]) -> str:
        decimal, hexadecimal, name = found.groups()
        if name:
            return names.get(name, found[0])
        point = int(decimal) if decimal else int(hexadecimal, 16)
        if point > 0x10FFFF:
            raise Failed(f"takes code points up to 10FFFF, but got {found[0]}")
        return chr(point)

    return _ENTITY.sub(read, text)


def _unescape_csv(text: str) -> str:
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    return inner.replace('""', '"') if re.search(r'[,"\r\n]', inner) else inner


def _unescape_url(text: str) -> str:
    if re.search(r"%(?![0-9a-fA-F]{2})", text):
        raise Failed("takes two hexadecimal digits after a percent sign")
    return unquote_plus(text)


def _unescape_script(text: str) -> str:
    letters = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}

    def read(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        if found[2]:
            return chr(int(found[2], 8))
        return letters.get(found[3], found[3])

    return re.sub(r"\\(?:u+\+?([0-9a-fA-F]{4})|([0-3]?[0-7]{1,2})|(.?))", read, text, flags=re.DOTALL)


_HTML_NAMES = {name: chr(point) for name, point in html.entities.name2codepoint.items()}
_XML_NAMES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_UNESCAPES: dict[str, Callable[[str], str]] = {
    "html": lambda text: _entities(text, _HTML_NAMES),
    "xml": lambda text: _entities(text, _XML_NAMES),
    "csv": _unescape_csv,
    "url": _unescape_url,
    "javascript": _unescape_script,
}


def _by_mode(modes: dict[str, Callable[[str], str]], read: Callable[[Any], str | None]) -> Callable[[list[Any]], Any]:
    def function(arguments: list[Any]) -> Any:
        text = read(arguments[0]) if len(arguments) == 2 and isinstance(arguments[1], str) else None
        if text is None:
            return None
        mode = arguments[1].lower()
        if mode not in modes:
            raise Failed(f"takes one of {', '.join(modes)}")
        return modes[mode](text)

    return function


def _base(arguments: list[Any]) -> tuple[str, str]:
    if len(arguments) != 2 or not all(isinstance(value, str) for value in arguments):
        raise Failed("takes two texts")
    if arguments[1] not in _BASES:
        raise Failed(f"takes one of {', '.join(_BASES)}")
    return arguments[0], arguments[1]


def encode(arguments: list[Any]) -> Any:
    """Write a text's UTF-8 bytes in an alphabet of 16, 32 or 64 letters."""
    text, base = _base(arguments)
    return _BASES[base][0](text.encode("utf-8", "replace")).decode("ascii")


def decode(arguments: list[Any]) -> Any:
    """Read back what `encode` has written; closing equals signs may be missing."""
    text, base = _base(arguments)
    _, read, size = _BASES[base]
    bare = text.rstrip("=")
    try:
        return read((bare + "=" * (-len(bare) % size)).encode("ascii")).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise Failed(f"takes a text in {base}") from error


def _digest(name: str) -> Callable[[list[Any]], Any]:
    def function(arguments: list[Any]) -> Any:
        if len(arguments) != 1 or arguments[0] is None:
            raise Failed("takes a value that is not null")
        return hashlib.new(name, java_text(arguments[0]).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()

    return function


def _jsonize(arguments: list[Any]) -> str:
    if len(arguments) != 1:
        raise Failed("takes one value")
    return jsonized(arguments[0])


def _parse_json(arguments: list[Any]) -> Any:
    if len(arguments) < 1 or arguments[0] is None:
        return None
    value = arguments[0]
    return parse_json(value.text if isinstance(value, Json) else java_text(value))


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "escape": _by_mode(_ESCAPES, lambda value: to_string([value])),
    "unescape": _by_mode(_UNESCAPES, lambda value: value if isinstance(value, str) else None),
    "encode": encode,
    "decode": decode,
    "md5": _digest("md5"),
    "sha1": _digest("sha1"),
    "jsonize": _jsonize,
    "parseJson": _parse_json,
}

"""Read a JSON body strictly: one document, UTF-8, finite numbers, bounded depth, no key twice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

import orjson

from sevenfold.contracts.errors import InputError
from sevenfold.serving.predictor.refusal import Refusal

__all__ = ["parse_document", "read_document"]

Request = TypeVar("Request")

_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_CONTAINERS: Final = frozenset({dict, list})


def parse_document(body: bytes) -> Any:
    """Return the document of a JSON text (RFC 8259).

    Raises:
        Refusal: status 400, ``empty_body``, ``not_json`` (also NaN, numbers beyond float64, a byte order mark, lone
            surrogates, more than 1 024 levels) or ``duplicate_key``.
    """
    if not body:
        raise Refusal(400, "empty_body", "The body must be a JSON document, but has 0 bytes.")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(
            400,
            "not_json",
            f"The body must be one JSON document, but at character {error.pos}: {error.msg.split(':')[0]}.",
        ) from None
    # The parser keeps the last of two equal keys. Every pair has one colon outside its strings, so a document without
    # repeated keys has as many of them as keys are left. The quick count of keys is never too high, that of colons
    # never too low: only if they differ are all levels counted, and the strings cut out.
    colons = body.count(b":")
    if _upper_keys(document) == colons:
        return document
    keys = _keys(document)
    if colons != keys and _STRING.sub(b"", body).count(b":") != keys:
        raise Refusal(400, "duplicate_key", "Every key must stand once in its object, but one stands twice.")
    return document


def read_document(body: bytes, read: Callable[[Any], tuple[Request, bool]]) -> Request:
    """Return what `read` makes of the document of a JSON text.

    The fast parser turns an integer of more than 64 bits into the float next to it. So where a number may have been
    one, because `read` also returns True or refuses it as not whole, `read` gets the document again with every integer
    as it was written.

    Raises:
        InputError: as `parse_document` and `read`.
    """
    try:
        request, in_doubt = read(parse_document(body))
        if not in_doubt:
            return request
    except InputError as error:
        if error.code != "not_whole":
            raise
    return read(_exact_document(body))[0]


def _exact_document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except RecursionError:  # so deep down stands no value of a row
        return orjson.loads(body)


def _upper_keys(document: Any) -> int:
    """Return the number of keys at the levels where requests have them; a document may have more at others."""
    if type(document) is not dict:
        return 0
    count = len(document)
    for value in document.values():
        if type(value) is list:
            for part in value:
                if type(part) is dict:
                    count += len(part)
                    if type(inner := part.get("parameters")) is dict:
                        count += len(inner)
        elif type(value) is dict:
            count += len(value)
    return count


def _keys(document: Any) -> int:
    count = 0
    stack = [document]
    while stack:
        part = stack.pop()
        if type(part) is dict:
            count += len(part)
            part = part.values()
        elif type(part) is not list:
            continue
        if not _CONTAINERS.isdisjoint(map(type, part)):
            stack.extend([value for value in part if type(value) in _CONTAINERS])
    return count

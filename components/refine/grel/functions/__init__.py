"""The functions of GREL by name, and those that cannot be replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sevenfold.refine.grel.functions import (
    arrays,
    booleans,
    casting,
    codings,
    dates,
    integers,
    matching,
    mathematics,
    objects,
    phonetics,
    reinterpreting,
    splitting,
    texts,
)

__all__ = ["FUNCTIONS", "REFUSED", "why_refused"]

FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    **arrays.FUNCTIONS,
    **booleans.FUNCTIONS,
    **casting.FUNCTIONS,
    **codings.FUNCTIONS,
    **dates.FUNCTIONS,
    **integers.FUNCTIONS,
    **mathematics.FUNCTIONS,
    **matching.FUNCTIONS,
    **objects.FUNCTIONS,
    **phonetics.FUNCTIONS,
    **reinterpreting.FUNCTIONS,
    **splitting.FUNCTIONS,
    **texts.FUNCTIONS,
}

_HTML = "OpenRefine's reader of HTML and XML has no counterpart here"

# Why each function of OpenRefine that is missing above cannot be replayed.
REFUSED = {
    "cross": "it reads another project",
    "detectLanguage": "it needs OpenRefine's own language models",
    "facetCount": "it counts over the whole table",
    "now": "it gives another value at every run",
    "parseUri": "OpenRefine reads addresses by Java's rules",
    "random": "it gives another value at every run",
    "randomNumber": "it gives another value at every run",
    **dict.fromkeys(
        [
            "parseHtml",
            "parseXml",
            "select",
            "htmlAttr",
            "xmlAttr",
            "htmlText",
            "xmlText",
            "innerHtml",
            "innerXml",
            "ownText",
            "wholeText",
            "parent",
            "scriptText",
        ],
        _HTML,
    ),
}


def why_refused(name: str, arguments: Sequence[Any]) -> str | None:
    """Return why a call cannot be replayed though its function can; None where it can.

    Args:
        name: of the function.
        arguments: its literals; an ellipsis stands for any other argument.
    """
    return phonetics.why_refused(arguments) if name == "phonetic" else None

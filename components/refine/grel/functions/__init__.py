"""The functions of GREL by name, and those that cannot be replayed."""

from __future__ import annotations

from collections.abc import Callable
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
    reinterpreting,
    splitting,
    texts,
)

__all__ = ["FUNCTIONS", "REFUSED"]

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
    "phonetic": "OpenRefine's phonetic codes have no counterpart here",
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

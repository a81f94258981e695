"""What the name of a column says of its values: that they are moments, lengths of time, or names of rows."""

from __future__ import annotations

import re
from typing import Final

from sevenfold.design.sensitive import name_words

__all__ = ["says_duration", "says_identifier", "says_time"]

_TIME: Final = frozenset(
    {
        "arrival",
        "arrive",
        "arrived",
        "at",
        "began",
        "begin",
        "clock",
        "close",
        "closed",
        "closes",
        "closing",
        "created",
        "date",
        "dates",
        "datetime",
        "dato",
        "datum",
        "day",
        "depart",
        "departed",
        "departure",
        "dropoff",
        "dt",
        "end",
        "ended",
        "ending",
        "epoch",
        "fecha",
        "heure",
        "hora",
        "modified",
        "month",
        "on",
        "open",
        "opened",
        "opening",
        "opens",
        "pickup",
        "seen",
        "since",
        "start",
        "started",
        "tid",
        "time",
        "times",
        "timestamp",
        "timestamps",
        "ts",
        "uhrzeit",
        "unix",
        "until",
        "updated",
        "utc",
        "when",
        "zeit",
        "zeitpunkt",
        "zeitstempel",
    }
)
_TIME_LIKE: Final = re.compile(r".{2,}(?:time|timestamp)|(?!candi|man|vali|liqui|consoli).{2,}date")
_DURATION: Final = frozenset(
    {
        "dauer",
        "delay",
        "downtime",
        "duration",
        "elapsed",
        "finish",
        "gap",
        "hours",
        "interval",
        "lap",
        "length",
        "lifetime",
        "minutes",
        "pace",
        "runtime",
        "seconds",
        "spent",
        "split",
        "taken",
        "total",
        "uptime",
        "wait",
        "waiting",
    }
)
_IDENTIFIER: Final = frozenset(
    {
        "account",
        "batch",
        "code",
        "codes",
        "guid",
        "id",
        "ids",
        "idx",
        "index",
        "invoice",
        "isbn",
        "key",
        "keys",
        "lot",
        "no",
        "nr",
        "num",
        "number",
        "phone",
        "postcode",
        "ref",
        "reference",
        "row",
        "serial",
        "sku",
        "ticket",
        "uuid",
        "version",
        "zip",
    }
)


def says_time(name: str) -> bool:
    """Whether a name says that its values are moments, and not that they name something.

    >>> says_time("created_at"), says_time("unixReviewTime"), says_time("candidate"), says_time("time_id")
    (True, True, False, False)
    """
    words = set(name_words(name))
    return not words & _IDENTIFIER and any(word in _TIME or _TIME_LIKE.fullmatch(word) for word in words)


def says_duration(name: str) -> bool:
    """Whether a name says that its values are lengths of time."""
    return not _DURATION.isdisjoint(name_words(name))


def says_identifier(name: str) -> bool:
    """Whether a name says that its values name rows or things."""
    return not _IDENTIFIER.isdisjoint(name_words(name))

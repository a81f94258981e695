"""Moments: the one reading of dates and times, shared by preparation, testing and serving.

A moment is an int64 of microseconds since 1970-01-01 00:00 UTC. A text without an offset is read as UTC.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import InputError

__all__ = ["EARLIEST", "LATEST", "names_offset", "parse_moment", "parse_moments"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
# What tables with nanoseconds can hold, in whole years: other tools read every moment that is accepted here.
EARLIEST: Final = (datetime(1678, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
LATEST: Final = (datetime(2262, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND - 1

MAX_CHARACTERS: Final = 64
_ISO_DATE = re.compile(r"\d{4}-?(?:\d\d|W\d\d)-?\d{1,2}(?:[T ]|$)", re.ASCII)
_OFFSET = re.compile(r"(?:[T ].*(?:Z|z|[+-]\d\d(?::?\d\d)?(?::?\d\d)?)|\d(?:UTC|GMT)|[ ](?:UTC|GMT))$", re.ASCII)


def parse_moment(text: str, date_format: str = "") -> int:
    """Return the moment that `text` names.

    Args:
        text: ISO 8601, such as ``2013-01-31``, ``2013-01-31 10:15`` or ``2013-01-31T10:15:30.25+02:00``, or what
            `date_format` says; white space around it does not count. Digits beyond the microsecond are cut off.
        date_format: a `datetime.strptime` format; empty reads ISO 8601.

    Raises:
        InputError: ``not_a_moment``, or ``date_range`` outside the years 1678 to 2261.

    >>> parse_moment("1970-01-02T00:00:00+01:00")
    82800000000
    """
    moment = _moment(text, date_format)
    shown = repr(text[:MAX_CHARACTERS])
    if moment is None:
        rule = f"must have the format {date_format!r}" if date_format else "must be ISO 8601, as in 2013-01-31T10:15"
        raise InputError("not_a_moment", f"A date {rule}, but got {shown}.", remedy="Correct it, or leave it empty.")
    if not EARLIEST <= moment <= LATEST:
        raise InputError("date_range", f"A date lies in the years 1678 to 2261, but got {shown}.")
    return moment


def parse_moments(
    texts: Sequence[str | None], date_format: str = ""
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return moments, what is missing (None or blank) and what is bad, each of shape ``[n]``.

    The moment is 0 where it is missing or cannot be read. Where it can be read and lies outside the accepted years,
    it is bad too, and the value is the true moment, outside `EARLIEST` to `LATEST`.
    """
    known: dict[str | None, int | None] = {text: _moment(text, date_format) for text in set(texts) if text}
    blank = {text for text in known if text and text.isspace()} | {None, ""}
    read = [known.get(text) for text in texts]
    missing = np.fromiter((text in blank for text in texts), dtype=np.bool_, count=len(texts))
    unread = np.fromiter((moment is None for moment in read), dtype=np.bool_, count=len(texts))
    moments = np.fromiter((moment or 0 for moment in read), dtype=np.int64, count=len(texts))
    bad = (unread & ~missing) | (moments < EARLIEST) | (moments > LATEST)
    return moments, missing, bad


def names_offset(text: str) -> bool:
    """Whether an ISO 8601 text with a time says its offset from UTC; a column must do so always or never."""
    return _OFFSET.search(text.strip()) is not None


def _moment(text: str, date_format: str) -> int | None:
    text = text.strip()
    if len(text) > MAX_CHARACTERS:
        return None
    try:
        if date_format:
            moment = datetime.strptime(text, date_format)
        elif _ISO_DATE.match(text):
            moment = datetime.fromisoformat(text)
        else:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - EPOCH) // MICROSECOND
    except (ValueError, OverflowError):
        return None

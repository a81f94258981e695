"""Moments: the one reading of dates and times, shared by preparation, testing and serving.

A moment is an int64 of microseconds since 1970-01-01 00:00 UTC. A text without an offset is read as UTC, or as the
local time of the column's time zone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import InputError
from sevenfold.tables.moment_formats import EPOCHS, epoch_moment, fixed_width

__all__ = ["EARLIEST", "LATEST", "local_time_error", "localize", "names_offset", "parse_moment", "parse_moments"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
# What tables with nanoseconds can hold, in whole years: other tools read every moment that is accepted here.
EARLIEST_YEAR, LATEST_YEAR = 1678, 2262
EARLIEST: Final = (datetime(EARLIEST_YEAR, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
LATEST: Final = (datetime(LATEST_YEAR, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND - 1
HOUR: Final = timedelta(hours=1) // MICROSECOND

MAX_CHARACTERS: Final = 64
_ISO_DATE = re.compile(r"\d{4}-?(?:\d\d|W\d\d)-?\d{1,2}(?:[T ]|$)", re.ASCII)
_OFFSET = re.compile(r"(?:[T ].*(?:Z|z|[+-]\d\d(?::?\d\d)?(?::?\d\d)?)|\d(?:UTC|GMT)|[ ](?:UTC|GMT))$", re.ASCII)


def parse_moment(text: str, date_format: str = "", time_zone: str = "") -> int:
    """Return the moment that `text` names.

    Args:
        text: ISO 8601, such as ``2013-01-31``, ``2013-01-31 10:15`` or ``2013-01-31T10:15:30.25+02:00``, or what
            `date_format` says; white space around it does not count. Digits beyond the microsecond are cut off.
        date_format: a `datetime.strptime` format, in which numbers that follow each other have all their digits, or
            a count since 1970 as `epoch_moment` reads it; empty reads ISO 8601.
        time_zone: where a text without an offset is local time, such as ``Europe/Oslo``; empty takes it for UTC.

    Raises:
        InputError: ``not_a_moment``, ``date_range`` outside the years 1678 to 2261, and of local times
            ``ambiguous_time``, which occurs twice, and ``missing_time``, which clocks skip.

    >>> parse_moment("1970-01-02T00:00:00+01:00")
    82800000000
    >>> parse_moment("1970-01-02T00:00:00", time_zone="Europe/Oslo")
    82800000000
    """
    moment, code = _moment(text, date_format, time_zone)
    if not code:
        return moment
    shown = repr(text[:MAX_CHARACTERS])
    if code == "not_a_moment":
        rule = f"must have the format {date_format!r}" if date_format else "must be ISO 8601, as in 2013-01-31T10:15"
        raise InputError(code, f"A date {rule}, but got {shown}.", remedy="Correct it, or leave it empty.")
    if code == "date_range":
        raise InputError(code, f"A date lies in the years 1678 to 2261, but got {shown}.")
    raise local_time_error(code, shown, time_zone)


def parse_moments(
    texts: Sequence[str | None], date_format: str = "", time_zone: str = ""
) -> tuple[NDArray[np.int64], NDArray[np.bool_], dict[str, NDArray[np.bool_]]]:
    """Return moments, what is missing (None or blank), and by code what is bad, each of shape ``[n]``.

    The codes are those of `parse_moment`; only ones that occur are there. The moment of a missing or bad text is 0.
    """
    known = {text: _moment(text, date_format, time_zone) for text in set(texts) if text}
    blank = {text for text in known if text and text.isspace()} | {None, ""}
    missing = np.fromiter((text in blank for text in texts), dtype=np.bool_, count=len(texts))
    read = [known[text] if text and text not in blank else (0, "") for text in texts]
    moments = np.fromiter((moment for moment, _ in read), dtype=np.int64, count=len(texts))
    codes = np.array([code for _, code in read], dtype=object)
    return moments, missing, {code: codes == code for code in sorted(set(codes.tolist()) - {""})}


def localize(
    moments: NDArray[np.int64], time_zone: str
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the moments of local times, which of them occur twice, and which the clocks skip; those stay as they are.

    Args:
        moments: local times as if they were UTC, microseconds within `EARLIEST` to `LATEST`, shape ``[n]``.
        time_zone: where they are local.
    """
    hours, which = np.unique(moments // HOUR, return_inverse=True)
    offsets = [_hour_offset(hour, time_zone) for hour in hours.tolist()]
    mixed = np.array([offset is None for offset in offsets], dtype=np.bool_)[which]
    shift = np.array([offset or 0 for offset in offsets], dtype=np.int64)[which]
    ambiguous, missing = np.zeros(len(moments), dtype=np.bool_), np.zeros(len(moments), dtype=np.bool_)
    for at in np.flatnonzero(mixed).tolist():
        shift[at], code = _offset(EPOCH.replace(tzinfo=None) + int(moments[at]) * MICROSECOND, time_zone)
        ambiguous[at], missing[at] = code == "ambiguous_time", code == "missing_time"
    return moments - shift, ambiguous, missing


def local_time_error(code: str, shown: str, time_zone: str) -> InputError:
    """Return the error of a local time that names no one moment; `shown` is the text, fit to be shown."""
    what = "clocks skip it" if code == "missing_time" else "it occurs twice"
    return InputError(
        code,
        f"A local time must name one moment, but {shown} does not: in {time_zone} {what}.",
        remedy="Write its offset from UTC, as in 2013-01-31T10:15+01:00.",
    )


def names_offset(text: str) -> bool:
    """Whether an ISO 8601 text with a time says its offset from UTC; a column must do so always or never."""
    return _OFFSET.search(text.strip()) is not None


def _moment(text: str, date_format: str, time_zone: str) -> tuple[int, str]:
    """Return a moment and "", or 0 and the code of what is wrong."""
    text = text.strip()
    if len(text) > MAX_CHARACTERS or not (date_format or _ISO_DATE.match(text)):
        return 0, "not_a_moment"
    try:
        if date_format in EPOCHS:
            moment = epoch_moment(text, date_format)
            return (moment, "") if EARLIEST <= moment <= LATEST else (0, "date_range")
        if date_format and (pattern := fixed_width(date_format)) is not None:
            match = pattern.fullmatch(text)
            if match is None:
                return 0, "not_a_moment"
            text = match[1]
        named = datetime.strptime(text, date_format) if date_format else datetime.fromisoformat(text)
        shift = 0
        if named.tzinfo is None:
            if time_zone and EARLIEST_YEAR <= named.year < LATEST_YEAR:
                shift, code = _offset(named, time_zone)
                if code:
                    return 0, code
            named = named.replace(tzinfo=UTC)
        moment = (named - EPOCH) // MICROSECOND - shift
    except (ValueError, OverflowError):
        return 0, "not_a_moment"
    return (moment, "") if EARLIEST <= moment <= LATEST else (0, "date_range")


def _hour_offset(hour: int, time_zone: str) -> int | None:
    """Return the offset from UTC, in microseconds, that all of a local hour has, or None where it changes within."""
    begin = EPOCH.replace(tzinfo=None) + hour * timedelta(hours=1)
    last = begin + timedelta(hours=1) - MICROSECOND
    offsets = {_folded(moment, fold, time_zone) for moment in (begin, last) for fold in (0, 1)}
    return offsets.pop() if len(offsets) == 1 else None


def _offset(local: datetime, time_zone: str) -> tuple[int, str]:
    """Return the offset from UTC of a local time, in microseconds, and "" or why it has no single one."""
    first, second = _folded(local, 0, time_zone), _folded(local, 1, time_zone)
    if first == second:
        return first, ""
    # the first is the offset before the clocks change: where it is the larger one, they are set back
    return 0, "ambiguous_time" if first > second else "missing_time"


def _folded(local: datetime, fold: int, time_zone: str) -> int:
    offset = local.replace(tzinfo=ZoneInfo(time_zone), fold=fold).utcoffset()
    return (offset or timedelta()) // MICROSECOND

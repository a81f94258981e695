"""Cron expressions of five fields, in UTC: refused where they mean nothing, and asked for their last tick."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["cron_fault", "latest_tick"]


def cron_fault(expression: str) -> str:
    """Return why an expression is none, in words; "" for one that is.

    >>> cron_fault("30 2 * * 1"), cron_fault("61 2 * * 1")
    ('', 'Bad minute')
    """
    from cronsim import CronSim, CronSimError

    if len(expression.split()) != 5:  # six would have seconds, first or last as the program likes
        return "it has five fields: minute, hour, day, month, weekday"
    try:
        next(CronSim(expression, datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        return str(error)
    except StopIteration:
        return "no day is like this"
    return ""


def latest_tick(expression: str, now: float) -> float | None:
    """Return the last moment of an expression that is not after `now`; None where there is none in fifty years.

    Args:
        expression: five fields.
        now: seconds since 1970.

    >>> datetime.fromtimestamp(latest_tick("30 2 * * 1", 1_767_700_000), UTC).isoformat()
    '2026-01-05T02:30:00+00:00'
    """
    from cronsim import CronSim

    # it gives what lies before a moment, and knows whole minutes alone
    after = datetime.fromtimestamp(now // 60 * 60 + 60, UTC)
    tick = next(CronSim(expression, after, reverse=True), None)
    return None if tick is None else tick.timestamp()

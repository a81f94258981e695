"""What a journal's rows say of a plan's past, as a decision needs it: its runs, and what a person has seen of them."""

from __future__ import annotations

import json
import sqlite3

from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.monitoring.retrain.decide import Action, History, PastRun, Reason

__all__ = ["attempt_of", "history_of", "put_back"]

_STAMPS = (("decisions", "moment"), ("decisions", "last"), ("runs", "began"), ("runs", "ended"), ("alerts", "last"))


def history_of(database: sqlite3.Connection, name: str) -> History:
    """Return the runs of a plan, oldest first, and what else a decision needs of the past."""
    seen = _last(database, name, Action.NOTE, Reason.ACKNOWLEDGED)
    rows = database.execute(
        "SELECT decision, keys, moment, state, ended, details FROM runs JOIN decisions ON number = decision "
        "WHERE runs.name = ? ORDER BY number",
        (name,),
    )
    # by their numbers, for two moments may be the same
    ends = dict(
        database.execute(
            "SELECT cause, MAX(number) FROM decisions WHERE name = ? AND cause LIKE 'run of decision %' GROUP BY cause",
            (name,),
        )
    )
    newest = database.execute(
        "SELECT COALESCE(MAX(number), 0) FROM decisions WHERE name = ? AND reason = ?", (name, Reason.ACKNOWLEDGED)
    ).fetchone()[0]
    runs = [
        PastRun(
            keys=frozenset(json.loads(keys)),
            moment=moment,
            over=ended is not None,
            state=state,
            ended=ended,
            bundle=json.loads(details).get("bundle", ""),
            acknowledged=ended is not None and ends.get(f"run of decision {decision}", newest) < newest,
        )
        for decision, keys, moment, state, ended, details in rows
    ]
    paged = _last(database, name, Action.PAGE, Reason.BUDGET)
    return History(runs, paged if seen is None or paged is None or paged > seen else None)


def _last(database: sqlite3.Connection, name: str, action: Action, reason: Reason) -> float | None:
    found = database.execute(
        "SELECT MAX(last) FROM decisions WHERE name = ? AND action = ? AND reason = ?", (name, action, reason)
    ).fetchone()[0]
    return None if found is None else float(found)


def attempt_of(database: sqlite3.Connection, cause: Cause) -> str:
    """Return what a run of a cause is known by: its key, or, where earlier runs of it failed, with a number behind."""
    rows = database.execute("SELECT keys FROM runs WHERE name = ?", (cause.name,))
    before = sum(set(json.loads(keys)) == set(cause.keys) for (keys,) in rows)
    return f"{cause.key}-{before + 1}" if before else cause.key


def put_back(database: sqlite3.Connection, now: float) -> None:
    """Put every moment that is ahead of now back by as much as the newest decision is; their order stays."""
    newest = database.execute("SELECT COALESCE(MAX(last), 0) FROM decisions").fetchone()[0]
    for table, column in _STAMPS:
        database.execute(
            f"UPDATE {table} SET {column} = MIN({column} - ?, ?) WHERE {column} > ?",  # noqa: S608 - our own words
            (newest - now, now, now),
        )

"""The journal: every decision on disk, and the runs that follow from them.

SQLite, because a decision is read, made and written in one transaction: two processes, or a thousand requests, cannot
both find that no run goes on, and a killed process leaves a decision whole or not there. A file of JSON lines would
need a lock and a repair of its last line to promise the same. Every commit waits for the disk.

A decision that repeats another one about the same cause is counted on its line: an alert storm does not grow the file.

It also remembers when each alert began. A Prometheus that was away for longer than its alerts last has forgotten that:
Alertmanager takes them as over, and then as new ones. So an alert that fires again within `SAME_SECONDS` is the same.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sevenfold.contracts.errors import IntegrityError, TemporaryError
from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.monitoring.retrain.decide import Action, Decision, History, Reason
from sevenfold.monitoring.retrain.past_runs import attempt_of, history_of, put_back

__all__ = ["FORMAT_VERSION", "SAME_SECONDS", "STOPPING", "Entry", "Firing", "Journal", "RunEntry"]

FORMAT_VERSION: Final = 1
BUSY_SECONDS: Final = 30.0
STOPPING: Final = "stopping"  # the state of a run that is being terminated
SAME_SECONDS: Final = 3_600.0  # Prometheus's own tolerance, --rules.alert.for-outage-tolerance
_TABLES: Final = """
CREATE TABLE decisions (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL, moment REAL NOT NULL, last REAL NOT NULL, times INTEGER NOT NULL,
    action TEXT NOT NULL, reason TEXT NOT NULL, cause TEXT NOT NULL, evidence TEXT NOT NULL, sentence TEXT NOT NULL,
    UNIQUE (name, cause, action, reason)
);
CREATE TABLE runs (
    decision INTEGER PRIMARY KEY REFERENCES decisions (number),
    name TEXT NOT NULL, keys TEXT NOT NULL, details TEXT NOT NULL,
    run TEXT NOT NULL DEFAULT '', state TEXT NOT NULL DEFAULT 'decided', ended REAL
);
"""
_ALERTS: Final = "CREATE TABLE IF NOT EXISTS alerts (alert TEXT PRIMARY KEY, began TEXT NOT NULL, last REAL NOT NULL)"

_COLUMNS: Final = "number, name, moment, last, times, action, reason, cause, evidence, sentence"


@dataclass(frozen=True)
class Entry:
    """A decision on record: how often the same was decided about the same cause, first at `moment`, at last at `last`.

    Moments are seconds since 1970.
    """

    number: int
    name: str
    moment: float
    last: float
    times: int
    action: Action
    reason: Reason
    cause: str
    evidence: str
    sentence: str


@dataclass(frozen=True)
class Firing:
    """An alert that fires since `start`, written by its sender as `began`, and did until `last`; seconds since 1970."""

    began: str
    start: float
    last: float


@dataclass(frozen=True)
class RunEntry:
    """A run that was decided: `run` names it once it started, `state` is decided, started, or how it ended.

    `details` is what whoever starts it needs, as given with the decision. It was decided at `moment` and runs since
    `began`, None before its start; seconds since 1970.
    """

    decision: int
    name: str
    cause: str
    details: dict[str, Any]
    run: str
    state: str
    moment: float = 0.0
    began: float | None = None


class Journal:
    """A file of decisions; several threads and processes may use it at once.

    Raises:
        IntegrityError: ``unknown_format`` for a file of another format, or that is no journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._transaction() as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version == 0 and not database.execute("SELECT 1 FROM sqlite_master").fetchone():
                for statement in filter(str.strip, _TABLES.split(";")):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
            elif version != FORMAT_VERSION:
                raise self._unknown(f"version {version}")
            database.execute(_ALERTS)
            if not any(column[1] == "began" for column in database.execute("PRAGMA table_info(runs)")):
                database.execute("ALTER TABLE runs ADD COLUMN began REAL")

    def decide(
        self, cause: Cause, make: Callable[[History], Decision], now: float, details: dict[str, Any] | None = None
    ) -> Decision:
        """Let `make` decide from the history, and put the decision on disk before it is returned.

        Args:
            cause: what the decision is about.
            make: returns the decision; it is called while nobody else can decide.
            now: the moment, in seconds since 1970.
            details: what whoever starts the run needs, as JSON.
        """
        with self._transaction() as database:
            decision = make(history_of(database, cause.name))
            known_as = attempt_of(database, cause) if decision.action is Action.START else cause.key
            number = _write(database, cause.name, known_as, cause.evidence, decision, now)
            if decision.action is Action.START:
                given = {**(details or {}), "bundle": cause.bundle}
                database.execute(
                    "INSERT INTO runs (decision, name, keys, details) VALUES (?, ?, ?, ?)",
                    (number, cause.name, json.dumps(cause.keys), json.dumps(given)),
                )
        return decision

    def remember(self, alerts: Mapping[str, Firing]) -> dict[str, str]:
        """Put on disk until when alerts were seen, by fingerprint; return when each began, as told the first time.

        Raises:
            TemporaryError: ``journal_busy``; nothing was remembered.
        """
        began = {}
        with self._transaction() as database:
            for alert, firing in alerts.items():
                known = database.execute("SELECT began, last FROM alerts WHERE alert = ?", (alert,)).fetchone()
                same = known is not None and firing.start <= known[1] + SAME_SECONDS
                began[alert] = known[0] if same else firing.began
                last = max(known[1], firing.last) if same else firing.last
                database.execute("REPLACE INTO alerts VALUES (?, ?, ?)", (alert, began[alert], last))
        return began

    def started(self, decision: int, run: str, now: float) -> None:
        """Write that a decided run was started, under this name, and since when it is known to run."""
        with self._transaction() as database:
            database.execute(
                "UPDATE runs SET run = ?, state = 'started', began = ? WHERE decision = ?", (run, now, decision)
            )

    def waits(self, run: RunEntry, decision: Decision, now: float) -> None:
        """Write why a decided run is not started yet, once for as long as the reason is the same."""
        with self._transaction() as database:
            about = f"run of decision {run.decision}"
            known = database.execute(
                "SELECT sentence FROM decisions WHERE name = ? AND cause = ? AND reason = ?",
                (run.name, about, decision.reason),
            ).fetchone()
            if known is None or known[0] != decision.sentence:
                _write(database, run.name, about, "a run is decided", decision, now)

    def stopping(self, run: RunEntry, decision: Decision, now: float) -> None:
        """Write that a run is being terminated, and what that asks for; a second time writes nothing."""
        with self._transaction() as database:
            changed = database.execute(
                "UPDATE runs SET state = ? WHERE decision = ? AND state != ? AND ended IS NULL",
                (STOPPING, run.decision, STOPPING),
            )
            if changed.rowcount:
                evidence = f"run {run.run} goes on"
                _write(database, run.name, f"run of decision {run.decision}", evidence, decision, now)

    def ended(self, run: RunEntry, state: str, make: Callable[[History], Decision], now: float) -> None:
        """Write how a run ended and what follows from it; a second time writes nothing.

        Args:
            run: the run.
            state: how it ended.
            make: returns what follows, from the history with this end in it.
            now: the moment, in seconds since 1970.
        """
        with self._transaction() as database:
            changed = database.execute(
                "UPDATE runs SET state = ?, ended = ? WHERE decision = ? AND ended IS NULL", (state, now, run.decision)
            )
            if changed.rowcount:
                evidence = f"run {run.run} ended: {state}"
                decision = make(history_of(database, run.name))
                _write(database, run.name, f"run of decision {run.decision}", evidence, decision, now)

    def unfinished(self) -> list[RunEntry]:
        """Return the runs that are decided or started, and not over; oldest first."""
        return self._runs("WHERE runs.ended IS NULL")

    def runs(self, name: str) -> list[RunEntry]:
        """Return every run of a plan, oldest first."""
        return self._runs("WHERE runs.name = ?", name)

    def entries(self, name: str = "") -> list[Entry]:
        """Return every decision about a plan, or about all; oldest first."""
        with self._transaction() as database:
            rows = database.execute(
                f"SELECT {_COLUMNS} FROM decisions WHERE ? IN ('', name) ORDER BY number",  # noqa: S608 - our own words
                (name,),
            ).fetchall()
        return [_entry(dict(zip(_COLUMNS.split(", "), row, strict=True))) for row in rows]

    @contextmanager
    def sole_worker(self) -> Iterator[None]:
        """Wait until nobody else is in such a block, in this process or another on this machine; a killed one is not.

        Whether a run was started and starting it are two steps, which two workers must not take side by side.
        """
        with self.path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def latest(self) -> float:
        """Return the last moment on record, in seconds since 1970; 0 for an empty journal."""
        with self._transaction() as database:
            return float(database.execute("SELECT COALESCE(MAX(last), 0) FROM decisions").fetchone()[0])

    def put_back(self, now: float) -> None:
        """Put every moment that is ahead of now back by as much as the newest one is, so that none is ahead."""
        with self._transaction() as database:
            put_back(database, now)

    def _runs(self, where: str, *values: str) -> list[RunEntry]:
        with self._transaction() as database:
            rows = database.execute(
                "SELECT decision, runs.name, cause, details, run, state, moment, began FROM runs "  # noqa: S608 - our own
                f"JOIN decisions ON number = decision {where} ORDER BY decision",
                values,
            ).fetchall()
        return [RunEntry(row[0], row[1], row[2], json.loads(row[3]), *row[4:]) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)) as database:
                database.execute("PRAGMA synchronous = FULL")
                database.execute("BEGIN IMMEDIATE")
                try:
                    yield database
                except BaseException:
                    database.execute("ROLLBACK")
                    raise
                database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise TemporaryError(
                "journal_busy",
                f"The journal must be writable, but is not: {error}.",
                remedy="See whether its disk is full, whether this user may write there, and what else has it open.",
            ) from error
        except sqlite3.DatabaseError as error:
            raise self._unknown(str(error)) from error

    def _unknown(self, what: str) -> IntegrityError:
        return IntegrityError(
            "unknown_format",
            f"{self.path.name} must be a journal of format {FORMAT_VERSION}, but is not: {what}.",
            remedy="Install the Sevenfold version that wrote it, or name another file.",
        )


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(**{**row, "action": Action(row["action"]), "reason": Reason(row["reason"])})


def _write(database: sqlite3.Connection, name: str, cause: str, evidence: str, decision: Decision, now: float) -> int:
    row = database.execute(
        "INSERT INTO decisions (name, moment, last, times, action, reason, cause, evidence, sentence) "
        "VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?) ON CONFLICT (name, cause, action, reason) "
        "DO UPDATE SET times = times + 1, last = excluded.last, sentence = excluded.sentence RETURNING number",
        (name, now, now, decision.action, decision.reason, cause, evidence, decision.sentence),
    ).fetchone()
    return int(row[0])

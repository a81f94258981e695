"""The journal keeps what it was given, whole, for several processes at once, and refuses what it does not know."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from sevenfold.contracts.errors import IntegrityError, TemporaryError
from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.monitoring.retrain.decide import Action, Decision, History, Reason
from sevenfold.monitoring.retrain.journal import Firing, Journal

START = Decision(Action.START, Reason.CAUSE, "A retraining starts.")
NO = Decision(Action.SUPPRESS, Reason.COOLDOWN, "Too soon.")


def cause(*keys: str, name: str = "flights") -> Cause:
    return Cause(name=name, keys=keys or ("a",), since=0.0, evidence="wind has drifted")


def once(history: History) -> Decision:
    return NO if history.runs else START


def test_a_decision_is_there_for_the_next_process(tmp_path: Path) -> None:
    Journal(tmp_path / "journal.db").decide(cause("a", "b"), once, 100.0, {"data": ["x.csv"]})
    again = Journal(tmp_path / "journal.db")
    (entry,) = again.entries("flights")
    assert (entry.action, entry.reason, entry.moment, entry.times) == (Action.START, Reason.CAUSE, 100.0, 1)
    assert entry.evidence == "wind has drifted"
    (run,) = again.unfinished()
    assert (run.state, run.run, run.details) == ("decided", "", {"data": ["x.csv"], "bundle": ""})
    assert again.latest() == 100.0
    assert again.entries("trains") == []


def test_what_repeats_is_counted_on_one_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    for moment in range(1_00):
        journal.decide(cause(), once, float(moment))
    first, rest = journal.entries()
    assert (first.action, first.times) == (Action.START, 1)
    assert (rest.action, rest.times, rest.moment, rest.last) == (Action.SUPPRESS, 99, 1.0, 99.0)


def test_of_many_at_once_one_starts(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda number: journal.decide(cause(f"k{number % 5}"), once, 1.0), range(64)))
    assert [decision.action for decision in made].count(Action.START) == 1
    assert len(journal.unfinished()) == 1


def test_a_run_ends_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    journal.decide(cause(), once, 1.0)
    (run,) = journal.unfinished()
    journal.started(run.decision, "7", 4.0)
    (run,) = journal.unfinished()
    assert (run.state, run.run) == ("started", "7")
    for _ in range(2):
        journal.ended(run, "promoted", lambda _: Decision(Action.NOTE, Reason.PROMOTED, "Better."), 5.0)
    assert journal.unfinished() == []
    assert [run.state for run in journal.runs("flights")] == ["promoted"]
    assert [(entry.reason, entry.times) for entry in journal.entries()][1:] == [(Reason.PROMOTED, 1)]


def test_a_killed_process_leaves_a_decision_whole_or_not_there(tmp_path: Path) -> None:
    """The process dies while its transaction is open, as late as one can."""
    path = tmp_path / "journal.db"
    script = f"""
import os
from pathlib import Path
from sevenfold.monitoring.retrain import journal as module
from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.monitoring.retrain.decide import Action, Decision, Reason
write = module._write
def write_and_die(*arguments):
    write(*arguments)
    os._exit(9)
journal = module.Journal(Path({str(path)!r}))
module._write = write_and_die
journal.decide(Cause(name="flights", keys=("a",), since=0.0, evidence="e"),
               lambda history: Decision(Action.START, Reason.CAUSE, "s"), 1.0)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    journal = Journal(path)
    assert journal.entries() == []
    assert journal.decide(cause(), once, 2.0) is START


def test_an_alert_that_fires_again_within_an_hour_is_the_same_one(tmp_path: Path) -> None:
    journal, first = Journal(tmp_path / "retrain.db"), "2026-03-01T00:00:00Z"

    def seen(start: float, last: float, alert: str = "f1") -> str:
        began = first if start == 0 else f"at {start:.0f}"
        return Journal(journal.path).remember({alert: Firing(began, start, last)})[alert]

    assert seen(0, 100) == first
    assert seen(0, 700) == first
    assert seen(1_600, 1_700) == first, "a Prometheus that was away for 15 minutes has forgotten when it began"
    assert seen(1_600, 1_650) == first, "the same notification, late"
    assert seen(5_200, 5_300) == first
    assert seen(9_000, 9_100) == "at 9000", "over for more than an hour"
    assert seen(5_300, 5_300, "f2") == "at 5300", "another alert"


def test_another_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, " * 100)
    with pytest.raises(IntegrityError, match="must be a journal of format 1, but is not") as caught:
        Journal(text)
    assert caught.value.code == "unknown_format"
    assert text.read_text().startswith("not a database")
    newer = tmp_path / "newer.db"
    with closing(sqlite3.connect(newer)) as database:
        database.execute("PRAGMA user_version = 2")
        database.execute("CREATE TABLE decisions (number INTEGER)")
    with pytest.raises(IntegrityError, match="version 2"):
        Journal(newer)


def test_a_folder_that_cannot_be_written_is_a_passing_fault(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(TemporaryError) as caught:
        Journal(tmp_path / "journal.db")
    assert caught.value.code == "journal_busy"

"""The loop's history as a chart: what drifted, what was decided about it, retrainings and promotions, in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sevenfold.monitoring.retrain.decide import Action, Reason
from sevenfold.monitoring.retrain.journal import Entry
from sevenfold.report import Chart
from sevenfold.report import charts as draw

__all__ = ["loop_chart"]

_WINDOW, _NO, _PERSON, _RETRAIN, _PROMOTED = "window judged", "no retraining", "a person", "retraining", "promotion"
_LANES: Final = (_WINDOW, _NO, _RETRAIN, _PROMOTED, _PERSON)
_OF_ACTION: Final = {Action.START: _RETRAIN, Action.SUPPRESS: _NO, Action.PAGE: _PERSON}
_OF_REASON: Final = {Reason.PROMOTED: _PROMOTED, Reason.WINDOW: _WINDOW}
SHOWN: Final = 400  # events; more would cover each other


def loop_chart(entries: Sequence[Entry]) -> Chart | None:
    """Return every decision at its moment, and once more at its last one where it was repeated; None without any."""
    events = [
        {"when": datetime.fromtimestamp(moment, UTC), "lane": lane, "note": entry.sentence}
        for entry in entries
        if (lane := _lane(entry))
        for moment in sorted({entry.moment, entry.last})
    ]
    if not events:
        return None
    counts = {lane: sum(event["lane"] == lane for event in events) for lane in _LANES}
    told = ", ".join(f"{lane}: {count}" for lane, count in counts.items() if count)
    return draw.timeline(
        "From drift to promotion",
        events[-SHOWN:],
        "when",
        "lane",
        lanes=_LANES,
        note="note",
        wide=True,
        caption="Every decision at its moment (UTC). The table below says each in words.",
        alt=f"Decisions in time; {told}.",
    )


def _lane(entry: Entry) -> str:
    return _OF_REASON.get(entry.reason, "") or _OF_ACTION.get(entry.action, "")

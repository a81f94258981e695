"""The history of the loop as a report: what drifted, what was decided, and why nothing was where nothing was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from sevenfold.contracts.reference import Reference
from sevenfold.drift.stability import Counts
from sevenfold.drift.verdict import Alarm, WindowDrift, alarms
from sevenfold.monitoring.drift_charts import drift_blocks
from sevenfold.monitoring.replay import Replayed
from sevenfold.monitoring.retrain.acknowledgement import person_needed
from sevenfold.monitoring.retrain.candidates import Candidate, candidates_table
from sevenfold.monitoring.retrain.decide import Action, Reason
from sevenfold.monitoring.retrain.fleet_table import FleetModel, fleet_table
from sevenfold.monitoring.retrain.journal import Entry, RunEntry
from sevenfold.monitoring.retrain.loop_chart import loop_chart
from sevenfold.monitoring.traffic_charts import traffic_blocks, traffic_facts
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Fact, Facts, Finding, Findings, Report, Table
from sevenfold.report.model import Block, Level
from sevenfold.report.quantity import quantity

__all__ = ["entry_line", "history_report"]

SHOWN: Final = 200  # decisions on the page
_WORDS: Final = {
    Action.START: "retrain",
    Action.SUPPRESS: "no",
    Action.PAGE: "a person",
    Action.NOTE: "noted",
}
_LEVELS: Final[dict[Action, Level | None]] = {
    Action.START: "info",
    Action.SUPPRESS: None,
    Action.PAGE: "bad",
    Action.NOTE: None,
}


def history_report(
    name: str,
    entries: Sequence[Entry],
    runs: Sequence[RunEntry],
    serving: Sequence[Fact],
    windows: Sequence[WindowDrift],
    counts: Mapping[str, Mapping[str, Counts]],
    reference: Reference,
    section: MonitoringSection,
    *,
    fleet: Sequence[FleetModel] = (),
    candidates: Sequence[Candidate] = (),
    traffic: Replayed | None = None,
    scores: Sequence[Block] = (),
) -> Report:
    """Return the page of a loop.

    Args:
        name: the plan's.
        entries: every decision, oldest first.
        runs: every retraining, oldest first.
        serving: what serves, as facts.
        windows: the windows since the serving model was trained, in time order.
        counts: rows per bin of each feature, by window.
        reference: of the serving bundle.
        section: limits of drift.
        fleet: all models of this machine, shown where there are several.
        candidates: what each retraining brought, oldest first.
        traffic: what the running predictor has counted; None where none runs.
        scores: those of labels that came back, over time.
    """
    needed, raised = person_needed(entries), alarms(windows, section)
    states = Counter(run.state for run in runs)
    facts = Facts(
        facts=(
            *serving,
            Fact(label="Windows", value=len(windows), hint="since the serving model was trained"),
            Fact(label="Retrainings", value=len(runs), hint=_listed(states)),
            Fact(label="Decisions", value=sum(entry.times for entry in entries), hint=f"{len(entries)} different ones"),
        )
    )
    findings = [Finding(level="warning", text=_drifted(alarm)) for alarm in raised]
    return Report(
        stage="monitoring",
        title=f"The loop of {name}",
        headline=_headline(needed, entries, bool(raised), windows),
        level="bad" if needed is not None else "warning" if raised else "good" if windows else "info",
        blocks=(
            *((Findings(findings=tuple(findings)),) if findings else ()),
            facts,
            *(traffic_facts(traffic) if traffic is not None else ()),
            *((chart,) if (chart := loop_chart(entries)) is not None else ()),
            *scores,
            _table(entries),
            *((candidates_table(candidates),) if candidates else ()),
            *(drift_blocks(windows, raised, counts, reference, section) if windows else ()),
            *(traffic_blocks([traffic]) if traffic is not None else ()),
            *((fleet_table(fleet),) if len(fleet) > 1 else ()),
        ),
    )


def entry_line(entry: Entry) -> str:
    """Return a decision as one line for a console."""
    times = f" ({entry.times} times)" if entry.times > 1 else ""
    word = _WORDS[entry.action]
    return f"{_moment(entry.last)}  {word:<13}  {entry.reason.value:<12}  {entry.sentence}{times}"


def _headline(needed: Entry | None, entries: Sequence[Entry], drifted: bool, windows: Sequence[WindowDrift]) -> str:
    if needed is not None:
        return f"A person must look. {needed.sentence}"
    if not windows:
        return "No rows have come since the serving model was trained."
    if drifted:
        return f"Rows have drifted. {entries[-1].sentence}" if entries else "Rows have drifted."
    return f"No drift in {quantity(len(windows), 'window')}."


def _table(entries: Sequence[Entry]) -> Table:
    newest = sorted(entries, key=lambda entry: (-entry.last, -entry.number))[:SHOWN]
    rows = [(_moment(entry.last)[:-3], _decision(entry), entry.sentence, entry.times) for entry in newest]
    return Table(
        title="Decisions",
        columns=("When (UTC)", "Decision", "In words", "Times"),
        rows=tuple(rows),
        levels=tuple("good" if entry.reason is Reason.PROMOTED else _LEVELS[entry.action] for entry in newest),
        stacked=True,
        caption="Newest first. What repeats about the same cause is one row, with the last moment."
        if len(newest) == len(entries)
        else f"The newest {SHOWN} of {len(entries):,}.",
    )


def _drifted(alarm: Alarm) -> str:
    subject = "The predictions have" if alarm.worst.predicted else f"{alarm.feature} has"
    return f"{subject} drifted since {alarm.since}."


def _decision(entry: Entry) -> str:
    if entry.action is Action.NOTE:
        return _spaced(entry.reason)
    why = "" if entry.action is Action.START else f": {_spaced(entry.reason)}"
    return f"{_WORDS[entry.action]}{why}"


def _spaced(reason: Reason) -> str:
    return reason.value.replace("_", " ")


def _listed(states: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none so far"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")

"""The receiver's own metrics: the name and meaning of each, and the page that Prometheus reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sevenfold.drift.telemetry import Metric
from sevenfold.monitoring.retrain.acknowledgement import person_needed
from sevenfold.monitoring.retrain.decide import Action, Reason
from sevenfold.monitoring.retrain.journal import Entry, Journal

__all__ = [
    "DECIDED",
    "DECISIONS",
    "PERSON_NEEDED",
    "RECORDED",
    "RETRAIN_METRICS",
    "UNFINISHED",
    "UNFINISHED_SINCE",
    "WATCHDOG_HEARD",
    "metrics_page",
]

DECISIONS: Final = Metric(
    "sevenfold_retrain_decisions_total", "counter", "Decisions about causes.", ("action", "reason")
)
RECORDED: Final = Metric(
    "sevenfold_retrain_recorded_decisions_total",
    "counter",
    "Decisions on record about a model, repeated ones too; a restart keeps them.",
    ("model", "action", "reason"),
)
DECIDED: Final = Metric(
    "sevenfold_retrain_decided_timestamp_seconds",
    "gauge",
    "When a decision was last made about a model; absent until it is made.",
    ("model", "action", "reason"),
)
UNFINISHED: Final = Metric(
    "sevenfold_retrain_unfinished_runs", "gauge", "Retrainings that are decided and not over.", ("model",)
)
UNFINISHED_SINCE: Final = Metric(
    "sevenfold_retrain_unfinished_since_timestamp_seconds",
    "gauge",
    "When the oldest retraining that is not over was decided; 0 where there is none.",
    ("model",),
)
PERSON_NEEDED: Final = Metric(
    "sevenfold_retrain_person_needed", "gauge", "1 while a person must look at a model's retraining.", ("model",)
)
WATCHDOG_HEARD: Final = Metric(
    "sevenfold_retrain_watchdog_timestamp_seconds",
    "gauge",
    "When Alertmanager last sent the watchdog; 0 where it has not since the start.",
    (),
)

RETRAIN_METRICS: Final = (
    DECISIONS,
    RECORDED,
    DECIDED,
    UNFINISHED,
    UNFINISHED_SINCE,
    PERSON_NEEDED,
    WATCHDOG_HEARD,
)

# What a plan can be told; each is there at 0, so that its first time is an increase.
_POSSIBLE: Final = (
    (Action.START, Reason.CAUSE),
    (Action.PAGE, Reason.BUDGET),
    (Action.PAGE, Reason.WAITING),
    (Action.PAGE, Reason.NOT_PROMOTED),
    (Action.PAGE, Reason.NOT_FINISHED),
    (Action.PAGE, Reason.FAILING),
    (Action.PAGE, Reason.OVERDUE),
    (Action.NOTE, Reason.ACKNOWLEDGED),
    (Action.NOTE, Reason.NOT_FINISHED),
    (Action.NOTE, Reason.PROMOTED),
    (Action.NOTE, Reason.RESOLVED),
    (Action.NOTE, Reason.SCHEDULED),
    (Action.SUPPRESS, Reason.BACKOFF),
    (Action.SUPPRESS, Reason.BUDGET),
    (Action.SUPPRESS, Reason.COOLDOWN),
    (Action.SUPPRESS, Reason.DUPLICATE),
    (Action.SUPPRESS, Reason.FAILING),
    (Action.SUPPRESS, Reason.FEW_ROWS),
    (Action.SUPPRESS, Reason.FUTURE),
    (Action.SUPPRESS, Reason.OFF),
    (Action.SUPPRESS, Reason.RELEASING),
    (Action.SUPPRESS, Reason.RUNNING),
    (Action.SUPPRESS, Reason.SUPERSEDED),
    (Action.SUPPRESS, Reason.UNKNOWN),
    (Action.SUPPRESS, Reason.WAITING),
)


def metrics_page(counts: Mapping[str, int], journal: Journal, names: Iterable[str], heard: float) -> str:
    """Return the page in the Prometheus text format.

    Args:
        counts: how often each outcome, "action:reason", came about since the start.
        journal: the decisions.
        names: of the plans; each has its series, whatever happened.
        heard: moment of the last watchdog, in seconds since 1970.
    """
    known = sorted(names)
    going_on = journal.unfinished()
    unfinished = Counter(run.name for run in going_on)
    decided = {entry.number: entry.moment for entry in journal.entries()}
    since = {name: min((decided[run.decision] for run in going_on if run.name == name), default=0.0) for name in known}
    outcomes = [(*outcome.partition(":")[::2], count) for outcome, count in sorted(counts.items())]
    entries = {name: journal.entries(name) for name in known}
    needed = {name: int(person_needed(entries[name]) is not None) for name in known}
    return "".join(
        [
            *_head(DECISIONS),
            *(f'{DECISIONS}{{action="{action}",reason="{reason}"}} {count}\n' for action, reason, count in outcomes),
            *_head(RECORDED),
            *(line for name in known for line in _recorded(name, entries[name])),
            *_head(DECIDED),
            *(line for name in known for line in _decided(name, entries[name])),
            *_head(UNFINISHED),
            *(f'{UNFINISHED}{{model="{name}"}} {unfinished[name]}\n' for name in known),
            *_head(UNFINISHED_SINCE),
            *(f'{UNFINISHED_SINCE}{{model="{name}"}} {since[name]:.3f}\n' for name in known),
            *_head(PERSON_NEEDED),
            *(f'{PERSON_NEEDED}{{model="{name}"}} {needed[name]}\n' for name in known),
            *_head(WATCHDOG_HEARD),
            f"{WATCHDOG_HEARD} {heard:.3f}\n",
        ]
    )


def _recorded(name: str, entries: Sequence[Entry]) -> list[str]:
    times = dict.fromkeys(_POSSIBLE, 0)
    for entry in entries:
        key = (entry.action, entry.reason)
        times[key] = times.get(key, 0) + entry.times
    return [f"{RECORDED}{_labels(name, *key)} {count}\n" for key, count in times.items()]


def _decided(name: str, entries: Sequence[Entry]) -> list[str]:
    last: dict[tuple[Action, Reason], float] = {}
    for entry in entries:
        key = (entry.action, entry.reason)
        last[key] = max(last.get(key, 0.0), entry.last)
    return [f"{DECIDED}{_labels(name, *key)} {moment:.3f}\n" for key, moment in last.items()]


def _labels(name: str, action: Action, reason: Reason) -> str:
    return f'{{model="{name}",action="{action.value}",reason="{reason.value}"}}'


def _head(metric: Metric) -> list[str]:
    return [f"# HELP {metric} {metric.help}\n", f"# TYPE {metric} {metric.kind}\n"]

"""The loop's history: alerts, what was decided about them, retrainings and promotions."""

from __future__ import annotations

from typing import Final

from sevenfold.monitoring.dashboards.events import LOOP_EVENTS
from sevenfold.monitoring.dashboards.panel import Board, Column, Panel, Query, Step, Variable, Word, figure, lines
from sevenfold.monitoring.dashboards.queries import ALERTING
from sevenfold.monitoring.retrain.metrics import (
    DECIDED,
    PERSON_NEEDED,
    RECORDED,
    UNFINISHED,
    UNFINISHED_SINCE,
    WATCHDOG_HEARD,
)

__all__ = ["LOOP", "loop"]

LOOP: Final = "sevenfold-loop"
_IT: Final = 'model=~"$model"'
_RISE: Final = "[$__rate_interval]"


def loop(name: str = "") -> Board:
    """Return the dashboard of the loop; it opens on the model `name`, or on all for ""."""
    models = Variable(name="model", title="Model", query=f"label_values({PERSON_NEEDED}, model)", chosen=name)
    return Board(
        uid=LOOP,
        title="Sevenfold: loop",
        description="Alerts, decisions, retrainings and promotions, as the receiver of retrainings has them on record.",
        variables=(models,),
        annotations=LOOP_EVENTS,
        panels=(*_figures(), *_history(), _last()),
        since="now-7d",
    )


def _figures() -> tuple[Panel, ...]:
    promoted = f'sum({RECORDED}{{{_IT}, reason="promoted"}})'
    started = f'sum({RECORDED}{{{_IT}, action="start"}})'
    return (
        figure(
            "A person must look",
            "Models whose retraining calls for a person, until a better model serves.",
            f"sum(max by (model) ({PERSON_NEEDED}{{{_IT}}}))",
            Step("green"),
            Step("red", 1),
        ),
        figure(
            "Retrainings under way",
            "Retrainings that are decided and not over.",
            f"sum(max by (model) ({UNFINISHED}{{{_IT}}}))",
        ),
        figure("Retrainings", "Retrainings that were ever started, by the receiver's record.", started),
        figure("Promotions", "Retrainings that brought a better model, by the same record.", promoted),
        figure(
            "Oldest retraining under way",
            "For how long the oldest retraining has not ended; 0 where none is under way.",
            f"max((time() - {UNFINISHED_SINCE}{{{_IT}}}) * ({UNFINISHED_SINCE}{{{_IT}}} > bool 0))",
            Step("green"),
            Step("red", 24 * 3_600),
            unit="s",
        ),
        figure(
            "Since the watchdog was heard",
            "Seconds since Alertmanager last sent the watchdog to the receiver. It comes every five minutes; more "
            "than 15 means that drift would start nothing.",
            f"time() - max({WATCHDOG_HEARD})",
            Step("green"),
            Step("red", 15 * 60),
            unit="s",
        ),
    )


def _history() -> tuple[Panel, ...]:
    return (
        Panel(
            title="Alerts that fire",
            description="Each alert of Sevenfold while it fires; those without a model are about all of them.",
            unit="none",
            queries=(
                Query(expression=f"max by (alertname, model) (ALERTS{{{ALERTING}}})", legend="{{alertname}} {{model}}"),
            ),
            kind="status-history",
            width=24,
            height=9,
            words=(Word(1, "fires", "red"),),
            interval="15m",
        ),
        Panel(
            title="Decisions",
            description="Decisions by what they did and why; start is a retraining, page a call for a person, "
            "suppress none.",
            unit="none",
            queries=(
                Query(
                    expression=f"sum by (action, reason) (increase({RECORDED}{{{_IT}}}{_RISE})) > 0",
                    legend="{{action}}: {{reason}}",
                ),
            ),
            stacked=True,
            bars=True,
        ),
        lines(
            "Retrainings and promotions on record",
            "How many were ever started, and how many brought a better model.",
            "none",
            (_on_record('action="start"'), "{{model}}: retrainings"),
            (_on_record('reason="promoted"'), "{{model}}: promotions"),
        ),
    )


def _on_record(matcher: str) -> str:
    return f"sum by (model) (max_over_time({RECORDED}{{{_IT}, {matcher}}}{_RISE}))"


def _last() -> Panel:
    return Panel(
        title="Last decisions",
        description="When each decision was last made. The receiver's /decisions has every one, with its reason in "
        "words.",
        unit="none",
        queries=(
            Query(expression=f"max by (model, action, reason) ({DECIDED}{{{_IT}}}) * 1000", instant=True),
            Query(expression=f"sum by (model, action, reason) ({RECORDED}{{{_IT}}}) > 0", instant=True),
        ),
        kind="table",
        width=24,
        height=9,
        columns=(
            Column(field="Value #A", title="Last", unit="dateTimeAsIso"),
            Column(field="model", title="Model"),
            Column(field="action", title="Decision"),
            Column(field="reason", title="Reason"),
            Column(field="Value #B", title="Times", unit="none"),
        ),
    )

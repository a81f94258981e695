"""Annotations: promotions, retrainings, decisions and new versions, drawn over every panel at their moment."""

from __future__ import annotations

from typing import Final

from sevenfold.drift import telemetry
from sevenfold.monitoring.dashboards.panel import Annotation
from sevenfold.monitoring.dashboards.queries import chosen
from sevenfold.monitoring.retrain.metrics import DECIDED

__all__ = ["EVENTS", "LOOP_EVENTS"]


def _decided(matchers: str) -> str:
    """Return the moments of decisions, in milliseconds.

    They are the receiver's own figures, so none is missed between two scrapes or while Prometheus is away.
    """
    return f'{DECIDED}{{model=~"$model", {matchers}}} * 1000'


_VERSION = f"group by (namespace, model, bundle) ({chosen(telemetry.BUNDLE_INFO)})"
_BEFORE = f"group by (namespace, model, bundle) (max_over_time({chosen(telemetry.BUNDLE_INFO)}[1h] offset 1m))"

LOOP_EVENTS: Final = (
    Annotation(
        name="Promotions",
        expression=_decided('reason="promoted"'),
        title="{{model}}: promoted",
        text="A retraining brought a better model, and it serves.",
        colour="green",
        moments=True,
    ),
    Annotation(
        name="Retrainings",
        expression=_decided('action="start"'),
        title="{{model}}: retraining",
        text="A cause started a retraining.",
        colour="blue",
        moments=True,
    ),
    Annotation(
        name="Calls for a person",
        expression=_decided('action="page"'),
        title="{{model}}: a person",
        text="{{reason}}",
        colour="red",
        moments=True,
    ),
    Annotation(
        name="No retraining",
        expression=_decided('action="suppress"'),
        title="{{model}}: no retraining",
        text="{{reason}}",
        colour="orange",
        moments=True,
    ),
)
EVENTS: Final = (
    *LOOP_EVENTS[:2],
    Annotation(
        name="New versions",
        expression=f"{_VERSION} unless {_BEFORE}",
        title="{{model}}: new version",
        text="{{bundle}} is there, as a canary or in place of the one before.",
        colour="purple",
    ),
)

"""Annotations: promotions, retrainings, decisions and new versions, drawn over every panel at their moment."""

from __future__ import annotations

from typing import Final

from sevenfold.drift import telemetry
from sevenfold.monitoring.dashboards.panel import Annotation
from sevenfold.monitoring.dashboards.queries import chosen
from sevenfold.monitoring.retrain.metrics import DECIDED

__all__ = ["EVENTS", "LOOP_EVENTS"]


def _decided(matcher: str, name: str, title: str, text: str, colour: str) -> Annotation:
    """Return the moments of decisions, in milliseconds.

    They are the receiver's own figures, so none is missed between two scrapes or while Prometheus is away.
    """
    moments = f'{DECIDED}{{model=~"$model", {matcher}}} * 1000'
    return Annotation(
        name=name, expression=moments, title=f"{{{{model}}}}: {title}", text=text, colour=colour, moments=True
    )


_VERSION = f"group by (namespace, model, bundle) ({chosen(telemetry.BUNDLE_INFO)})"
_BEFORE = f"group by (namespace, model, bundle) (max_over_time({chosen(telemetry.BUNDLE_INFO)}[1h] offset 1m))"

LOOP_EVENTS: Final = (
    _decided(
        'reason="promoted"', "Promotions", "promoted", "A retraining brought a better model, and it serves.", "green"
    ),
    _decided('action="start"', "Retrainings", "retraining", "A cause started a retraining.", "blue"),
    _decided('action="page"', "Calls for a person", "a person", "{{reason}}", "red"),
    _decided('action="suppress"', "No retraining", "no retraining", "{{reason}}", "orange"),
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

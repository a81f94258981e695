"""Alerts about the loop itself: a person is needed, a retraining does not end, the receiver hears nothing."""

from __future__ import annotations

from typing import Any, Final

from sevenfold.monitoring.alerts import Alert, with_twins
from sevenfold.monitoring.retrain.metrics import PERSON_NEEDED, UNFINISHED_SINCE, WATCHDOG_HEARD

__all__ = ["retrain_alerting_rules", "retrain_alerts"]

LONGEST_HOURS: Final = 24
SILENT_MINUTES: Final = 15  # three repeats of the watchdog


def retrain_alerts() -> list[Alert]:
    """Return the alerts about every receiver that Prometheus scrapes, without twins."""
    return [
        Alert(
            name="SevenfoldRetrainPersonNeeded",
            expression=f"max by (namespace, model) ({PERSON_NEEDED}) > 0",
            reads=PERSON_NEEDED,
            severity="critical",
            summary="A person must look at the retraining of {{ $labels.model }}.",
            description="sevenfold history NAME --receiver says why: retrainings fail or hang, no better model came of "
            "one, a candidate waits for approval, or the day's are spent. Once mended: sevenfold acknowledge NAME.",
        ),
        Alert(
            name="SevenfoldRetrainUnfinished",
            # the moment itself: neither a gap nor a restart of Prometheus puts this alert off
            expression=f"time() - (max by (namespace, model) ({UNFINISHED_SINCE}) > 0) > {LONGEST_HOURS * 3_600}",
            reads=UNFINISHED_SINCE,
            severity="warning",
            summary="A retraining of {{ $labels.model }} does not end.",
            description=f"It was decided {LONGEST_HOURS} hours ago or earlier. See whether the receiver reaches "
            "Kubeflow, and what its run waits for.",
        ),
        Alert(
            name="SevenfoldRetrainHearsNothing",
            expression=f"time() - max by (namespace) (last_over_time({WATCHDOG_HEARD}[{SILENT_MINUTES}m])) "
            f"> {SILENT_MINUTES * 60}",
            reads=WATCHDOG_HEARD,
            severity="critical",
            minutes=10,  # a receiver that has just started waits for the next repeat
            summary="The receiver in {{ $labels.namespace }} hears nothing from Alertmanager.",
            description="Drift would start no retraining. Compare the credentials of both, and look at the log of "
            "Alertmanager.",
        ),
    ]


def retrain_alerting_rules() -> list[dict[str, Any]]:
    """Return them as rules for Prometheus, each with its twin."""
    return with_twins(retrain_alerts(), "")

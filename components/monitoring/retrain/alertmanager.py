"""What Alertmanager sends to a webhook (version 4), read as causes: one for each model that a notification is about."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from sevenfold.contracts.errors import DataError
from sevenfold.monitoring.alerts import WATCHDOG
from sevenfold.monitoring.concept_alerts import CONCEPT_DRIFT
from sevenfold.monitoring.retrain.cause import Cause, cause_key
from sevenfold.monitoring.retrain.journal import Firing

__all__ = ["DRIFT_ALERTS", "MOST_ALERTS", "Notification", "read_notification"]

DRIFT_ALERTS: Final = frozenset({"SevenfoldFeatureDrift", "SevenfoldPredictionDrift", CONCEPT_DRIFT})
MOST_ALERTS: Final = 2_000  # of one notification; Alertmanager's `max_alerts` lowers it
NAMED: Final = 5  # alerts in a sentence
Text = Annotated[str, Field(max_length=4_096)]


class _Alert(BaseModel):
    model_config = ConfigDict(frozen=True)  # other keys are Alertmanager's own

    status: Literal["firing", "resolved"]
    labels: dict[Text, Text]
    annotations: dict[Text, Text] = {}
    starts_at: Annotated[AwareDatetime, Field(alias="startsAt")]
    ends_at: Annotated[AwareDatetime | None, Field(alias="endsAt")] = None
    fingerprint: Annotated[str, Field(min_length=1, max_length=64)]


class _Payload(BaseModel):
    version: Literal["4"]
    alerts: Annotated[list[_Alert], Field(max_length=MOST_ALERTS)]


@dataclass(frozen=True)
class Notification:
    """Causes that ask, causes that are over, and whether the watchdog says that Prometheus works."""

    firing: tuple[Cause, ...]
    resolved: tuple[Cause, ...]
    watchdog: bool = False


def _as_told(alerts: Mapping[str, Firing]) -> Mapping[str, str]:
    return {alert: firing.began for alert, firing in alerts.items()}


def read_notification(
    body: bytes, remember: Callable[[Mapping[str, Firing]], Mapping[str, str]] = _as_told
) -> Notification:
    """Read the body of a notification.

    Alerts of drift that fire about one bundle are one cause together. A twin, which says that drift is unknown, is a
    cause without a measurement. Alerts of another kind are nobody's cause.

    Args:
        body: as it came.
        remember: returns of alerts, by fingerprint, when each began: the moment that makes it one cause.

    Raises:
        DataError: ``bad_notification``; nothing of it is used.
    """
    try:
        alerts = _Payload.model_validate_json(body).alerts
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise DataError(
            "bad_notification",
            f"A notification must be of Alertmanager's webhook version 4, but {where}: {first['msg']}.",
        ) from None
    about = [(alert, known) for alert in alerts if (known := _asks(alert)) is not None]
    began = remember({alert.fingerprint: _firing(alert) for alert, _ in about}) if about else {}
    return Notification(
        firing=_causes([(alert, known) for alert, known in about if alert.status == "firing"], began),
        resolved=_causes([(alert, known) for alert, known in about if alert.status == "resolved"], began),
        watchdog=any(alert.labels.get("alertname") == WATCHDOG and alert.status == "firing" for alert in alerts),
    )


def _asks(alert: _Alert) -> bool | None:
    """Return whether an alert measured drift, or says that drift is unknown; None for any other alert."""
    if alert.labels.get("alertname") in DRIFT_ALERTS:
        return True
    return False if alert.labels.get("twin_of") in DRIFT_ALERTS else None


def _firing(alert: _Alert) -> Firing:
    ended = alert.ends_at if alert.status == "resolved" else None
    last = time.time() if ended is None else min(_seconds(ended), time.time())
    return Firing(alert.starts_at.isoformat(), _seconds(alert.starts_at), last)


def _causes(alerts: Sequence[tuple[_Alert, bool]], began: Mapping[str, str]) -> tuple[Cause, ...]:
    groups: dict[tuple[str, str, str, bool], list[_Alert]] = {}
    for alert, known in alerts:
        labels = alert.labels
        group = (labels.get("namespace", ""), labels.get("model", ""), labels.get("bundle", ""), known)
        groups.setdefault(group, []).append(alert)
    return tuple(
        Cause(
            name=model,
            namespace=namespace,
            bundle=bundle,
            known=known,
            keys=tuple(sorted({cause_key(one.fingerprint, began[one.fingerprint]) for one in members})),
            since=max(_seconds(one.starts_at) for one in members),
            evidence=_evidence(members),
        )
        for (namespace, model, bundle, known), members in groups.items()
    )


def _seconds(moment: datetime) -> float:
    return moment.timestamp()


def _evidence(alerts: Sequence[_Alert]) -> str:
    said = sorted({one.annotations.get("summary") or one.labels.get("alertname", "an alert") for one in alerts})
    text = " ".join(said[:NAMED])
    more = f" and {len(said) - NAMED} more" if len(said) > NAMED else ""
    return f"{text.rstrip('.')}{more}"

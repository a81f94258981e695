"""Visibility of a bundle to Prometheus: whether its pods are scraped, its rules loaded, and alerts firing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sevenfold.drift import telemetry
from sevenfold.drift.prometheus import PrometheusClient, selector
from sevenfold.drift.promql import FEATURE, PREDICTIONS
from sevenfold.monitoring.alerts import WATCHDOG

__all__ = ["RULES", "Visibility", "check_visibility"]

RECENT_SECONDS: Final = 150.0  # two scrapes at one a minute, and some reserve
PAST_SECONDS: Final = 3_600.0
RULES: Final = (FEATURE.name("drifted"), PREDICTIONS.name("drifted"), "SevenfoldFeatureDrift", WATCHDOG)


@dataclass(frozen=True, kw_only=True)
class Visibility:
    """What Prometheus knows of a bundle: pods, targets that are up or down, rules and alerts."""

    pods: int = 0  # with a fresh sample
    up: int = 0
    down: int = 0
    age_seconds: float | None = None  # of the newest sample; None where there is none within the hour
    missing_rules: tuple[str, ...] = ()
    failing_rules: tuple[str, ...] = ()
    firing: tuple[str, ...] = ()  # alerts of this bundle, by name

    @property
    def scraped(self) -> bool:
        """Whether the bundle's series exist and are fresh."""
        return self.pods > 0


def check_visibility(client: PrometheusClient, *, namespace: str, model: str, bundle: str) -> Visibility:
    """Ask Prometheus about a bundle's pods, and whether it has loaded the rules that watch them.

    Raises:
        TemporaryError, MonitoringError: as the client does.
    """
    labels = {"namespace": namespace, "model": model, "bundle": bundle}
    chosen = selector(str(telemetry.BUNDLE_INFO), labels)
    now = client.now()
    newest = [
        (series.labels.get("pod") or series.labels.get("instance", ""), series.samples[-1][0])
        for series in client.samples(chosen, since=now - PAST_SECONDS, until=now)
    ]
    targets = [series.value for series in client.query(f"up and on (job, instance) last_over_time({chosen}[15m])")]
    rules = client.rules()
    return Visibility(
        pods=len({pod for pod, moment in newest if now - moment <= RECENT_SECONDS}),
        up=sum(value == 1 for value in targets),
        down=sum(value != 1 for value in targets),
        age_seconds=round(now - max(moment for _, moment in newest), 1) if newest else None,
        missing_rules=tuple(name for name in RULES if not any(rule.get("name") == name for rule in rules)),
        failing_rules=_failing(rules),
        firing=_firing(rules, labels),
    )


def _ours(rule: dict[str, Any]) -> bool:
    return str(rule.get("name", "")).lower().startswith("sevenfold")


def _failing(rules: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted({str(rule["name"]) for rule in rules if _ours(rule) and rule.get("health") == "err"}))


def _firing(rules: Sequence[dict[str, Any]], target: Mapping[str, str]) -> tuple[str, ...]:
    names = set()
    for rule in rules:
        for alert in rule.get("alerts") or ():
            labels = alert.get("labels", {})
            # Some alerts belong to a model, not to a bundle, and carry no bundle label.
            ours = "model" in labels and all(labels.get(name, value) == value for name, value in target.items())
            if _ours(rule) and ours and alert.get("state") == "firing":
                names.add(str(rule["name"]))
    return tuple(sorted(names))

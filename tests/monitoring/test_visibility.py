"""Which alerts are this bundle's, and which rules are missing: on answers as Prometheus gives them."""

from __future__ import annotations

from typing import Any

from sevenfold.drift.prometheus import Series
from sevenfold.monitoring.visibility import RULES, check_visibility

BUNDLE = {"namespace": "team", "model": "wind", "bundle": "b1"}


class Client:
    """Stands for the client: one pod seen 5 seconds ago and one 400 seconds ago, and the rules a test names."""

    def __init__(self, rules: list[dict[str, Any]]) -> None:
        self._rules = rules

    def now(self) -> float:
        return 1_000.0

    def samples(self, chosen: str, *, since: float, until: float) -> list[Series]:
        return [Series({"pod": "new"}, ((980.0, 1.0), (995.0, 1.0))), Series({"pod": "old"}, ((600.0, 1.0),))]

    def query(self, expression: str) -> list[Series]:
        return [Series({}, ((1_000.0, value),)) for value in (1.0, 0.0)]

    def rules(self) -> list[dict[str, Any]]:
        return self._rules


def alert(name: str, state: str = "firing", **labels: str) -> dict[str, Any]:
    return {"name": name, "health": "ok", "alerts": [{"state": state, "labels": {"model": "wind", **labels}}]}


def seen(rules: list[dict[str, Any]]) -> Any:
    return check_visibility(Client(rules), **BUNDLE)  # type: ignore[arg-type]


def test_pods_targets_and_age() -> None:
    visibility = seen([])
    assert (visibility.pods, visibility.up, visibility.down, visibility.age_seconds) == (1, 1, 1, 5.0)
    assert visibility.missing_rules == RULES


def test_only_this_bundles_alerts_are_reported() -> None:
    visibility = seen(
        [
            alert("SevenfoldA", bundle="b1", namespace="team"),
            alert("SevenfoldB", namespace="team"),  # of the model, whatever it serves
            alert("SevenfoldC", bundle="b2", namespace="team"),
            alert("SevenfoldD", bundle="b1", namespace="another"),
            alert("SevenfoldE", "pending", bundle="b1"),
            alert("KubePodCrashLooping", bundle="b1"),
            {"name": "SevenfoldF", "alerts": [{"state": "firing", "labels": {}}]},  # a watchdog
        ]
    )
    assert visibility.firing == ("SevenfoldA", "SevenfoldB")


def test_rules_that_fail_are_reported() -> None:
    rules = [{"name": name, "health": "ok"} for name in RULES]
    assert seen(rules).missing_rules == ()
    assert seen([*rules[1:], {"name": RULES[0], "health": "err"}]).failing_rules == (RULES[0],)

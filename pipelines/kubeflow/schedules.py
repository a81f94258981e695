"""Schedules: pipelines that Kubeflow starts by itself, which it calls recurring runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sevenfold.pipelines.kubeflow.engine import FINAL, PAGE_SIZE, Engine, Registered

__all__ = ["Schedule", "list_schedules", "remove_schedule", "start_schedule"]


@dataclass(frozen=True)
class Schedule:
    """When a pipeline starts by itself: a cron expression, or a number of seconds.

    `name` is the plan's, and there is one schedule of a name.
    """

    name: str
    cron: str = ""
    every: int = 0

    @property
    def cron_with_seconds(self) -> str:
        """The expression with six fields, as Kubeflow reads it; five, as everybody writes it, get seconds of 0."""
        return f"0 {self.cron}" if len(self.cron.split()) == 5 else self.cron


def start_schedule(
    engine: Engine, made: Registered, when: Schedule, experiment: str, parameters: Mapping[str, Any], account: str
) -> tuple[str, int]:
    """Start a registered version again and again; return the schedule's id and how many it replaces.

    A plan has one schedule: the new one is made first, then those of the same name go.
    """
    api = engine.api
    trigger = api.V2beta1Trigger(
        cron_schedule=api.V2beta1CronSchedule(cron=when.cron_with_seconds) if when.cron else None,
        periodic_schedule=api.V2beta1PeriodicSchedule(interval_second=str(when.every)) if when.every else None,
    )
    body = api.V2beta1RecurringRun(
        experiment_id=engine.experiment(experiment),
        display_name=when.name,
        pipeline_version_reference=engine.reference(made),
        runtime_config=api.V2beta1RuntimeConfig(parameters=dict(parameters)),
        trigger=trigger,
        mode=api.RecurringRunMode.ENABLE,
        max_concurrency="1",
        no_catchup=True,
        service_account=account or None,
    )
    earlier = [known.recurring_run_id for known in list_schedules(engine) if known.display_name == when.name]
    calls = engine.client._recurring_run_api
    fresh = engine.call_once(lambda: calls.recurring_run_service_create_recurring_run(recurring_run=body))
    for known in earlier:
        remove_schedule(engine, known)
    return str(fresh.recurring_run_id), len(earlier)


def list_schedules(engine: Engine) -> list[Any]:
    """Return every recurring run of the namespace."""
    schedules: list[Any] = []
    token = ""
    while True:
        page = engine.call(
            lambda token=token: engine.client.list_recurring_runs(  # type: ignore[misc]
                page_token=token, page_size=PAGE_SIZE, namespace=engine.namespace or None
            )
        )
        schedules += page.recurring_runs or []
        token = page.next_page_token or ""
        if not token:
            return schedules


def remove_schedule(engine: Engine, schedule: str) -> bool:
    """Delete a recurring run, or only stop it and return False while a run that it started goes on.

    Kubernetes would take that run's pods away together with the schedule.
    """
    busy = any(run.recurring_run_id == schedule and run.state not in FINAL for run in engine.runs(without=FINAL))
    client = engine.client
    engine.call(lambda: (client.disable_recurring_run if busy else client.delete_recurring_run)(schedule))
    return not busy

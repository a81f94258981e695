"""Rules of the section `testing`: its metrics, limits and slices must be those of this task and table."""

from __future__ import annotations

from collections.abc import Iterator

from sevenfold.contracts.schema import Role, Task
from sevenfold.plan.column_rules import Breach, some
from sevenfold.plan.metrics import METRICS, metric_names
from sevenfold.plan.plan import Plan
from sevenfold.plan.testing import Gate

__all__ = ["testing_breaches"]


def testing_breaches(plan: Plan) -> Iterator[Breach]:
    """Yield what testing could not compute, what no model could hold, and what has no meaning for the task."""
    yield from _metrics_and_slices(plan)
    yield from _decisions(plan)


def _metrics_and_slices(plan: Plan) -> Iterator[Breach]:
    known = metric_names(plan.data.task)
    named: list[tuple[tuple[str, ...], str]] = []
    if plan.testing.metric:
        named.append((("testing", "metric"), plan.testing.metric))
    named += [(("testing", "gates", str(i), "metric"), gate.metric) for i, gate in enumerate(plan.testing.gates)]
    for key, metric in named:
        if metric not in known:
            yield (
                key,
                f"must be a metric of task {plan.data.task.value}",
                repr(metric),
                f"Metrics are {some(known)}.",
            )
        elif key[1] == "gates":
            yield from _reachable(key[:-1], plan.testing.gates[int(key[2])])
    for index, name in enumerate(plan.testing.slices):
        if name not in plan.data.columns:
            yield (
                ("testing", "slices", str(index)),
                "must name one of data.columns",
                repr(name),
                f"Columns are {some(plan.data.columns)}.",
            )
        elif (column := plan.data.columns[name]).sensitive and column.role in (Role.IGNORE, Role.IDENTIFIER):
            yield (
                ("testing", "slices", str(index)),
                "must name a column that a dataset keeps",
                f"{name!r}, which is sensitive and no feature",
                "Name another column.",
            )


def _reachable(key: tuple[str, ...], gate: Gate) -> Iterator[Breach]:
    """Yield a limit that no model could hold, such as an accuracy in percent."""
    metric, least, most = METRICS[gate.metric], gate.at_least, gate.at_most
    if least is not None and least > metric.most:
        percent = f", as in {least / 100:g} for {least:g} percent" if metric.most == 1 and 1 < least <= 100 else ""
        yield (*key, "at_least"), f"{gate.metric} is at most {metric.most:g}", f"{least:g}", f"Lower it{percent}."
    if most is not None and most < metric.least:
        yield (*key, "at_most"), f"{gate.metric} is at least {metric.least:g}", f"{most:g}", "Raise it."


def _decisions(plan: Plan) -> Iterator[Breach]:
    """Costs and a chosen threshold are about a yes or a no."""
    task = plan.data.task
    if task is Task.BINARY:
        return
    if plan.testing.costs is not None:
        value, remedy = repr(task.value), "Remove it: with more classes, the most probable one is predicted."
        yield ("testing", "costs"), "costs of a yes and a no belong to task binary", value, remedy
    if plan.testing.threshold == "auto":
        yield ("testing", "threshold"), "a threshold is chosen for task binary only", repr(task.value), "Remove it."

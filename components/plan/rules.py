"""Rules that span sections: each yields the key, the rule, the value that breaks it and the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from sevenfold.contracts.schema import Kind, Role, Task
from sevenfold.plan.class_rules import class_breaches
from sevenfold.plan.column_rules import Breach, column_breaches, some
from sevenfold.plan.cron import cron_fault
from sevenfold.plan.deployment import Approval, Runtime, Strategy, Target
from sevenfold.plan.model_rules import model_breaches
from sevenfold.plan.monitoring import Replay, RetrainSection, Trigger
from sevenfold.plan.plan import Plan, StageName
from sevenfold.plan.preparation import SplitBy
from sevenfold.plan.ray_rules import ray_breaches
from sevenfold.plan.testing_rules import testing_breaches
from sevenfold.plan.training import Device, Framework
from sevenfold.plan.tuning_rules import tuning_breaches
from sevenfold.runtime.prometheus import address_fault, shown_address

__all__ = ["Breach", "breaches"]


def breaches(plan: Plan) -> Iterator[Breach]:
    """Yield every rule between sections that the plan breaks."""
    yield from _target(plan)
    yield from column_breaches(plan.data.columns)
    yield from class_breaches(plan.data)
    yield from _split(plan)
    yield from testing_breaches(plan)
    yield from _runtime(plan)
    yield from model_breaches(plan)
    yield from _gpus(plan)
    yield from _monitoring(plan)
    yield from _encodings(plan)
    yield from ray_breaches(plan)
    yield from tuning_breaches(plan)


def _target(plan: Plan) -> Iterator[Breach]:
    columns, target = plan.data.columns, plan.data.target
    marked = [name for name, column in columns.items() if column.role is Role.TARGET]
    if target not in columns:
        yield (
            ("data", "target"),
            "must name one of data.columns",
            repr(target),
            f"Columns are {some(columns)}.",
        )
    elif marked != [target]:
        yield (
            ("data", "columns", target, "role"),
            "exactly the target has role target",
            repr(marked),
            f"Give {target!r} alone role: target.",
        )
    elif plan.data.task is Task.REGRESSION and columns[target].kind not in (Kind.NUMBER, Kind.INTEGER):
        yield (
            ("data", "columns", target, "kind"),
            "a regression target is a number or integer",
            repr(columns[target].kind.value),
            "Change its kind, or the task.",
        )
    if not any(column.is_feature for column in columns.values()):
        yield (
            ("data", "columns"),
            "at least one column has role feature",
            "none",
            "Give a column role: feature.",
        )
    for index, name in enumerate(plan.data.allow_leakage):
        if name not in columns:
            yield (
                ("data", "allow_leakage", str(index)),
                "must name one of data.columns",
                repr(name),
                f"Columns are {some(columns)}.",
            )
    if plan.data.digest and not re.fullmatch(r"sha256:[0-9a-f]{64}", plan.data.digest):
        yield ("data", "digest"), "is sha256: and 64 hexadecimal digits", repr(plan.data.digest[:80]), "Correct it."
    if plan.data.positive and plan.data.task is not Task.BINARY:
        yield ("data", "positive"), "belongs to task binary", repr(plan.data.positive), "Remove it."


def _split(plan: Plan) -> Iterator[Breach]:
    split, columns, at = plan.preparation.split, plan.data.columns, ("preparation", "split")
    if split.validation + split.test >= 1:
        yield (
            (*at, "test"),
            "validation + test must be below 1",
            f"{split.validation} + {split.test}",
            "Leave rows for training.",
        )
    if split.by is SplitBy.STRATIFIED:
        return
    if split.column not in columns:
        yield (
            (*at, "column"),
            f"a split by {split.by.value} names one of data.columns",
            repr(split.column),
            f"Columns are {some(columns)}.",
        )
        return
    if split.by is SplitBy.TIME:
        if columns[split.column].kind not in (Kind.DATETIME, Kind.INTEGER, Kind.NUMBER):
            yield (
                (*at, "column"),
                "a time split needs a datetime or a number",
                repr(columns[split.column].kind.value),
                "Name another column.",
            )
        yield from _moments(plan)


def _moments(plan: Plan) -> Iterator[Breach]:
    split, at = plan.preparation.split, ("preparation", "split")
    if bool(split.validation_from) != bool(split.test_from):
        yield (
            (*at, "test_from"),
            "validation_from and test_from are given together",
            repr(split.test_from),
            "Give both, or neither.",
        )
        return
    moments: list[datetime] = []
    for key in ("validation_from", "test_from", "test_until"):
        text = getattr(split, key)
        if not text:
            continue
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            yield (*at, key), "must be an ISO 8601 moment", repr(text), "Write it like 2013-07-01."
            continue
        moments.append(moment.replace(tzinfo=None))
    if moments != sorted(set(moments)):
        yield (
            (*at, "validation_from"),
            "validation_from < test_from < test_until must hold",
            repr([str(m) for m in moments]),
            "Put them in order.",
        )


def _runtime(plan: Plan) -> Iterator[Breach]:
    """What each server needs. TensorFlow Serving counts no requests by bundle for a canary's judge."""
    wanted = plan.deployment
    if wanted.feedback_secret and (wanted.runtime, wanted.target) != (Runtime.SEVENFOLD, Target.KSERVE):
        yield (
            ("deployment", "feedback_secret"),
            "a Secret opens the port for labels of runtime: sevenfold and target: kserve",
            f"runtime: {wanted.runtime.value}, target: {wanted.target.value}",
            "Write these two, or remove it; on this machine, sevenfold serve --feedback-port opens that port.",
        )
    if wanted.runtime is not Runtime.TENSORFLOW_SERVING:
        return
    if plan.training.framework is not Framework.TENSORFLOW:
        yield (
            ("deployment", "runtime"),
            "tensorflow-serving takes a SavedModel, which only training.framework: tensorflow makes",
            f"framework: {plan.training.framework.value}",
            "Write runtime: sevenfold.",
        )
    if wanted.target is not Target.KSERVE:
        yield (
            ("deployment", "target"),
            "runtime: tensorflow-serving runs on KServe alone",
            repr(wanted.target.value),
            "Write target: kserve.",
        )
    if wanted.strategy is Strategy.CANARY and wanted.approval is Approval.AUTOMATIC:
        yield (
            ("deployment", "strategy"),
            "TensorFlow Serving counts no requests by bundle, so a canary of it cannot be judged",
            repr(wanted.strategy.value),
            "Write strategy: replace, or approval: manual.",
        )


def _gpus(plan: Plan) -> Iterator[Breach]:
    """A GPU is reserved for its pod alone: one that computes nothing is kept from others."""
    if plan.training.device is Device.CUDA:
        return
    stages: tuple[StageName, ...] = ("tuning", "training")
    for stage in stages:
        wanted = plan.resources.get(stage)
        if wanted is not None and wanted.gpu:
            yield (
                ("resources", stage, "gpu"),
                "with training.device: cpu the fits run on the CPU and a reserved GPU would idle, so it must be 0",
                str(wanted.gpu),
                "Write training.device: cuda, or remove it.",
            )


def _monitoring(plan: Plan) -> Iterator[Breach]:
    watch = plan.monitoring
    fault = address_fault(watch.prometheus)
    if fault:
        yield ("monitoring", "prometheus"), fault, repr(shown_address(watch.prometheus)), "Write http://HOST:PORT."
    if watch.windows_drifted > watch.windows:
        yield (
            ("monitoring", "windows_drifted"),
            "must not exceed monitoring.windows",
            f"{watch.windows_drifted} > {watch.windows}",
            "Lower it.",
        )
    if watch.replay is Replay.LATER and plan.preparation.split.by is not SplitBy.TIME:
        yield (
            ("monitoring", "replay"),
            "replay: later needs a split by time",
            repr(watch.replay.value),
            "Write replay: test.",
        )
    yield from _schedule(plan.retrain)


def _schedule(section: RetrainSection) -> Iterator[Breach]:
    for key, given in (("schedule", bool(section.schedule)), ("every_hours", section.every_hours is not None)):
        if given and section.trigger is not Trigger.SCHEDULE:
            value = repr(getattr(section, key))
            yield ("retrain", key), "goes with trigger: schedule, and only with it", value, "Set both, or neither."
    if section.trigger is not Trigger.SCHEDULE:
        return
    if bool(section.schedule) == (section.every_hours is not None):
        both = f"{section.schedule!r} and {section.every_hours}"
        yield ("retrain", "schedule"), "is given, or every_hours, and not both", both, "Write one of them."
    elif section.schedule and (fault := cron_fault(section.schedule)):
        rule = f"is a cron expression ({fault})"
        yield ("retrain", "schedule"), rule, repr(section.schedule), 'Write, say, "30 2 * * 1": Mondays, 2:30 UTC.'


def _encodings(plan: Plan) -> Iterator[Breach]:
    for name in plan.preparation.encodings:
        column = plan.data.columns.get(name)
        if column is None or column.kind is not Kind.CATEGORY or not column.is_feature:
            yield (
                ("preparation", "encodings", name),
                "names a category feature of data.columns",
                repr(name),
                "Remove it, or change the column.",
            )

"""Rules of the section `tuning`: conditions, the start and the objectives of a search must mean something."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from sevenfold.plan.column_rules import Breach
from sevenfold.plan.latency import LatencyLimit
from sevenfold.plan.plan import Plan
from sevenfold.plan.space import Dimension
from sevenfold.plan.tuning import Pruner, Sampler, TuningEngine

__all__ = ["tuning_breaches"]


def tuning_breaches(plan: Plan) -> Iterator[Breach]:
    """Yield what a search could not do, or would pass over in silence."""
    yield from _conditions(plan)
    yield from _warm_start(plan)
    yield from _latency(plan)
    if plan.tuning.processes > 1 and plan.tuning.engine is not TuningEngine.OPTUNA:
        yield (
            ("tuning", "processes"),
            "belongs to tuning.engine: optuna",
            f"engine: {plan.tuning.engine.value}",
            "Write tuning.ray.concurrent_trials, or remove processes.",
        )


def _latency(plan: Plan) -> Iterator[Breach]:
    tuning, key = plan.tuning, ("tuning", "latency")
    if not tuning.latency.wanted:
        if tuning.latency != LatencyLimit():
            rule = "must be above 0 where latency is to be measured"
            yield (*key, "limit_ms"), rule, "0", "Write one, or remove rows."
        return
    if tuning.pruner is not Pruner.NONE:
        yield (
            key,
            "compares whole trials: one that is stopped early has no latency",
            f"pruner: {tuning.pruner.value}",
            "Write pruner: none, or remove latency.",
        )
    if tuning.sampler is Sampler.CMAES:
        remedy = "Write sampler: tpe, gp, random or grid."
        yield key, "is a second objective, and CMA-ES has one", "sampler: cmaes", remedy


def _conditions(plan: Plan) -> Iterator[Breach]:
    """Yield every condition that could not hold, or that no one could decide."""
    space = plan.tuning.space
    wrong = False
    for name, dimension in space.items():
        for other, values in dimension.when.items():
            key = ("tuning", "space", name, "when", other)
            for rule, value, remedy in _condition(plan, name, other, values):
                wrong = True
                yield key, rule, value, remedy
    if not wrong:
        yield from _circle(space)


def _warm_start(plan: Plan) -> Iterator[Breach]:
    """Yield what `tuning.warm_start` says twice, or says without the settings that it speaks of."""
    start, key = plan.tuning.warm_start, ("tuning", "warm_start", "study")
    if start.unread and start.settings:
        rule = "gives the settings to try first, and `settings` gives others"
        yield key, rule, repr(start.study), "Remove one of both."
    elif start.study and not start.unread and not start.settings:
        yield (
            key,
            "must name a run or a study; a digest only says where settings came from",
            repr(start.study),
            "Name the folder of a run, such as runs/NAME/1.",
        )


def _condition(plan: Plan, name: str, other: str, values: tuple[object, ...]) -> Iterator[tuple[str, str, str]]:
    space = plan.tuning.space
    if other not in space:
        near = difflib.get_close_matches(other, list(space), n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else "Search that setting too, or remove the condition."
        yield "must name a setting of tuning.space", repr(other), remedy
        return
    if plan.training.leaves_choice and other.partition(".")[0] != name.partition(".")[0]:
        yield (
            "must name a setting of the same kind of model",
            repr(other),
            f"Name one that begins with {name.partition('.')[0]}.",
        )
    choices = space[other].choices
    if choices is None:
        yield "must name a setting with choices", repr(other), "Write its values as choices, or remove the condition."
        return
    if not values:
        yield "must list at least one value", "[]", f"Values are {', '.join(map(repr, choices))}."
    known = [(type(choice), choice) for choice in choices]
    for value in values:
        if (type(value), value) not in known:
            yield "must list choices of that setting", repr(value), f"They are {', '.join(map(repr, choices))}."


def _circle(space: Mapping[str, Dimension]) -> Iterator[Breach]:
    try:
        TopologicalSorter({name: dimension.when for name, dimension in space.items()}).prepare()
    except CycleError as fault:
        circle = list(dict.fromkeys(fault.args[1]))
        first = next(name for name in space if name in circle)
        yield (
            ("tuning", "space", first, "when"),
            "must not depend on the setting itself, not even through others",
            " and ".join(map(repr, circle)),
            "Remove one of the conditions.",
        )

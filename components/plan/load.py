"""Read `plan.yaml`: YAML, shape, rules; every problem at once, each with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sevenfold.contracts.errors import PlanError, Problem
from sevenfold.plan.plan import Plan
from sevenfold.plan.repair import Changes, Key, has_choices, model_at, nearest_name, repaired
from sevenfold.plan.rules import Breach, breaches
from sevenfold.runtime.recognise import wrong_kind

__all__ = ["CheckedPlan", "check_plan", "load_plan", "parse_plan"]

MAX_BYTES = 4 << 20


@dataclass(frozen=True)
class CheckedPlan:
    """A plan file that was read: its problems, and the plan in spite of them.

    `plan` has another value wherever one is wrong (`is_wrong`); it is None where too little is left.
    """

    problems: tuple[Problem, ...]
    plan: Plan | None
    node: yaml.Node
    wrong: frozenset[Key] = frozenset()
    changes: Changes = field(default_factory=Changes)

    def is_wrong(self, key: Key) -> bool:
        """Whether a value of `plan` is wrong in the file, or holds a wrong one, or is held by one."""
        key = self.changes.original(key)
        return any(key[: len(other)] == other[: len(key)] for other in self.wrong)

    def problem(self, breach: Breach) -> Problem:
        """Return a rule that `plan` breaks, with its line and key in the file."""
        broken, rule, value, remedy = breach
        key = self.changes.original(broken)
        return Problem(_line(self.node, key), ".".join(key), rule, value, remedy)


def load_plan(path: Path) -> Plan:
    """Read and validate a plan file.

    Raises:
        PlanError: with every problem found, each with line, rule, value and remedy.
    """
    return _required(check_plan(path), path.name)


def parse_plan(text: str, *, name: str = "plan.yaml") -> Plan:
    """Validate the text of a plan; `name` stands in the messages.

    Raises:
        PlanError: with every problem found.
    """
    return _required(_check_text(text, name), name)


def check_plan(path: Path) -> CheckedPlan:
    """Read a plan file and find every problem, for a caller that adds its own.

    Raises:
        PlanError: the file is no YAML document of sections.
    """
    fault = wrong_kind(path, "plan")
    if fault:
        is_it, remedy = fault
        raise PlanError([Problem(0, "plan", "must be a plan, a YAML file", f"is {is_it}", remedy)], path=str(path))
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(
            [Problem(0, "plan", "must be UTF-8 text", f"cannot be read: {str(error)[:120]}", "Save it as UTF-8.")],
            path=path.name,
        ) from error
    return _check_text(text, path.name)


def _required(checked: CheckedPlan, name: str) -> Plan:
    if checked.problems or checked.plan is None:
        raise PlanError(checked.problems, path=name)
    return checked.plan


def _check_text(text: str, name: str) -> CheckedPlan:
    node, problems = _compose(text, name)
    raw = _construct(node, name)
    try:
        plan = Plan.model_validate(raw)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        problems += [_problem(details, node) for details in errors]
        return _checked_anyway(raw, node, problems, frozenset(tuple(map(str, each["loc"])) for each in errors))
    checked = CheckedPlan((), plan, node)
    return replace(checked, problems=(*problems, *map(checked.problem, breaches(plan))))


def _checked_anyway(raw: Any, node: yaml.Node, problems: list[Problem], wrong: frozenset[Key]) -> CheckedPlan:
    """Add the rules that are broken whatever the wrong values were meant to be."""
    plans, changes = repaired(raw)
    checked = CheckedPlan((), plans[0] if plans else None, node, wrong, changes)
    broken = [{breach[0]: breach for breach in breaches(plan)} for plan in plans]
    problems += [_problem(details, node, changes) for details in changes.faults]
    unsure = {(key[0], key[-1]) for key in wrong if len(key) > 1 and _is_field(key) and not has_choices(key)}
    for key, breach in broken[0].items() if broken else ():
        depends = checked.is_wrong(key) or any((key[0], word) in unsure for word in re.findall(r"\w+", breach[1]))
        if all(key in others for others in broken) and not depends:
            problems.append(checked.problem(breach))
    return replace(checked, problems=tuple(problems))


def _is_field(key: Key) -> bool:
    model = model_at(key)
    return model is not None and key[-1] in model.model_fields


def _compose(text: str, name: str) -> tuple[yaml.Node, list[Problem]]:
    """Return the document, and a problem for each key that stands in it twice."""
    if len(text) > MAX_BYTES:
        raise PlanError(
            [Problem(0, "plan", f"may have {MAX_BYTES:,} characters", f"has {len(text):,}", "Shorten it.")], path=name
        )
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        duplicates = list(_duplicates(node)) if node else []
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        cause = str(getattr(error, "problem", None) or error)[:120]
        raise PlanError(
            [Problem(line, "plan", "must be YAML", cause, "Mend the line, or the one before it.")], path=name
        ) from None
    if not isinstance(node, yaml.MappingNode):
        raise PlanError(
            [Problem(1, "plan", "must be a mapping of sections", "something else", "Begin with: version: 1")],
            path=name,
        )
    return node, duplicates


def _construct(node: yaml.Node, name: str) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(node)
    except (yaml.YAMLError, ValueError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        raise PlanError(
            [Problem(line, "plan", "must hold plain YAML values", str(error)[:120], "Quote the value.")],
            path=name,
        ) from None
    finally:
        loader.dispose()


def _duplicates(node: yaml.Node, at: tuple[str, ...] = ()) -> Iterator[Problem]:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _duplicates(item, (*at, str(index)))
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.value in seen:
            yield Problem(
                key.start_mark.line + 1,
                ".".join((*at, key.value)),
                "a key stands once",
                "a second one",
                "Remove one of them.",
            )
        seen.add(key.value)
        yield from _duplicates(value, (*at, key.value))


def _problem(details: ErrorDetails, node: yaml.Node, changes: Changes | None = None) -> Problem:
    key = tuple(str(part) for part in details["loc"])
    written = changes.original(key) if changes else key
    line, where = _line(node, written), ".".join(written) or "plan"
    if details["type"] == "extra_forbidden":
        return Problem(line, where, "is not a key of the plan", repr(written[-1]), _nearest(key))
    if details["type"] == "missing":
        return Problem(line, where, "is required", "nothing", "Add it.")
    message = details["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return Problem(line, where, message, repr(details["input"])[:80], _description(key))


def _line(node: yaml.Node, key: Sequence[str]) -> int:
    """Return the 1-based line of the deepest part of `key` that the document holds."""
    line = node.start_mark.line + 1
    for part in key:
        if isinstance(node, yaml.MappingNode):
            pairs = {k.value: (k, v) for k, v in node.value}
            if part not in pairs:
                break
            key_node, node = pairs[part]
            line = key_node.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            node = node.value[int(part)]
            line = node.start_mark.line + 1
    return line


def _nearest(key: Key) -> str:
    near, model = nearest_name(key), model_at(key)
    names = sorted(model.model_fields) if model else []
    return f"Did you mean {near!r}?" if near else f"Keys here are {', '.join(names)}."


def _description(key: Sequence[str]) -> str:
    for depth in range(len(key), 0, -1):
        model = model_at(key[:depth])
        field = model.model_fields.get(key[depth - 1]) if model else None
        if field and field.description:
            return field.description
    return "Change it."

"""Read `plan.yaml`: YAML, shape, rules; every problem at once, each with its line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sevenfold.contracts.errors import PlanError, Problem
from sevenfold.contracts.recognise import wrong_kind
from sevenfold.plan.plan import Plan
from sevenfold.plan.rules import breaches

__all__ = ["load_plan", "parse_plan"]

MAX_BYTES = 4 << 20


def load_plan(path: Path) -> Plan:
    """Read and validate a plan file.

    Raises:
        PlanError: with every problem found, each with line, rule, value and remedy.
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
    return parse_plan(text, name=path.name)


def parse_plan(text: str, *, name: str = "plan.yaml") -> Plan:
    """Validate the text of a plan; `name` stands in the messages.

    Raises:
        PlanError: with every problem found.
    """
    node = _compose(text, name)
    try:
        plan = Plan.model_validate(_construct(node, name))
    except ValidationError as error:
        problems = [_problem(details, node) for details in error.errors(include_url=False)]
        raise PlanError(problems, path=name) from None
    broken = [
        Problem(_line(node, key), ".".join(key), rule, value, remedy) for key, rule, value, remedy in breaches(plan)
    ]
    if broken:
        raise PlanError(broken, path=name)
    return plan


def _compose(text: str, name: str) -> yaml.Node:
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
    if duplicates:
        raise PlanError(duplicates, path=name)
    return node


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


def _problem(details: ErrorDetails, node: yaml.Node) -> Problem:
    key = tuple(str(part) for part in details["loc"])
    line = _line(node, key)
    where = ".".join(key) or "plan"
    if details["type"] == "extra_forbidden":
        return Problem(line, where, "is not a key of the plan", repr(key[-1]), _nearest(key))
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


def _model_at(key: Sequence[str]) -> type[BaseModel] | None:
    """Return the section class that holds the last part of `key`, if the key leads to one."""
    model: type[BaseModel] | None = Plan
    for part in key[:-1]:
        if model is None:
            return None
        field = model.model_fields.get(part)
        if field is not None:
            model = next(iter(_models(field.annotation)), None) or model
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models(inner)


def _nearest(key: Sequence[str]) -> str:
    model = _model_at(key)
    names = list(model.model_fields) if model else []
    near = difflib.get_close_matches(key[-1], names, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Keys here are {', '.join(sorted(names))}."


def _description(key: Sequence[str]) -> str:
    for depth in range(len(key), 0, -1):
        model = _model_at(key[:depth])
        field = model.model_fields.get(key[depth - 1]) if model else None
        if field and field.description:
            return field.description
    return "Change it."

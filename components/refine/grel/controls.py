"""The forms of GREL that decide themselves which of their arguments are evaluated, and how often."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sevenfold.refine.grel.json_values import Json, items_of
from sevenfold.refine.grel.nodes import Node, Variable, Variables
from sevenfold.refine.values import EvalError, is_blank

__all__ = ["CONTROLS", "Form", "is_true"]

LONGEST = 10_000_000  # steps of one forRange: past it the memory of a machine is at stake


@dataclass(frozen=True)
class Form:
    """A form: how many arguments it takes, which of them are names, and what it does."""

    count: int
    names: tuple[int, ...]
    run: Callable[[Sequence[Node], Variables], Any]

    def broken_rule(self, arguments: Sequence[Node]) -> str:
        """Return the rule that the arguments break, or nothing."""
        if len(arguments) != self.count:
            return f"takes {self.count} argument{'s' if self.count > 1 else ''}, but got {len(arguments)}: look"
        for place in self.names:
            if not isinstance(arguments[place], Variable):
                return f"takes a variable's name as argument {place + 1}: look"
        names = [arguments[place] for place in self.names]
        return "takes two different names: look" if len(set(map(str, names))) < len(names) else ""


@contextmanager
def _held(variables: Variables, *names: str) -> Iterator[None]:
    """Give variables back the values that they had before."""
    before = {name: variables[name] for name in names if name in variables}
    yield
    for name in names:
        variables.pop(name, None)
    variables.update(before)


def _name(node: Node) -> str:
    assert isinstance(node, Variable)  # noqa: S101  broken_rule has looked
    return node.name


def is_true(value: Any) -> bool:
    """Return whether a value counts as true: true itself, or the text ``true`` in any case."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _if(arguments: Sequence[Node], variables: Variables) -> Any:
    condition = arguments[0].evaluate(variables)
    if isinstance(condition, EvalError):
        return condition
    return arguments[1 if is_true(condition) else 2].evaluate(variables)


def _with(arguments: Sequence[Node], variables: Variables) -> Any:
    value, name = arguments[0].evaluate(variables), _name(arguments[1])
    with _held(variables, name):
        variables[name] = value
        return arguments[2].evaluate(variables)


def _for_each(arguments: Sequence[Node], variables: Variables) -> Any:
    listed = arguments[0].evaluate(variables)
    if isinstance(listed, EvalError):
        return listed
    items, name = items_of(listed), _name(arguments[1])
    if items is None:
        return EvalError("forEach takes an array or a JSON object")
    found = []
    with _held(variables, name):
        for item in items:
            variables[name] = item
            found.append(arguments[2].evaluate(variables))
    return found


def _for_each_index(arguments: Sequence[Node], variables: Variables) -> Any:
    listed = arguments[0].evaluate(variables)
    if isinstance(listed, EvalError):
        return listed
    items, index, name = items_of(listed), _name(arguments[1]), _name(arguments[2])
    if items is None:
        return EvalError("forEachIndex takes an array or a JSON object")
    found = []
    with _held(variables, index, name):
        for number, item in enumerate(items):
            variables[index], variables[name] = number, item
            found.append(arguments[3].evaluate(variables))
    return found


def _filter(arguments: Sequence[Node], variables: Variables) -> Any:
    listed = arguments[0].evaluate(variables)
    if isinstance(listed, EvalError):
        return listed
    items, name = items_of(listed), _name(arguments[1])
    if items is None or (isinstance(listed, Json) and listed.is_object):
        return EvalError("filter takes an array")
    found = []
    with _held(variables, name):
        for item in items:
            variables[name] = item
            if is_true(arguments[2].evaluate(variables)):
                found.append(item)
    return found


def _for_range(arguments: Sequence[Node], variables: Variables) -> Any:
    bounds = [argument.evaluate(variables) for argument in arguments[:3]]
    for bound in bounds:
        if isinstance(bound, EvalError):
            return bound
        if type(bound) not in (int, float):
            return EvalError("forRange takes three numbers")
    start, stop, step = bounds
    if step == 0 or not all(math.isfinite(bound) for bound in bounds):
        return EvalError("forRange takes finite numbers and a step other than 0")
    if abs((stop - start) / step) > LONGEST:
        return EvalError(f"forRange makes at most {LONGEST:,} steps")
    whole = type(start) is int and type(step) is int
    name, found = _name(arguments[3]), []
    with _held(variables, name):
        while start < stop if step > 0 else start > stop:
            variables[name] = start if whole else float(start)
            found.append(arguments[4].evaluate(variables))
            start += step
    return found


def _for_non_blank(arguments: Sequence[Node], variables: Variables) -> Any:
    value, name = arguments[0].evaluate(variables), _name(arguments[1])
    if is_blank(value) or isinstance(value, EvalError):
        return arguments[3].evaluate(variables)
    with _held(variables, name):
        variables[name] = value
        return arguments[2].evaluate(variables)


def _is_numeric(value: Any) -> Any:
    if value is None:
        return EvalError("isNumeric takes no null")
    if type(value) in (int, float):
        return True
    return isinstance(value, str) and value.isdecimal()


def _test(question: Callable[[Any], Any]) -> Form:
    return Form(1, (), lambda arguments, variables: question(arguments[0].evaluate(variables)))


def _has_data(value: Any) -> bool:
    return not is_blank(value) and not isinstance(value, EvalError)


CONTROLS = {
    "if": Form(3, (), _if),
    "with": Form(3, (1,), _with),
    "forEach": Form(3, (1,), _for_each),
    "forEachIndex": Form(4, (1, 2), _for_each_index),
    "forRange": Form(5, (3,), _for_range),
    "filter": Form(3, (1,), _filter),
    "forNonBlank": Form(4, (1,), _for_non_blank),
    "isNull": _test(lambda value: value is None),
    "isNotNull": _test(lambda value: value is not None),
    "isBlank": _test(lambda value: not _has_data(value)),
    "isNonBlank": _test(_has_data),
    "isNumeric": _test(_is_numeric),
    "isEmptyString": _test(lambda value: value == "" and isinstance(value, str)),
    "isError": _test(lambda value: isinstance(value, EvalError)),
}

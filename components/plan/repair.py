"""Plans that a faulty one may have meant, so that the rules between sections are checked beside its faults.

Each wrong value is replaced, in every plan returned by another of those it could have been. What all of these plans
break is broken whatever the wrong value was meant to be.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sevenfold.contracts.schema import Column, Kind
from sevenfold.plan.plan import Plan

__all__ = ["Changes", "Key", "has_choices", "model_at", "nearest_name", "repaired"]

Key = tuple[str, ...]
VARIANTS: Final = 6  # no choice in the plan has more values
ROUNDS: Final = 6  # of replacing, checking again
REQUIRED: Final[dict[Key, Any]] = {
    ("version",): 1,
    ("name",): "plan",
    ("data", "source"): "?",
    ("data", "target"): "?",
}
_REMOVED: Final = object()


@dataclass
class Changes:
    """What the keys of a repaired plan are called in the faulty one: it had more list items, and other names."""

    removed: dict[Key, list[int]] = field(default_factory=dict)  # by list, the indexes of items
    renamed: dict[Key, str] = field(default_factory=dict)  # by key, the name in the faulty plan
    faults: list[ErrorDetails] = field(default_factory=list)  # below a renamed key, seen only under its right name

    def original(self, key: Key) -> Key:
        """Return where a key of the repaired plan stands in the faulty one.

        >>> Changes(removed={("testing", "gates"): [0]}).original(("testing", "gates", "0", "metric"))
        ('testing', 'gates', '1', 'metric')
        >>> Changes(renamed={("testing",): "tests"}).original(("testing", "slices"))
        ('tests', 'slices')
        """
        names = list(key)
        for depth in range(len(key)):
            home = key[:depth]
            names[depth] = self.renamed.get(key[: depth + 1], names[depth])
            if home in self.removed and key[depth].isdigit():
                names[depth] = str(_index_before(int(key[depth]), self.removed[home]))
        return tuple(names)


def repaired(raw: Any) -> tuple[list[Plan], Changes]:
    """Return valid plans in place of a faulty one, and how their keys were called before.

    No plan is returned where too little is left of the faulty one.
    """
    plans: list[Plan] = []
    changes = Changes()
    for turn in range(VARIANTS):
        plan = _repair(copy.deepcopy(raw), turn, Changes() if turn else changes)
        if plan is not None and plan not in plans:
            plans.append(plan)
    return plans, changes


def model_at(key: Sequence[str]) -> type[BaseModel] | None:
    """Return the section class that holds the last part of `key`, if the key leads to one."""
    model: type[BaseModel] | None = Plan if key else None
    for part in key[:-1]:
        if model is None:
            return None
        known = model.model_fields.get(part)
        if known is not None:
            model = next(_types(known.annotation, BaseModel), None) or model
    return model


def nearest_name(key: Sequence[str]) -> str:
    """Return the key of the plan that the last part of an unknown key resembles; "" for none."""
    model = model_at(key)
    near = difflib.get_close_matches(key[-1], list(model.model_fields) if model else [], n=1)
    return near[0] if near else ""


def has_choices(key: Key) -> bool:
    """Whether a key's value is one of a few, each of which is tried in its place."""
    return bool(_choices(key))


def _repair(raw: Any, turn: int, changes: Changes) -> Plan | None:
    for _ in range(ROUNDS):
        try:
            return Plan.model_validate(raw)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                if _below(details, changes.renamed):
                    changes.faults.append(details)
                _replace(raw, details, turn, changes)
            _purge(raw, (), changes.removed)
    return None


def _below(details: ErrorDetails, renamed: dict[Key, str]) -> bool:
    key = tuple(map(str, details["loc"]))
    return any(key[: len(home)] == home for home in renamed)


def _replace(raw: Any, details: ErrorDetails, turn: int, changes: Changes) -> None:
    """Put another value where a fault is, or take it out."""
    key = details["loc"]
    home = raw
    for part in key[:-1]:
        try:
            home = home[part]
        except (KeyError, IndexError, TypeError):
            return  # what holds it was replaced for another fault
    if not key or not isinstance(home, dict | list):
        return
    last: Any = key[-1]
    if isinstance(home, list):
        if isinstance(last, int) and last < len(home):
            home[last] = _REMOVED
        return
    names = tuple(str(part) for part in key)
    if details["type"] == "extra_forbidden":
        value, near = home.pop(last, None), nearest_name(names)
        if near and near not in home:
            home[near] = value
            changes.renamed[(*names[:-1], near)] = names[-1]
        return
    value = _value(names, turn, home.pop(last, None))
    if value is not None:
        home[last] = value


def _value(key: Key, turn: int, wrong: Any) -> Any:
    """Return a valid value for a key, each turn another one where there is a choice; None where a default does."""
    if key in REQUIRED:
        return REQUIRED[key]
    if key[:2] == ("data", "columns") and len(key) == 3:
        return {"kind": list(Kind)[turn % len(Kind)].value}
    if key[-1] == "metric":
        return "?"
    choices = _choices(key)
    near = difflib.get_close_matches(str(wrong), choices, n=1, cutoff=0.0)  # what was meant most probably comes first
    choices = [*near, *(choice for choice in choices if choice not in near)]
    return choices[turn % len(choices)] if choices else None


def _choices(key: Key) -> list[str]:
    model = Column if key[:2] == ("data", "columns") and len(key) == 4 else model_at(key)
    known = model.model_fields.get(key[-1]) if model else None
    members = next(_types(known.annotation, Enum), None) if known else None
    return [str(member.value) for member in members or ()]


def _index_before(index: int, gone: list[int]) -> int:
    """Return the index an item had before those at `gone` were taken out."""
    for other in sorted(gone):
        index += other <= index
    return index


def _purge(raw: Any, at: Key, removed: dict[Key, list[int]]) -> None:
    """Take out the list items that were given up."""
    if isinstance(raw, dict):
        for name, value in raw.items():
            _purge(value, (*at, str(name)), removed)
    elif isinstance(raw, list):
        gone = [index for index, value in enumerate(raw) if value is _REMOVED]
        if gone:
            before = removed.get(at, [])
            removed[at] = [*before, *(_index_before(index, before) for index in gone)]
            raw[:] = [value for value in raw if value is not _REMOVED]
        for index, value in enumerate(raw):
            _purge(value, (*at, str(index)), removed)


def _types(annotation: Any, base: type) -> Iterator[Any]:
    if isinstance(annotation, type) and issubclass(annotation, base):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _types(inner, base)

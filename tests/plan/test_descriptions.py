"""The descriptions of the plan's fields: one sentence each, as the reference of the plan prints them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from sevenfold.plan import Plan


def fields_of(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, str | None]]:
    for name, field in model.model_fields.items():
        yield f"{path}{name}", field.description
        for inner in models_in(field.annotation):
            yield from fields_of(inner, f"{path}{name}.")


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from models_in(part)


def test_every_field_has_a_sentence() -> None:
    described = dict(fields_of(Plan))
    assert len(described) > 100
    for name, text in described.items():
        assert text, name
        assert text[0].isupper() and text.endswith("."), (name, text)

"""A JSON schema as strict as the test of an object of Kubernetes needs it."""

from __future__ import annotations

from typing import Any


def closed(schema: Any) -> Any:
    """Return a schema that refuses the keys it does not name; a server drops them, and what they ask for."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    if "properties" in schema and "x-kubernetes-preserve-unknown-fields" not in schema:
        inner.setdefault("additionalProperties", False)
    return inner

"""Write `docs/plan.md`, the reference of every key of a plan, from the schema that validates plans.

``python docs/write_reference.py`` writes the file; a test refuses a reference that is out of date.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from sevenfold.plan import Plan

OUT = Path(__file__).with_name("plan.md")
INTRODUCTION = """# Reference of the plan

One file, `plan.yaml`, describes the whole job. `sevenfold init` writes a complete one; this page lists every key.
An unknown key, a wrong type and a value out of its range are refused before anything runs, all at once, each with its
line and a remedy: `sevenfold validate plan.yaml`. `sevenfold validate --schema` prints the JSON Schema behind this
page, with which an editor completes and checks a plan.

This page is written by `python docs/write_reference.py` from that schema.
"""


def reference() -> str:
    """Return the page: a heading and a table of keys for the plan and for each of its sections."""
    schema = Plan.json_schema()
    parts = [INTRODUCTION, *_section("The plan", schema)]
    waiting = [(key, value) for key, value in schema["properties"].items()]
    while waiting:
        path, value = waiting.pop(0)
        name, more = _definition(value)
        if name is None or "properties" not in schema["$defs"][name]:
            continue
        section = schema["$defs"][name]
        parts += _section(f"`{path}{more}`", section, schema["$defs"])
        nested = [(f"{path}{more}.{key}", part) for key, part in section["properties"].items()]
        waiting = nested + waiting
    return "\n".join(parts)


def _section(title: str, schema: dict[str, Any], definitions: dict[str, Any] | None = None) -> Iterator[str]:
    known = definitions or schema["$defs"]
    yield f"\n## {title}\n"
    yield schema.get("description", "") + "\n"
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    required = set(schema.get("required", ()))
    for key, value in schema["properties"].items():
        default = "required" if key in required else _default(value)
        yield f"| `{key}` | {_kind(value, known)} | {default} | {_meaning(value, known)} |"


def _definition(value: dict[str, Any]) -> tuple[str | None, str]:
    """Return the definition that a key's value follows, and what stands behind the key: ``.KEY`` or ``[]``."""
    if "$ref" in value:
        return value["$ref"].rpartition("/")[2], ""
    for part in value.get("anyOf", ()):  # a section that may be left out
        if "$ref" in part:
            return _definition(part)
    for more, part in ((".NAME", value.get("additionalProperties")), ("[]", value.get("items"))):
        if isinstance(part, dict) and "$ref" in part:
            return part["$ref"].rpartition("/")[2], more
    return None, ""


def _kind(value: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        choices = definitions[name].get("enum")
        return ", ".join(f"`{choice}`" for choice in choices) if choices else "a section, below"
    if "anyOf" in value:
        return " or ".join(_kind(part, definitions) for part in value["anyOf"] if part.get("type") != "null")
    if "enum" in value:
        return ", ".join(f"`{choice}`" for choice in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if value.get("type") == "array":
        items = value.get("prefixItems") or [value.get("items", {})]
        inner = " and ".join(dict.fromkeys(_kind(item, definitions) for item in items))
        return f"a list of {inner}"
    if value.get("type") == "object":
        part = value.get("additionalProperties")
        return f"names, each with {_kind(part, definitions)}" if isinstance(part, dict) else "names and values"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true`, `false`"}
    return words.get(value.get("type", ""), "any value") + _limits(value)


def _limits(value: dict[str, Any]) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {value[key]}" for key, sign in signs.items() if key in value]
    return ", " + ", ".join(limits) if limits else ""


def _default(value: dict[str, Any]) -> str:
    if "default" not in value:
        return ""
    default = value["default"]
    if isinstance(default, dict):
        return "" if default else "none"
    if default in (None, "", []):
        return "none"
    return f"`{yaml.safe_dump(default, default_flow_style=True, allow_unicode=True).splitlines()[0]}`"


def _meaning(value: dict[str, Any], definitions: dict[str, Any]) -> str:
    name = value.get("$ref", "").rpartition("/")[2]
    text = value.get("description") or definitions.get(name, {}).get("description", "")
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    OUT.write_text(reference())

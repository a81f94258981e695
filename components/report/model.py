"""What a report says, as data: it can be read, tested and redrawn without the stage that found it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Block", "Chart", "Fact", "Facts", "Finding", "Findings", "Level", "Report", "Table", "Text"]

Level = Literal["good", "info", "warning", "bad"]
Cell = str | int | float | bool | None


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(_Part):
    """A paragraph."""

    block: Literal["text"] = "text"
    text: str


class Fact(_Part):
    """One figure: what it is called, its value, its unit, what it means."""

    label: str
    value: Cell
    unit: str = ""
    hint: str = ""
    level: Level | None = None


class Facts(_Part):
    """Figures side by side."""

    block: Literal["facts"] = "facts"
    facts: tuple[Fact, ...]


class Table(_Part):
    """Rows under named columns; `levels` colours whole rows, one per row or none."""

    block: Literal["table"] = "table"
    title: str = ""
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    levels: tuple[Level | None, ...] = ()
    caption: str = ""


class Chart(_Part):
    """A Vega-Lite specification with its data inside; `alt` says in words what is to be seen."""

    block: Literal["chart"] = "chart"
    title: str
    spec: dict[str, Any]
    alt: str
    caption: str = ""
    wide: bool = False


class Finding(_Part):
    """One thing worth knowing, and how grave it is."""

    level: Level
    text: str


class Findings(_Part):
    """What a stage wants a person to notice."""

    block: Literal["findings"] = "findings"
    findings: tuple[Finding, ...]


Block = Annotated[Text | Facts | Table | Chart | Findings, Field(discriminator="block")]


class Report(_Part):
    """What one stage found.

    `stage` is the room's name, `headline` the one sentence a hurried reader needs, `level` its colour.
    """

    version: Literal[1] = 1
    stage: str
    title: str
    headline: str
    level: Level = "info"
    blocks: tuple[Block, ...] = ()

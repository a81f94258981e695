"""The parts of a report as data, so that it can be read, tested and drawn again without the stage that made it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from sevenfold.report.format_value import Cell

__all__ = ["Block", "Chart", "Fact", "Facts", "Finding", "Findings", "Level", "Report", "Step", "Table", "Text"]

Level = Literal["good", "info", "warning", "bad"]


class Step(NamedTuple):
    """What to do next; a `verbatim` text is to be copied, and its lines are never broken."""

    label: str
    text: str
    verbatim: bool = False


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(_Part):
    """A paragraph."""

    block: Literal["text"] = "text"
    text: str


class Fact(_Part):
    """One figure: its name, its value, its unit, and a hint how to read it."""

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
    """Rows under named columns; `levels` colours whole rows: one level or None for each, or no levels at all.

    A table with sentences in it is `stacked`: on a phone each row is read from top to bottom, under its columns' names.
    """

    block: Literal["table"] = "table"
    title: str = ""
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    levels: tuple[Level | None, ...] = ()
    caption: str = ""
    stacked: bool = False


class Chart(_Part):
    """A Vega-Lite specification with its data inside; `alt` is the chart in words."""

    block: Literal["chart"] = "chart"
    title: str
    spec: dict[str, Any]
    alt: str
    caption: str = ""
    wide: bool = False


class Finding(_Part):
    """One observation and its severity."""

    level: Level
    text: str


class Findings(_Part):
    """The observations that a person should notice."""

    block: Literal["findings"] = "findings"
    findings: tuple[Finding, ...]


Block = Annotated[Text | Facts | Table | Chart | Findings, Field(discriminator="block")]


class Report(_Part):
    """The result of one stage.

    `stage` is the package's name, `headline` the result in one sentence, `level` its colour.
    """

    version: Literal[1] = 1
    stage: str
    title: str
    headline: str
    level: Level = "info"
    blocks: tuple[Block, ...] = ()

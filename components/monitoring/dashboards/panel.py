"""The parts of a dashboard as data: what a panel asks, what it says of itself, and how its values are to be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Annotation", "Board", "Column", "Kind", "Panel", "Query", "Step", "Variable", "Word", "figure", "lines"]

Kind = Literal["timeseries", "stat", "table", "status-history", "barchart"]


@dataclass(frozen=True, kw_only=True)
class Query:
    """One expression of PromQL, and the name of its lines: text with ``{{label}}`` in it.

    `instant` asks for the last moment of the chosen time alone, as tables and bars do.
    """

    expression: str
    legend: str = ""
    instant: bool = False


@dataclass(frozen=True)
class Step:
    """From `value` on, a figure has this colour; None is the lowest step."""

    colour: str
    value: float | None = None


@dataclass(frozen=True)
class Word:
    """What is written in place of a number; None is a value that is missing."""

    value: float | None
    text: str
    colour: str


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table: the field it shows (a label, or ``Value #A`` of the first query), its title and its unit.

    `steps` and `words` colour and translate its values; `board` makes each cell a link to the dashboard of this uid.
    """

    field: str
    title: str
    unit: str = "string"
    steps: tuple[Step, ...] = ()
    words: tuple[Word, ...] = ()
    board: str = ""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel: title, description, Grafana's id of the unit, and the queries.

    `width` is of 24, `height` in Grafana's rows. A table shows `columns` and no other field, in this order.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    width: int = 12
    height: int = 8
    minimum: float | None = 0
    stacked: bool = False
    bars: bool = False
    steps: tuple[Step, ...] = ()
    words: tuple[Word, ...] = ()
    columns: tuple[Column, ...] = ()
    interval: str = ""  # shortest distance of two points


def figure(title: str, description: str, expression: str, *steps: Step, unit: str = "none") -> Panel:
    """Return a panel of one number as it is now."""
    return Panel(
        title=title,
        description=description,
        unit=unit,
        queries=(Query(expression=expression, instant=True),),
        kind="stat",
        width=4,
        height=4,
        steps=steps,
    )


def lines(
    title: str,
    description: str,
    unit: str,
    *queries: tuple[str, str],
    minimum: float | None = 0,
    steps: tuple[Step, ...] = (),
    stacked: bool = False,
    height: int = 8,
) -> Panel:
    """Return a panel of lines over time; each query is an expression and the name of its lines."""
    return Panel(
        title=title,
        description=description,
        unit=unit,
        queries=tuple(Query(expression=expression, legend=legend) for expression, legend in queries),
        minimum=minimum,
        steps=steps,
        stacked=stacked,
        height=height,
    )


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A choice at the top of a dashboard: the values of a label, as `query` lists them.

    `chosen` is what the dashboard opens on; "" means all where `every` allows that, or else the first.
    """

    name: str
    title: str
    query: str
    every: bool = True
    chosen: str = ""


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """Events drawn over every panel: where `expression` has a value of 1 or more, or, with `moments`, at that value.

    A moment is in milliseconds since 1970. `text` may name labels as ``{{label}}``.
    """

    name: str
    expression: str
    title: str
    text: str
    colour: str
    moments: bool = False


@dataclass(frozen=True, kw_only=True)
class Board:
    """A dashboard; `uid` is its address in Grafana, for links."""

    uid: str
    title: str
    description: str
    variables: tuple[Variable, ...]
    annotations: tuple[Annotation, ...]
    panels: tuple[Panel, ...]
    since: str = "now-24h"

"""Facets: which rows or records a step works on, as the engineConfig of a recorded step says."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from sevenfold.refine.step import Recorded

__all__ = ["EngineConfig", "Facet", "ListFacet", "RangeFacet", "ScatterplotFacet", "TextFacet", "TimeRangeFacet"]


class _Chosen(Recorded):
    v: Any = None


class _Choice(Recorded):
    v: _Chosen = _Chosen()


class ListFacet(Recorded):
    """The rows where the expression gives one of the chosen values; inverted, the others.

    A chosen number takes equal numbers of either type, a chosen text texts only. Of a list one element is enough. In
    record mode one row of the record is enough, and inverted all rows of it must be other ones.
    """

    never_null: ClassVar[frozenset[str]] = frozenset({"selection"})

    type: Literal["list"]
    name: str = ""
    column_name: str
    expression: str
    selection: tuple[_Choice, ...] = ()
    select_blank: bool = False
    select_error: bool = False
    invert: bool = False

    @property
    def restricts(self) -> bool:
        """Whether anything is chosen."""
        return bool(self.selection) or self.select_blank or self.select_error


class RangeFacet(Recorded):
    """The rows where the expression gives a number from `from` up to but not `to`, or another kind that is chosen."""

    type: Literal["range"]
    name: str = ""
    column_name: str
    expression: str
    low: float = Field(0.0, alias="from")
    high: float = Field(0.0, alias="to")
    select_numeric: bool = True
    select_non_numeric: bool = True
    select_blank: bool = True
    select_error: bool = True


class TimeRangeFacet(Recorded):
    """The rows where the expression gives a date from `from` to `to`, both included, in milliseconds since 1970.

    Unlike those of a range facet, its kinds are not chosen where the history does not name them.
    """

    type: Literal["timerange"]
    name: str = ""
    column_name: str
    expression: str
    low: float = Field(0.0, alias="from")
    high: float = Field(0.0, alias="to")
    select_time: bool = False
    select_non_time: bool = False
    select_blank: bool = False
    select_error: bool = False


class TextFacet(Recorded):
    """The rows whose cell contains a text, or matches a regular expression somewhere; inverted, the others.

    Without a column it takes all rows.
    """

    type: Literal["text"]
    name: str = ""
    column_name: str | None = None
    query: str | None = None
    mode: Literal["text", "regex"] = "text"
    case_sensitive: bool = False
    invert: bool = False

    @field_validator("mode", mode="before")
    @classmethod
    def _lower(cls, mode: Any) -> Any:
        return "text" if mode is None else mode


class ScatterplotFacet(Recorded):
    """The rows whose two numbers fall into a rectangle of the plot; its corners are shares of the axes."""

    type: Literal["scatterplot"]
    name: str = ""
    cx: str
    ex: str
    cy: str
    ey: str
    r: Any = None
    dim_x: str = Field("lin", alias="dim_x")
    dim_y: str = Field("lin", alias="dim_y")
    from_x: float = Field(0.0, alias="from_x")
    to_x: float = Field(0.0, alias="to_x")
    from_y: float = Field(0.0, alias="from_y")
    to_y: float = Field(0.0, alias="to_y")

    @property
    def shape(self) -> str:
        """What of the plot is logarithmic or rotated, by key; "" where both axes are linear and upright."""
        odd = [f"{key} {dim!r}" for key, dim in (("dim_x", self.dim_x), ("dim_y", self.dim_y)) if dim == "log"]
        odd += [f"r {self.r!r}"] if str(self.r).lower() in ("cw", "ccw", "right", "left") else []
        return " and ".join(odd)

    @property
    def restricts(self) -> bool:
        """Whether the rectangle leaves out a part of the plot."""
        return self.from_x > 0 or self.to_x < 1 or self.from_y > 0 or self.to_y < 1


Facet = Annotated[ListFacet | RangeFacet | TimeRangeFacet | TextFacet | ScatterplotFacet, Field(discriminator="type")]


class EngineConfig(Recorded):
    """Whether a step works on rows or on records, and the facets that all must hold."""

    mode: Literal["row-based", "record-based"] = "row-based"
    facets: tuple[Facet, ...] = ()

    @property
    def by_record(self) -> bool:
        """Whether records are meant."""
        return self.mode == "record-based"

    @property
    def from_all_rows(self) -> bool:
        """Whether a facet chooses a row by what other rows hold, too."""
        return any(isinstance(facet, ScatterplotFacet) and facet.restricts for facet in self.facets)

    def columns_named(self) -> list[str]:
        """Return the columns that the facets are about."""
        found: list[str | None] = []
        for facet in self.facets:
            found += [facet.cx, facet.cy] if isinstance(facet, ScatterplotFacet) else [facet.column_name]
        return [name for name in found if name]

    def expressions(self) -> list[str]:
        """Return the expressions of all facets."""
        found = []
        for facet in self.facets:
            if isinstance(facet, ScatterplotFacet):
                found += [facet.ex, facet.ey]
            elif not isinstance(facet, TextFacet):
                found.append(facet.expression)
        return found

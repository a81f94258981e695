"""The rows that an engineConfig leaves: all facets hold, for the row or somewhere in its record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from math import isfinite
from typing import Any

import numpy as np

from sevenfold.refine.columns import Column, Mask
from sevenfold.refine.evaluate import Evaluated, Evaluator
from sevenfold.refine.facets import EngineConfig, ListFacet, RangeFacet, ScatterplotFacet, TextFacet, TimeRangeFacet
from sevenfold.refine.grel.java_text import java_text
from sevenfold.refine.grel.patterns import compile_pattern
from sevenfold.refine.records import record_starts
from sevenfold.refine.scatterplot import in_rectangle
from sevenfold.refine.step import refused
from sevenfold.refine.table import Table
from sevenfold.refine.values import EvalError, is_blank

__all__ = ["check_facets", "chosen_rows"]

Rule = Callable[[Any], bool]


def chosen_rows(table: Table, config: EngineConfig) -> Mask | None:
    """Return per row whether the facets leave it; None where no facet restricts anything.

    Raises:
        DataError: ``refine_step``, a facet cannot be evaluated; ``refine_column``, its column is not there.
    """
    left: Mask | None = None
    starts = np.flatnonzero(record_starts(table)) if config.by_record and table.height else None
    for facet in config.facets:
        kept = _facet(table, facet)
        if kept is None:
            continue
        if starts is not None:
            every = isinstance(facet, ListFacet) and facet.invert
            kept = _in_records(kept, starts, every=every)
        left = kept if left is None else left & kept
    return left


def check_facets(config: EngineConfig) -> None:
    """Refuse facets that can be evaluated on no table.

    Raises:
        DataError: ``refine_step``; ``grel_pattern`` for a regular expression that is none.
    """
    for facet in config.facets:
        if isinstance(facet, ScatterplotFacet) and facet.shape:
            raise refused(
                "A scatterplot facet must be linear and upright, as OpenRefine 3 records and takes every one, but this "
                f"one says {facet.shape}.",
                remedy="Use two numeric facets, or delete these keys to have the rows that OpenRefine 3 takes.",
            )
        if isinstance(facet, ListFacet) and any(choice.v.v is None for choice in facet.selection):
            raise refused("A choice of a facet must have a value, but one is null.")
        if isinstance(facet, TextFacet) and facet.mode == "regex" and facet.query is None:
            raise refused("A text facet of a pattern must hold one, but its query is missing.")
        if isinstance(facet, TextFacet) and facet.mode == "regex" and facet.query:
            compile_pattern(facet.query, not facet.case_sensitive)


def _in_records(rows: Mask, starts: Any, *, every: bool) -> Mask:
    """Return the rows of the records of which one row is kept, or each of them."""
    join = np.logical_and if every else np.logical_or
    lengths = np.diff(np.append(starts, len(rows)))
    return np.repeat(join.reduceat(rows, starts), lengths)


def _facet(table: Table, facet: object) -> Mask | None:
    if isinstance(facet, TextFacet):
        return _text(table, facet)
    if isinstance(facet, ListFacet):
        if not facet.restricts:
            return None
        results = Evaluator(table, facet.expression, _column(table, facet.column_name)).evaluate(None)
        kept = _matching(results, partial(_listed, facet))
        return ~kept if facet.invert else kept
    if isinstance(facet, RangeFacet):
        results = Evaluator(table, facet.expression, _column(table, facet.column_name)).evaluate(None)
        return _matching(results, partial(_in_range, facet))
    if isinstance(facet, TimeRangeFacet):
        results = Evaluator(table, facet.expression, _column(table, facet.column_name)).evaluate(None)
        return _matching(results, partial(_in_time, facet))
    if isinstance(facet, ScatterplotFacet):
        if not facet.restricts:
            return None
        across = Evaluator(table, facet.ex, _column(table, facet.cx)).evaluate(None)
        up = Evaluator(table, facet.ey, _column(table, facet.cy)).evaluate(None)
        return in_rectangle(facet, across, up)
    raise TypeError(f"no facet is a {type(facet).__name__}")


def _column(table: Table, name: str | None) -> Column | None:
    return table.column(name) if name else None


def _matching(results: Evaluated, rule: Rule) -> Mask:
    """Return per row whether its result, or one element of it where it is a list, fulfils the rule."""

    def holds(value: Any) -> bool:
        return any(map(rule, value)) if isinstance(value, list) else rule(value)

    flags = np.fromiter(map(holds, results.values), dtype=np.bool_, count=len(results.values))
    return flags[results.codes] if len(flags) else np.zeros(len(results.codes), dtype=np.bool_)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _listed(facet: ListFacet, value: Any) -> bool:
    if isinstance(value, EvalError):
        return facet.select_error
    if is_blank(value):
        return facet.select_blank
    for choice in facet.selection:
        wanted = choice.v.v
        if _is_number(value):
            if _is_number(wanted) and float(wanted) == float(value):
                return True
        elif type(wanted) is type(value) and wanted == value:
            return True
    return False


def _in_range(facet: RangeFacet, value: Any) -> bool:
    if isinstance(value, EvalError):
        return facet.select_error
    if is_blank(value):
        return facet.select_blank
    if not _is_number(value):
        return facet.select_non_numeric
    if not isfinite(value):
        return facet.select_error
    return facet.select_numeric and facet.low <= value < facet.high


def _in_time(facet: TimeRangeFacet, value: Any) -> bool:
    if isinstance(value, EvalError):
        return facet.select_error
    if is_blank(value):
        return facet.select_blank
    if not isinstance(value, datetime):
        return facet.select_non_time
    return facet.select_time and facet.low <= int(value.timestamp() * 1000) <= facet.high


def _text(table: Table, facet: TextFacet) -> Mask | None:
    column = _column(table, facet.column_name)
    if not facet.query or column is None:
        return None
    if facet.mode == "regex":
        pattern = compile_pattern(facet.query, not facet.case_sensitive).compiled

        def matches(text: str) -> bool:
            return pattern.search(text) is not None
    else:
        query = facet.query if facet.case_sensitive else facet.query.lower()

        def matches(text: str) -> bool:
            return query in (text if facet.case_sensitive else text.lower())

    def holds(value: Any) -> bool:
        return value is not None and matches(java_text(value))

    kept = _matching(Evaluated(column.codes, list(column.values)), holds)
    return ~kept if facet.invert else kept

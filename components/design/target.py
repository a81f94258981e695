"""What the target says: the task, its classes, how many rows have none."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Kind, Task
from sevenfold.design.typed_column import TypedColumn
from sevenfold.design.typed_table import TypedTable

__all__ = ["TargetFacts", "target_facts"]

MAX_CLASSES: Final = 1_000
MAX_INTEGER_CLASSES: Final = 20
MIN_ROWS_PER_CLASS: Final = 6  # two on each of the three sides of a split


@dataclass(frozen=True)
class TargetFacts:
    """The target of a table.

    `codes` is the class index of each row, -1 where it is missing, or for regression its value, NaN where missing.
    `classes` are the labels with their counts, the most frequent first; empty for regression.
    """

    name: str
    task: Task
    kind: Kind
    why: str
    codes: NDArray[Any]
    classes: tuple[tuple[str, int], ...]
    unlabelled: int

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Which rows have a target."""
        return ~np.isnan(self.codes) if self.task is Task.REGRESSION else self.codes >= 0


def target_facts(table: TypedTable, name: str) -> TargetFacts:
    """Return what the column `name` asks to be predicted.

    Raises:
        DataError: ``missing_column``, ``no_labels``, ``single_class``, ``rare_class``, ``too_many_classes``,
            ``unsupported_type``.
    """
    column = _column(table, name)
    present = column.values.drop_nulls()
    if len(present) == 0:
        raise DataError("no_labels", f"The target {name!r} must have values, but it is missing in every row.")
    distinct = int(present.n_unique())
    if distinct < 2:
        raise DataError(
            "single_class",
            f"The target {name!r} must have two different values or more, but all {len(present)} labelled rows have "
            "the same.",
            remedy="See whether the table was filtered, or name another target.",
        )
    unlabelled = len(column.values) - len(present)
    task, why = _task(column, distinct)
    if task is Task.REGRESSION:
        values = column.values.cast(_float64()).fill_null(float("nan")).to_numpy()
        return TargetFacts(name, task, column.kind, why, values, (), unlabelled)
    labels = _labels(column)
    counted = labels.drop_nulls().alias("value").value_counts(sort=True)
    classes = tuple(sorted(((str(v), int(c)) for v, c in counted.iter_rows()), key=lambda row: (-row[1], row[0])))
    index_of = {label: index for index, (label, _) in enumerate(classes)}
    codes = np.array([index_of.get(label, -1) for label in labels.to_list()], dtype=np.int64)
    _check_classes(name, classes)
    kind = Kind.CATEGORY if column.kind is Kind.BOOLEAN and not _says_true(column) else column.kind
    return TargetFacts(name, task, kind, why, codes, classes, unlabelled)


def _column(table: TypedTable, name: str) -> TypedColumn:
    column = table.columns.get(name)
    if column is None:
        near = difflib.get_close_matches(name, list(table.columns), n=1, cutoff=0.5)
        listed = ", ".join(list(table.columns)[:12]) + (" …" if len(table.columns) > 12 else "")
        raise DataError(
            "missing_column",
            f"The target must be a column of {table.source}, but {name!r} is none.",
            remedy=f"Did you mean {near[0]!r}?" if near else f"Columns are {listed}.",
        )
    if column.trouble:
        raise DataError("unsupported_type", f"The target {name!r} must hold plain values, but holds {column.trouble}.")
    if column.kind is Kind.DATETIME:
        raise DataError(
            "unsupported_type",
            f"The target {name!r} must be a class or a number, but holds dates.",
            remedy="Make a number of it, such as the days until then.",
        )
    return column


def _task(column: TypedColumn, distinct: int) -> tuple[Task, str]:
    if column.kind is Kind.BOOLEAN or distinct == 2:
        return Task.BINARY, "Two classes."
    if column.kind is Kind.CATEGORY:
        return Task.MULTICLASS, f"{distinct} classes."
    values = column.values.drop_nulls()
    if column.kind is Kind.INTEGER and distinct <= MAX_INTEGER_CLASSES:
        dense = int(values.max()) - int(values.min()) < 2 * distinct  # type: ignore[arg-type]
        rarest = int(values.alias("value").value_counts()["count"].min())  # type: ignore[arg-type]
        if dense and rarest >= MIN_ROWS_PER_CLASS and len(values) >= 10 * distinct:
            return (
                Task.MULTICLASS,
                f"{distinct} whole numbers, taken as classes; or write regression.",
            )
    return Task.REGRESSION, f"{distinct:,} different numbers."


def _labels(column: TypedColumn) -> Any:
    import polars as pl

    if column.kind is not Kind.BOOLEAN or _says_true(column):
        if column.kind is Kind.BOOLEAN:
            return column.values.cast(pl.Int8).replace_strict({1: "true", 0: "false"}, return_dtype=pl.String)
        return column.values.cast(pl.String)
    true, false = column.guess.true_values[0], column.guess.false_values[0]
    return column.values.cast(pl.Int8).replace_strict({1: true, 0: false}, return_dtype=pl.String)


def _says_true(column: TypedColumn) -> bool:
    """Whether a boolean says true and false, and not yes and no, which are better names of classes."""
    return all(text.casefold() == "true" for text in column.guess.true_values)


def _check_classes(name: str, classes: tuple[tuple[str, int], ...]) -> None:
    if len(classes) > MAX_CLASSES:
        raise DataError(
            "too_many_classes",
            f"A target may have at most {MAX_CLASSES} classes, but {name!r} has {len(classes)}.",
            remedy="Name another target, or merge classes.",
        )
    rare = [(label, count) for label, count in classes if count < MIN_ROWS_PER_CLASS]
    if rare:
        label, count = rare[0]
        more = f" and {len(rare) - 1} more" if len(rare) > 1 else ""
        shown = f"{label[:40]!r} has {count}" if len(rare) == 1 else f"{len(rare)} of {len(classes)} have fewer"
        raise DataError(
            "rare_class",
            f"Every class of the target {name!r} must have {MIN_ROWS_PER_CLASS} rows or more, two for each side of the "
            f"split, but {shown}{'' if len(rare) > 1 else more}.",
            remedy="Merge or remove rare classes, or name another target.",
        )


def _float64() -> Any:
    import polars as pl

    return pl.Float64

"""What the target says: the task, its classes, how many rows have none."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Kind, Task
from sevenfold.design.rare_classes import MIN_ROWS_PER_CLASS, ClassProposal, propose_classes
from sevenfold.design.typed_column import TypedColumn
from sevenfold.design.typed_table import TypedTable
from sevenfold.report.quantity import quantity
from sevenfold.tables.dialect import DELIMITERS, name_key

__all__ = ["MIN_ROWS", "TargetFacts", "target_facts"]

MAX_CLASSES: Final = 1_000
MAX_INTEGER_CLASSES: Final = 20
MIN_ROWS: Final = 6


@dataclass(frozen=True)
class TargetFacts:
    """The target of a table.

    `codes` is the class index of each row, -1 where it is missing, or for regression its value, NaN where missing.
    `classes` have their counts, the most frequent first; empty for regression. `label_codes` is the index in `labels`,
    the texts of the table, of which rare ones are merged into a class or left out, as `proposal` says. `drawn` are the
    rows that the random split trains on, which preparation will draw; None where that cannot be known.
    """

    name: str
    task: Task
    kind: Kind
    why: str
    codes: NDArray[Any]
    classes: tuple[tuple[str, int], ...]
    unlabelled: int
    hidden: bool = False  # whether labels must not be named
    labels: tuple[str, ...] = ()
    label_codes: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    proposal: ClassProposal = field(default_factory=lambda: ClassProposal(()))
    drawn: NDArray[np.bool_] | None = None

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Which rows have a target."""
        return ~np.isnan(self.codes) if self.task is Task.REGRESSION else self.codes >= 0

    @property
    def left_out(self) -> NDArray[np.bool_]:
        """Which rows have a label that is left out."""
        if self.task is Task.REGRESSION:
            return np.zeros(len(self.codes), dtype=np.bool_)
        return (self.label_codes >= 0) & (self.codes < 0)

    def restricted(self, rows: NDArray[np.bool_]) -> TargetFacts:
        """Return the same of some rows: the others count as if they had no target, and may take a class with them.

        Raises:
            DataError: ``no_labels``, ``single_class``, ``rare_class``.
        """
        if self.task is Task.REGRESSION:
            values = np.where(rows, self.codes, np.nan)
            present = values[~np.isnan(values)]
            _check_varied(self.name, len(present), len(np.unique(present)))
            return replace(self, codes=values)
        return _classified(replace(self, label_codes=np.where(rows | self.left_out, self.label_codes, -1)))


def target_facts(table: TypedTable, name: str, task: Task | None = None, *, hidden: bool = False) -> TargetFacts:
    """Return what the column `name` asks to be predicted.

    `task` None lets its values say what it is; `hidden` says that its labels must not be named.

    Raises:
        DataError: ``missing_column``, ``no_labels``, ``single_class``, ``rare_class``, ``too_many_classes``,
            ``unsupported_type``, ``ambiguous_target``.
    """
    column = _column(table, name)
    present = column.values.drop_nulls()
    distinct = int(present.n_unique()) if len(present) else 0
    _check_varied(name, len(present), distinct)
    unlabelled = len(column.values) - len(present)
    task, why = _task(column, distinct) if task is None else (task, "")
    if task is Task.REGRESSION:
        values = column.values.cast(_float64()).fill_null(float("nan")).to_numpy()
        return TargetFacts(name, task, column.kind, why, values, (), unlabelled)
    texts = _labels(column)
    labels = tuple(sorted(map(str, texts.drop_nulls().unique().to_list())))
    _check_labels(name, len(labels))
    index_of = {label: index for index, label in enumerate(labels)}
    codes = texts.replace_strict(index_of, default=-1, return_dtype=_int64()).fill_null(-1).to_numpy()
    kind = Kind.CATEGORY if _keeps_names(column) else column.kind
    return _classified(TargetFacts(name, task, kind, why, codes, (), unlabelled, hidden, labels, codes))


def _check_varied(name: str, rows: int, distinct: int) -> None:
    if rows == 0:
        raise DataError("no_labels", f"The target {name!r} must have values, but it is missing in every row.")
    if distinct < 2:
        raise DataError(
            "single_class",
            f"The target {name!r} must have two different values or more, but has the same in "
            f"{quantity(rows, 'usable row')}.",
            remedy="See whether the table was filtered, or name another target.",
        )


def _missing(table: TypedTable, name: str) -> DataError:
    (first, *others) = table.columns
    if not others and table.dialect.format == "csv" and name in first:
        known = ", ".join("a tab" if sign == "\t" else repr(sign) for sign in DELIMITERS)
        return DataError(
            "delimiter",
            f"The fields of {table.source} must be separated by one of {known}, but its first line is one field: "
            f"{first[:200]!r}.",
            remedy="Export it again with one of these between the fields.",
        )
    same = [other for other in table.columns if name_key(other) == name_key(name)]
    near = same or difflib.get_close_matches(name, list(table.columns), n=1, cutoff=0.5)
    listed = ", ".join(list(table.columns)[:12]) + (" …" if len(table.columns) > 12 else "")
    return DataError(
        "missing_column",
        f"The target must be a column of {table.source}, but {name!r} is none.",
        remedy=f"Did you mean {near[0]!r}?" if near else f"Columns are {listed}.",
    )


def _column(table: TypedTable, name: str) -> TypedColumn:
    column = table.columns.get(name)
    if column is None:
        raise _missing(table, name)
    if column.trouble:
        raise DataError("unsupported_type", f"The target {name!r} must hold plain values, but holds {column.trouble}.")
    if column.guess.question:
        raise DataError(
            "ambiguous_target",
            f"The target {name!r} must be read in one way only, but so far it is a text. {column.guess.question}",
            remedy="Write its values in the table so that they can be read in one way only, then run init again.",
        )
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
    whole = column.kind is Kind.INTEGER or bool((values == values.floor()).all())  # 1.0, 2.0, 3.0
    if whole and distinct <= MAX_INTEGER_CLASSES:
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

    if column.kind is Kind.NUMBER and bool((column.values == column.values.floor()).all()):
        # The class 1, as it is called everywhere, and not 1.0; what has more than 128 bits stays a decimal number.
        whole = column.values.cast(pl.Int128, strict=False).cast(pl.String)
        return whole.zip_with(whole.is_not_null(), column.values.cast(pl.String))
    if not _keeps_names(column):
        if column.kind is Kind.BOOLEAN:
            return column.values.cast(pl.Int8).replace_strict({1: "true", 0: "false"}, return_dtype=pl.String)
        return column.values.cast(pl.String)
    true, false = column.guess.true_values[0], column.guess.false_values[0]
    return column.values.cast(pl.Int8).replace_strict({1: true, 0: false}, return_dtype=pl.String)


def _keeps_names(column: TypedColumn) -> bool:
    """Whether a boolean says yes and no in one spelling each: better names of classes than true and false."""
    true, false = column.guess.true_values, column.guess.false_values
    return column.kind is Kind.BOOLEAN and len(true) == len(false) == 1 and true[0].casefold() != "true"


def _check_labels(name: str, labels: int) -> None:
    if labels > MAX_CLASSES:
        raise DataError(
            "too_many_classes",
            f"A target may have at most {MAX_CLASSES} classes, but {name!r} has {labels}.",
            remedy="Name another target, or merge classes.",
        )


def _classified(facts: TargetFacts) -> TargetFacts:
    """Return facts of labels with the classes that they count as; rows of one that is left out count as unlabelled."""
    known = facts.label_codes[facts.label_codes >= 0]
    counts = np.bincount(known, minlength=len(facts.labels)).tolist()
    present = tuple((label, count) for label, count in zip(facts.labels, counts, strict=True) if count)
    _check_varied(facts.name, len(known), len(present))
    proposal = propose_classes(facts.name, present, hidden=facts.hidden)
    index_of = {label: index for index, (label, _) in enumerate(proposal.classes)}
    class_of = {label: index_of.get(proposal.class_of(label) or "", -1) for label in facts.labels}
    task, why = facts.task, facts.why
    if proposal.rare and task is Task.MULTICLASS:
        task = Task.BINARY if len(proposal.classes) == 2 else task
        why = f"{len(proposal.classes)} classes; {len(proposal.rare)} of {len(present)} labels are too rare to be one."
    return replace(
        facts,
        task=task,
        why=why,
        codes=np.array([*class_of.values(), -1], dtype=np.int64)[facts.label_codes],
        classes=proposal.classes,
        proposal=proposal,
    )


def _float64() -> Any:
    import polars as pl

    return pl.Float64


def _int64() -> Any:
    import polars as pl

    return pl.Int64

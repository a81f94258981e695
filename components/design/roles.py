"""What each column is for: proposed from its name, its values, and what it reveals of the target."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Kind, Role
from sevenfold.contracts.signature import MISSING
from sevenfold.design.column_values import column_codes, column_floats
from sevenfold.design.profile import RARE, TRAIN_SHARE, ColumnProfile, Profile
from sevenfold.design.target import TargetFacts
from sevenfold.design.time_split import TimeSplit
from sevenfold.design.typed_column import TypedColumn
from sevenfold.design.typed_table import TypedTable
from sevenfold.tables.leakage import SAMPLE_ROWS, Evidence, category_evidence, number_evidence

if TYPE_CHECKING:
    pass

__all__ = ["Proposed", "propose_roles"]

MIN_ID_ROWS: Final = 20
MIN_INDEX_ROWS: Final = 6
DENSE: Final = 2  # numbers per row, from the smallest to the largest, among which each is there once only as a name
ALIKE: Final = 0.8  # overlap of the rows without a target and those without a value
MIN_ALIKE: Final = 20
MANY_ROWS: Final = 20_000
MOST: Final = 0.5
LONG_TEXT: Final = 80  # characters on average
MIN_NAMED_SHARE: Final = 0.3
Samples = list[NDArray[np.int64]]  # indices of rows
_ID: Final = re.compile(
    r"(?i:(^|[_\W])(id|uuid|guid|key|index|idx|row|rownum|rownames|serial)$)|(?i:^id[_\W])|[a-z](Id|ID)$|^Unnamed"
)
_INDEX: Final = re.compile(r"__index_level_\d+__|level_\d+|Unnamed: \d+(_level_\d+)?|_c0")


@dataclass(frozen=True)
class Proposed:
    """The role of a column and why; `leak` says that it seems to be known only after the event."""

    role: Role
    why: str = ""
    leak: bool = False


def propose_roles(
    table: TypedTable, profile: Profile, target: TargetFacts, split: TimeSplit | None
) -> dict[str, Proposed]:
    """Return the role of every column but the target, each with its reason where it is not a plain feature."""
    roles: dict[str, Proposed] = {}
    samples = _samples(target, split)
    for name, column in table.columns.items():
        if name == target.name:
            continue
        roles[name] = _role(column, profile.columns[name], table, target, split, samples)
    return roles


def _role(
    column: TypedColumn,
    facts: ColumnProfile,
    table: TypedTable,
    target: TargetFacts,
    split: TimeSplit | None,
    samples: Samples,
) -> Proposed:
    if split is not None and column.name == split.column:
        return Proposed(Role.TIME, "Orders the rows: the oldest train, the newest test.")
    if column.trouble:
        return Proposed(Role.IGNORE, f"It holds {column.trouble}.")
    if facts.present == 0:
        return Proposed(Role.IGNORE, "It has no values.")
    if facts.constant:
        return Proposed(Role.IGNORE, "All rows have the same value.")
    if column.guess.question:
        return Proposed(Role.IGNORE, column.guess.why)
    base = table.columns.get(column.name.removesuffix(MISSING))
    if base is not None and base is not column and base.kind is Kind.DATETIME:
        why = f"A model has a flag of this name, which says where {_named(base.name)} is missing: rename the column."
        return Proposed(Role.IGNORE, why)
    identifier = _row_index(column, table) or _identifier(column, facts)
    if identifier:
        return Proposed(Role.IDENTIFIER, identifier)
    afterwards = _afterwards(column, table, target, split, samples)
    if afterwards:
        return Proposed(Role.IGNORE, afterwards, leak=True)
    if split is not None and _runs_on(column, split):
        return Proposed(Role.IGNORE, "It runs on with time: most later values lie beyond those that train.")
    if facts.sensitive:
        return Proposed(Role.IGNORE, f"It seems to hold {facts.sensitive}.")
    return Proposed(Role.IGNORE, text) if (text := _free_text(column, facts, split)) else Proposed(Role.FEATURE)


def _row_index(column: TypedColumn, table: TypedTable) -> str:
    """Say that a column is the number of a row, as tools write it beside a table, whether or not it still counts up."""
    if column.kind is not Kind.INTEGER:
        return ""
    headless = column.name == "_c0" and "_c1" in table.columns  # Spark's names of columns without a header
    if _INDEX.fullmatch(column.name) and not headless:
        return "The index of the rows, as pandas or Spark write it."
    values = column.values
    counts_up = (
        values.null_count() == 0 and len(values) >= MIN_INDEX_ROWS and bool((values.diff().drop_nulls() == 1).all())
    )
    if (column.name in table.index_columns and values.n_unique() == len(values)) or (counts_up and values[0] in (0, 1)):
        return "It numbers the rows."
    return ""


def _identifier(column: TypedColumn, facts: ColumnProfile) -> str:
    if facts.present < MIN_ID_ROWS or not facts.unique:
        return ""
    if column.kind is Kind.CATEGORY:
        return "Nearly every row has a value of its own."
    if column.kind is not Kind.INTEGER or facts.distinct < facts.present:
        return ""
    values = column.values.drop_nulls()
    spread = int(values.max()) - int(values.min()) + 1  # type: ignore[arg-type]
    # of so few numbers, values that mean something would be there twice
    if spread <= DENSE * facts.present or _ID.search(column.name):
        return "Every row has a number of its own."
    return ""


def _afterwards(
    column: TypedColumn, table: TypedTable, target: TargetFacts, split: TimeSplit | None, samples: Samples
) -> str:
    """Say why a column looks like one that is written down only after the event."""
    absent = column.values.is_null().to_numpy()
    without = ~target.labelled
    both, either = int(np.count_nonzero(absent & without)), int(np.count_nonzero(absent | without))
    if both >= MIN_ALIKE and both >= ALIKE * either:
        return "Known only after the event? It is missing where the target is."
    if split is not None and column.kind is table.columns[split.column].kind is Kind.DATETIME:
        later = column.values - table.columns[split.column].values
        if later.drop_nulls().len() and float((later.dt.total_microseconds() > 0).mean() or 0) > 0.99:  # type: ignore[arg-type]
            return f"Known only after the event? It is later than {_named(split.column)} in nearly every row."
    for rows in samples:
        evidence = _evidence(column, target, rows)
        if evidence.exact:
            return f"Known only after the event? It gives the target away: {evidence.text}."
    return ""


def _runs_on(column: TypedColumn, split: TimeSplit) -> bool:
    """Whether most newer values lie outside the range of those that train, as a month's or a year's do."""
    if column.kind is Kind.CATEGORY or column.kind is Kind.BOOLEAN:
        return False
    values = column_floats(column.values)
    known, newer = values[split.train & ~np.isnan(values)], values[~split.train & ~np.isnan(values)]
    if not len(known) or not len(newer):
        return False
    return bool(np.mean((newer < known.min()) | (newer > known.max())) > MOST)


def _evidence(column: TypedColumn, target: TargetFacts, rows: NDArray[np.int64]) -> Evidence:
    values, wanted, classes = column.values.gather(rows), target.codes[rows], len(target.classes)
    if column.kind is Kind.CATEGORY:
        return category_evidence(column_codes(values), wanted, classes=classes)
    return number_evidence(column_floats(values), wanted, classes=classes)


def _samples(target: TargetFacts, split: TimeSplit | None) -> Samples:
    """Return the rows that leakage is looked for in: of too many, those that the test itself would take."""
    return [rows[:: -(-len(rows) // SAMPLE_ROWS) or 1] for rows in map(np.flatnonzero, _looked_at(target, split))]


def _looked_at(target: TargetFacts, split: TimeSplit | None) -> list[NDArray[np.bool_]]:
    """Return the rows that leakage is looked for in: all with a target, and some that training may see of them."""
    labelled = target.labelled
    if split is not None:
        return [labelled, labelled & split.train]
    if target.drawn is not None:
        return [labelled, target.drawn]
    # a column on the border reveals the target in one sample and not in another: the more, the fewer rows there are
    random = np.random.default_rng(7)
    samples = 8 if len(labelled) <= MANY_ROWS else 1
    return [labelled, *(labelled & (random.random(len(labelled)) < TRAIN_SHARE) for _ in range(samples))]


def _free_text(column: TypedColumn, facts: ColumnProfile, split: TimeSplit | None) -> str:
    if column.kind is not Kind.CATEGORY:
        return ""
    if facts.lengths is not None and facts.lengths[0] > LONG_TEXT and facts.distinct > 0.5 * facts.present:
        return "Free text, which the built-in model does not read."
    if split is None and column.levels is not None:
        counts = column.levels["count"]
    else:
        values = column.values if split is None else column.values.filter(split.train)
        counts = values.drop_nulls().alias("value").value_counts()["count"]
    share = 1.0 if split is not None else TRAIN_SHARE
    if len(counts) == 0:
        return "It has no values among the oldest rows, which train."
    frequent = counts.filter(counts * share >= 1.5 * RARE) if facts.distinct > 20 else counts.filter(counts >= 0)
    if float(frequent.sum()) < MIN_NAMED_SHARE * float(counts.sum()):
        return "Most of its values are too rare to be learned from."
    return ""


def _named(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name[:40])

"""See before a plan is written that preparation will have rows and a feature that varies among those that train."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Kind, Role
from sevenfold.design.profile import RARE, TRAIN_SHARE
from sevenfold.design.roles import Proposed
from sevenfold.design.target import MIN_ROWS, TargetFacts
from sevenfold.design.time_split import TimeSplit
from sevenfold.design.typed_table import TypedTable

if TYPE_CHECKING:
    import polars as pl

__all__ = ["require_feasible"]

MARGIN: Final = 1.5  # a random split may leave a side that much fewer rows of a kind than its share


def require_feasible(
    table: TypedTable, roles: Mapping[str, Proposed], target: TargetFacts, split: TimeSplit | None
) -> None:
    """Refuse a table whose split would lack rows, or whose features would all be alike in the rows that train.

    Raises:
        DataError: ``too_few_rows``, ``no_features``.
    """
    rows = int(np.count_nonzero(target.labelled))
    if rows < MIN_ROWS:
        raise DataError(
            "too_few_rows",
            f"A table must have {MIN_ROWS} usable rows or more, two for each side of the split, but has {rows}.",
            remedy="Add rows.",
        )
    features = [name for name, proposed in roles.items() if proposed.role is Role.FEATURE]
    known = split.train if split is not None else target.drawn
    train = target.labelled if known is None else target.labelled & known
    if any(
        _varies(table.columns[name].values, table.columns[name].kind, train, known is not None) for name in features
    ):
        return
    left_out = [f"{name}: {proposed.why}" for name, proposed in roles.items() if proposed.role is not Role.FEATURE]
    alike = [f"{name}: It has too few rows of different values to be learned from." for name in features]
    raise DataError(
        "no_features",
        "At least one column besides the target must be of use to a model, but none seems to be. "
        + "; ".join([*alike, *left_out][:5]),
        remedy="Name another target, or write the plan by hand.",
    )


def _varies(values: pl.Series, kind: Kind, train: NDArray[np.bool_], exact: bool) -> bool:
    """Whether a column surely has two values, and a category one that is not rare, among the rows that train.

    Args:
        values: the column.
        kind: of its values.
        train: the rows that train, or all of which some will.
        exact: whether `train` are those themselves.
    """
    import polars as pl

    seen = values.filter(pl.Series(train))
    if exact and kind is not Kind.CATEGORY:
        return bool(seen.ne_missing(seen[0]).any()) if len(seen) else False  # far quicker than to count each value
    counted = seen.alias("value").value_counts(sort=True)
    rows, most = int(counted["count"].sum()), int(counted["count"][0]) if len(counted) else 0
    others = rows - most
    if exact:
        least, varied = float(RARE), others > 0
    else:
        least, varied = MARGIN * RARE / TRAIN_SHARE, most < rows * TRAIN_SHARE / MARGIN or others >= RARE
    if not varied or kind is not Kind.CATEGORY:
        return varied
    known = counted.filter(counted["value"].is_not_null())["count"]
    missing = rows - int(known.sum())  # a gap is a level of its own
    return len(known) > 0 and (int(known[0]) >= least or missing >= (1 if exact else RARE))

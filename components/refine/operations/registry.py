"""Every operation that can be replayed, by the name under which OpenRefine registers it."""

from __future__ import annotations

from typing import Final, get_args

from sevenfold.refine.operations.column_addition import ColumnAddition
from sevenfold.refine.operations.column_order import (
    ColumnMove,
    ColumnMoveTo,
    ColumnMultiRemoval,
    ColumnRemoval,
    ColumnRename,
    ColumnReorder,
)
from sevenfold.refine.operations.column_split import ColumnSplit
from sevenfold.refine.operations.down import BlankDown, FillDown
from sevenfold.refine.operations.key_value import KeyValueColumnize
from sevenfold.refine.operations.mass_edit import MassEdit
from sevenfold.refine.operations.multi_valued import MultiValuedCellJoin, MultiValuedCellSplit
from sevenfold.refine.operations.row_addition import RowAddition
from sevenfold.refine.operations.row_marks import RowDuplicateRemoval, RowFlag, RowKeepMatched, RowRemoval, RowStar
from sevenfold.refine.operations.row_order import RowReorder
from sevenfold.refine.operations.text_transform import TextTransform
from sevenfold.refine.operations.transpose import TransposeColumnsIntoRows, TransposeRowsIntoColumns
from sevenfold.refine.step import Step

__all__ = ["OPERATIONS"]

_STEPS: Final[tuple[type[Step], ...]] = (
    TextTransform,
    MassEdit,
    FillDown,
    BlankDown,
    ColumnAddition,
    ColumnRemoval,
    ColumnMultiRemoval,
    ColumnRename,
    ColumnMove,
    ColumnMoveTo,
    ColumnReorder,
    ColumnSplit,
    MultiValuedCellSplit,
    MultiValuedCellJoin,
    TransposeColumnsIntoRows,
    TransposeRowsIntoColumns,
    KeyValueColumnize,
    RowStar,
    RowFlag,
    RowRemoval,
    RowKeepMatched,
    RowDuplicateRemoval,
    RowReorder,
    RowAddition,
)
OPERATIONS: Final[dict[str, type[Step]]] = {
    name: step for step in _STEPS for name in get_args(step.model_fields["op"].annotation)
}

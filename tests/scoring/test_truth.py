"""Labels of later rows count as what they counted as in training."""

from __future__ import annotations

import pyarrow as pa
import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Column, Kind, Task
from sevenfold.contracts.signature import Signature
from sevenfold.scoring.truth import truth_of

SIGNATURE = Signature(
    task=Task.MULTICLASS,
    target="y",
    classes=("duck", "hen", "other"),
    inputs={"x": Column(kind=Kind.NUMBER)},
    merged_classes={"other": ("owl", "swan")},
    left_out_classes=("crow",),
)


def test_a_merged_label_counts_as_its_class_and_a_left_out_one_as_none() -> None:
    table = pa.table({"y": ["hen", "owl", None, "crow", "other", "swan", "duck"]})
    truth, known = truth_of(table, SIGNATURE)
    assert truth[known].tolist() == [1, 2, 2, 2, 0]
    assert known.tolist() == [True, True, False, False, True, True, True]


def test_a_label_that_nobody_knew_is_refused() -> None:
    with pytest.raises(DataError, match="2 rows have another"):
        truth_of(pa.table({"y": ["hen", "emu", "emu", "crow"]}), SIGNATURE)

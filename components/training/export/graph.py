"""The transform as the first part of `model.onnx`.

Few nodes make a cheap row: all numbers travel as one matrix ``[features, rows]``, all dates as another, and only texts
need one lookup per column. Equal transforms give equal bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Column, Kind
from sevenfold.contracts.signature import MISSING
from sevenfold.contracts.transform import (
    CLIP,
    FIRST_LEVEL,
    MISSING_CODE,
    UNKNOWN_CODE,
    CategoryFeature,
    Part,
    Transform,
)
from sevenfold.tables.moment_parts import DAY
from sevenfold.training.encode import FIRST_ROW, LARGEST, MISSING_ROW, phase_table
from sevenfold.training.export.join import join_graphs, model_bytes
from sevenfold.training.export.local_time import local_moments, part_steps
from sevenfold.training.export.writer import IR_VERSION, ML, ML_OPSET, OPSET, GraphWriter, free_name, free_prefix

if TYPE_CHECKING:
    import onnx

__all__ = [
    "category_code",
    "join_graphs",
    "matrix",
    "model_bytes",
    "pick",
    "preprocessing_graph",
    "raw_inputs",
    "stack",
]


def preprocessing_graph(transform: Transform, inputs: Mapping[str, Column]) -> onnx.ModelProto:
    """Return the graph from raw columns to ``numeric`` FLOAT ``[rows, N]`` and ``categorical`` INT64 ``[rows, C]``.

    Its inputs are those of `contracts.bundle`, all of `inputs`, also those that the transform does not use. It computes
    what `encode` computes, to the last bit but the sign of a zero.

    Raises:
        DataError: ``missing_column`` for a feature that `inputs` lacks, ``duplicate_column`` where a column has the
            name of the missing flag of a datetime.
    """
    from onnx import helper

    lacking = [feature.name for feature in transform.features if feature.name not in inputs]
    if lacking:
        raise DataError("missing_column", f"Every feature must be an input, but {lacking[:5]} are not.")
    if not inputs:
        raise DataError("no_features", "A model needs at least one input column, but got none.")
    raw = raw_inputs(inputs)
    names = [entry.name for entry in raw]
    writer = GraphWriter(free_prefix("pre:", names))
    numeric, categorical = free_name("numeric", names), free_name("categorical", names)
    _write_numeric(writer, transform, names[0], numeric)
    _write_categorical(writer, transform, names[0], categorical)
    types = helper.np_dtype_to_tensor_dtype
    outputs = [
        helper.make_tensor_value_info(numeric, types(np.dtype(np.float32)), ["rows", len(transform.numeric_names)]),
        helper.make_tensor_value_info(categorical, types(np.dtype(np.int64)), ["rows", len(transform.embedded)]),
    ]
    graph = helper.make_graph(writer.nodes, "preprocessing", raw, outputs, writer.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="sevenfold")


def raw_inputs(inputs: Mapping[str, Column]) -> list[Any]:
    """Return the graph's inputs, those of `contracts.bundle`: a column each, and the missing flag of a datetime.

    Raises:
        DataError: ``duplicate_column`` where a column has the name of such a flag.
    """
    from onnx import TensorProto, helper

    kinds = {Kind.CATEGORY: TensorProto.STRING, Kind.DATETIME: TensorProto.INT64}
    raw = []
    for name, column in inputs.items():
        raw.append(helper.make_tensor_value_info(name, kinds.get(column.kind, TensorProto.DOUBLE), ["rows"]))
        if column.kind is Kind.DATETIME:
            if name + MISSING in inputs:
                raise DataError(
                    "duplicate_column",
                    f"{name + MISSING!r} is the missing flag of the datetime {name!r}, but a column has that name too.",
                    remedy="Rename the column.",
                )
            raw.append(helper.make_tensor_value_info(name + MISSING, TensorProto.BOOL, ["rows"]))
    return raw


def _write_numeric(writer: GraphWriter, transform: Transform, any_input: str, output: str) -> None:
    """Write the blocks of `Transform.numeric_names`, one below the other, and turn them into ``[rows, N]``."""
    dates = _Dates(writer, transform) if transform.datetimes else None
    blocks = []
    standard, absent = _write_standard(writer, transform, dates)
    blocks += [standard] if standard else []
    if dates and dates.has_cycles:
        blocks.append(dates.cycles())
    if transform.onehot:
        blocks.append(_write_onehot(writer, transform.onehot))
    flagged = [index for index, feature in enumerate(transform.numbers) if feature.indicator]
    if flagged:
        trends = sum(Part.TREND in feature.parts for feature in transform.datetimes)
        blocks.append(_float(writer, pick(writer, absent, flagged, len(transform.numbers) + trends)))
    flagged = [index for index, feature in enumerate(transform.datetimes) if feature.indicator]
    if dates and flagged:
        blocks.append(_float(writer, pick(writer, dates.missing, flagged, len(transform.datetimes))))
    if not blocks:
        _write_empty(writer, any_input, output, np.float32)
        return
    writer.add("Transpose", stack(writer, blocks), perm=[1, 0], output=output)


def _write_categorical(writer: GraphWriter, transform: Transform, any_input: str, output: str) -> None:
    if not transform.embedded:
        _write_empty(writer, any_input, output, np.int64)
        return
    codes = [category_code(writer, feature) for feature in transform.embedded]
    writer.add("Transpose", matrix(writer, codes), perm=[1, 0], output=output)


def _write_empty(writer: GraphWriter, any_input: str, output: str, dtype: type[np.generic]) -> None:
    from onnx import numpy_helper

    shape = writer.add("Concat", writer.add("Shape", any_input), writer.constant([0], np.int64), axis=0)
    writer.add("ConstantOfShape", shape, value=numpy_helper.from_array(np.zeros(1, dtype=dtype)), output=output)


def _write_standard(writer: GraphWriter, transform: Transform, dates: _Dates | None) -> tuple[str, str]:
    """Return the standardised numbers and trends, ``[F, rows]``, and which of them are missing; "" where F is 0."""
    numbers, trends = transform.numbers, [date for date in transform.datetimes if Part.TREND in date.parts]
    values = [matrix(writer, [feature.name for feature in numbers])] if numbers else []
    values += [dates.days_since_1970()] if dates and trends else []
    if not values:
        return "", ""
    raw = stack(writer, values)

    limits = [LARGEST if feature.clip is None else feature.clip for feature in numbers] + [CLIP] * len(trends)
    fills = [feature.fill for feature in numbers] + [feature.center for feature in trends]
    centers = [feature.center for feature in numbers] + [feature.center for feature in trends]
    scales = [feature.scale for feature in numbers] + [feature.scale for feature in trends]
    absent = writer.add("IsNaN", raw)
    scaled = writer.add("Where", absent, _column(writer, fills), raw)
    scaled = writer.add("Sub", scaled, _column(writer, centers))
    scaled = writer.add("Div", scaled, _column(writer, scales))
    scaled = writer.add("Max", scaled, _column(writer, [-limit for limit in limits]))
    scaled = writer.add("Min", scaled, _column(writer, limits))
    return _float(writer, scaled), absent


class _Dates:
    """The datetimes of a transform as matrices ``[datetimes, rows]``."""

    def __init__(self, writer: GraphWriter, transform: Transform) -> None:
        self._writer = writer
        self._features = transform.datetimes
        names = [feature.name for feature in self._features]
        self.has_cycles = any(feature.cycles for feature in self._features)
        self.moments = matrix(writer, names)
        self.missing = matrix(writer, [name + MISSING for name in names])

    def days_since_1970(self) -> str:
        """Return the days of those with a trend, in float64, NaN for missing."""
        writer = self._writer
        days = writer.add("Div", _double(writer, self.moments), writer.constant(float(DAY), np.float64))
        days = writer.add("Where", self.missing, writer.constant(np.nan, np.float64), days)
        positions = [index for index, feature in enumerate(self._features) if Part.TREND in feature.parts]
        return pick(writer, days, positions, len(self._features))

    def cycles(self) -> str:
        """Return sine, cosine and phase of every cyclic part, ``[3 * parts, rows]`` in float32."""
        writer, count = self._writer, len(self._features)
        used = [part for part in Part if any(part in feature.cycles for feature in self._features)]
        table_rows = stack(writer, self._table_rows(used))
        wanted = [(index, part) for index, feature in enumerate(self._features) for part in feature.cycles]
        table_rows = pick(
            writer, table_rows, [used.index(part) * count + index for index, part in wanted], len(used) * count
        )
        missing = pick(writer, self.missing, [index for index, _ in wanted], count)
        table_rows = writer.add("Where", missing, self._integer(MISSING_ROW), table_rows)
        phases = writer.add("Gather", writer.constant(phase_table(), np.float32), table_rows, axis=0)
        by_part = writer.add("Transpose", phases, perm=[0, 2, 1])
        return writer.add("Reshape", by_part, writer.constant([3 * len(wanted), -1], np.int64))

    def _table_rows(self, used: Sequence[Part]) -> list[str]:
        """Return, per part, the row of the phase table of every moment."""
        writer = self._writer
        steps = part_steps(writer, local_moments(writer, self._features, self.moments), used)
        starts = [FIRST_ROW[part] for part in used]
        return [
            writer.add("Add", step, self._integer(start)) if start else step
            for step, start in zip(steps, starts, strict=True)
        ]

    def _integer(self, value: int) -> str:
        return self._writer.constant(value, np.int64)


def _write_onehot(writer: GraphWriter, features: Sequence[CategoryFeature]) -> str:
    codes = matrix(writer, [category_code(writer, feature) for feature in features])
    positions = [index for index, feature in enumerate(features) for _ in range(feature.size)]
    wanted: NDArray[np.int64] = np.concatenate([np.arange(feature.size) for feature in features])[:, None]
    spread = pick(writer, codes, positions, len(features))
    return _float(writer, writer.add("Equal", spread, writer.constant(wanted, np.int64)))


def category_code(writer: GraphWriter, feature: CategoryFeature) -> str:
    """Return the codes of a column of texts, INT64 ``[rows]``."""
    codes = [MISSING_CODE, *range(FIRST_LEVEL, feature.size)]
    return writer.add(
        "LabelEncoder",
        feature.name,
        domain=ML,
        keys_strings=["", *feature.levels],
        values_int64s=codes,
        default_int64=UNKNOWN_CODE,
    )


def matrix(writer: GraphWriter, rows: Sequence[str]) -> str:
    """Return vectors as the rows of a matrix: one copy, however many there are."""
    flat = writer.add("Concat", *rows, axis=0) if len(rows) > 1 else rows[0]
    return writer.add("Reshape", flat, writer.constant([len(rows), -1], np.int64))


def stack(writer: GraphWriter, matrices: Sequence[str]) -> str:
    """Return matrices one below the other."""
    return writer.add("Concat", *matrices, axis=0) if len(matrices) > 1 else matrices[0]


def pick(writer: GraphWriter, rows: str, positions: Sequence[int], height: int) -> str:
    """Return some rows of a matrix with `height` of them."""
    if list(positions) == list(range(height)):
        return rows
    return writer.add("Gather", rows, writer.constant(positions, np.int64), axis=0)


def _column(writer: GraphWriter, values: Sequence[float]) -> str:
    return writer.constant(np.asarray(values, dtype=np.float64)[:, None], np.float64)


def _float(writer: GraphWriter, matrix: str) -> str:
    from onnx import TensorProto

    return writer.add("Cast", matrix, to=TensorProto.FLOAT)


def _double(writer: GraphWriter, matrix: str) -> str:
    from onnx import TensorProto

    return writer.add("Cast", matrix, to=TensorProto.DOUBLE)

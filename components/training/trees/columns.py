"""The columns of LightGBM's matrix as the first part of `model.onnx`, in double precision."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from sevenfold.contracts.signature import MISSING
from sevenfold.contracts.transform import DatetimeFeature, Part, Transform
from sevenfold.tables.moment_parts import DAY
from sevenfold.training.export.graph import category_code, matrix, pick, stack
from sevenfold.training.export.local_time import local_moments, part_steps
from sevenfold.training.export.writer import GraphWriter
from sevenfold.training.trees.features import categories, parts

__all__ = ["write_columns"]

ORDER: Final[list[Part]] = [part for part in Part if part is not Part.TREND]


def write_columns(writer: GraphWriter, transform: Transform, any_input: str) -> str:
    """Return the columns of `feature_matrix`, DOUBLE ``[rows, F]``, to the last bit; a missing category is 0, not NaN.

    LightGBM sends both to the same side, for neither is in the set of a split.

    Args:
        writer: of the graph.
        transform: what the columns are.
        any_input: the name of an input, from which the number of rows is known where there is no feature.
    """
    from onnx import TensorProto

    blocks = []
    if transform.numbers:
        blocks.append(matrix(writer, [feature.name for feature in transform.numbers]))
    if transform.datetimes:
        blocks.append(_dates(writer, transform.datetimes))
    if categories(transform):
        codes = matrix(writer, [category_code(writer, feature) for feature in categories(transform)])
        blocks.append(writer.add("Cast", codes, to=TensorProto.DOUBLE))
    if not blocks:
        shape = writer.add("Concat", writer.add("Shape", any_input), writer.constant([0], np.int64), axis=0)
        return writer.add("ConstantOfShape", shape, value=_zero())
    return writer.add("Transpose", stack(writer, blocks), perm=[1, 0])


def _dates(writer: GraphWriter, features: list[DatetimeFeature]) -> str:
    """Return the parts of datetimes, DOUBLE ``[parts, rows]``, feature by feature, NaN where missing."""
    from onnx import TensorProto

    count, names = len(features), [feature.name for feature in features]
    moments = matrix(writer, names)
    missing = matrix(writer, [name + MISSING for name in names])
    used: list[Part] = [part for part in ORDER if any(part in feature.parts for feature in features)]
    blocks = []
    if used:
        steps = part_steps(writer, local_moments(writer, features, moments), used)
        blocks = [writer.add("Cast", stack(writer, steps), to=TensorProto.DOUBLE)]
    if any(Part.TREND in feature.parts for feature in features):
        days = writer.add("Cast", moments, to=TensorProto.DOUBLE)
        blocks.append(writer.add("Div", days, writer.constant(float(DAY), np.float64)))
        used = [*used, Part.TREND]
    wanted = [(used.index(part), index) for index, feature in enumerate(features) for part in parts(feature)]
    values = pick(writer, stack(writer, blocks), [block * count + index for block, index in wanted], len(used) * count)
    absent = pick(writer, missing, [index for _, index in wanted], count)
    return writer.add("Where", absent, writer.constant(np.nan, np.float64), values)


def _zero() -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.zeros(1, dtype=np.float64))

"""The columns of the trees, against Python's own dates and the rules of the module's table."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import onnx
import onnxruntime
from onnx import helper

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.transform import Part
from sevenfold.scoring.feeds import feeds_from_rows
from sevenfold.training.data import TrainingData
from sevenfold.training.export.graph import raw_inputs
from sevenfold.training.export.writer import GraphWriter
from sevenfold.training.trees.columns import write_columns
from sevenfold.training.trees.features import categories, feature_matrix, feature_names
from sevenfold.training.trees.hostile import hostile_feeds
from sevenfold.training.trees.model import FittedTrees
from sevenfold.training.trees.text import Tree


def test_a_row_becomes_plain_numbers(wild: Dataset) -> None:
    data = TrainingData(wild)
    row = {
        "seconds": 1_612_345_678.125,
        "change": -1e-3,
        "flag": True,
        "town": "town 3",
        "size": "m",
        "when": "2021-07-06T23:15:30",
        "other": "1969-12-31T22:58:59Z",
    }
    signature = data.signature
    feeds = feeds_from_rows([row, {"seconds": 5.0, "town": "nowhere"}], signature.inputs, signature.notation)
    matrix, names = feature_matrix(data.transform, feeds), feature_names(data.transform)
    assert matrix.dtype == np.float64 and matrix.shape == (2, len(names))
    got = dict(zip(names, matrix[0].tolist(), strict=True))
    moment = datetime(2021, 7, 6, 23, 15, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert (got["seconds"], got["change"], got["flag"]) == (1_612_345_678.125, -1e-3, 1.0)
    assert (got["when:time_of_day"], got["when:weekday"]) == (23 * 60 + 15, moment.weekday())
    assert abs(got["when:day_of_year"] - (moment.timetuple().tm_yday - 1)) <= 1  # a Gregorian mean year
    assert got["when:trend"] == (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() / 86_400
    assert got["other:time_of_day"] == 22 * 60 + 58
    levels = {feature.name: feature.levels for feature in categories(data.transform)}
    assert (got["town"], got["size"]) == (2 + levels["town"].index("town 3"), 2 + levels["size"].index("m"))
    other = dict(zip(names, matrix[1].tolist(), strict=True))
    assert (other["seconds"], other["town"]) == (5.0, 1.0)
    missing = {name for name, value in other.items() if np.isnan(value)}
    assert missing == set(names) - {"seconds", "town"}


def test_the_graph_computes_the_same_columns_to_the_last_bit(wild: Dataset, wild_trees: FittedTrees) -> None:
    data = TrainingData(wild)
    feeds = hostile_feeds(
        [Tree.of(block) for block in wild_trees.blocks], data.transform, data.feeds("validation"), 5_000
    )
    writer = GraphWriter("pre:")
    raw = raw_inputs(data.signature.inputs)
    columns = write_columns(writer, data.transform, raw[0].name)
    output = helper.make_tensor_value_info(columns, onnx.TensorProto.DOUBLE, ["rows", None])
    graph = helper.make_graph(writer.nodes, "columns", raw, [output], writer.constants)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 5)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    (given,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, feeds)
    expected = feature_matrix(data.transform, feeds)
    texts = np.arange(expected.shape[1]) >= expected.shape[1] - len(categories(data.transform))
    assert np.isnan(expected).any(axis=0).sum() >= 8
    np.testing.assert_array_equal(given, np.where(texts & np.isnan(expected), 0.0, expected))
    assert any(Part.TREND in feature.parts for feature in data.transform.datetimes)

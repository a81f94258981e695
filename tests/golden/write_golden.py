"""Write a tiny sealed dataset and a tiny sealed bundle of today's formats into a new folder."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import TensorProto, helper, numpy_helper

from sevenfold.contracts.bundle import BUNDLE_FILES, LINEAR, BundleInfo
from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.dataset import DATASET_FILES
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.refinement import Refinement
from sevenfold.contracts.schema import Column, Kind, Notation, Role, Schema, Task
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.threshold import ThresholdChoice
from sevenfold.contracts.transform import CategoryFeature, DatetimeFeature, NumberFeature, Part, Target, Transform
from sevenfold.contracts.versioned import write_versioned
from sevenfold.drift.bins import build_reference, with_prediction
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.encode import encode
from sevenfold.training.export.graph import preprocessing_graph
from sevenfold.training.export.join import join_graphs, model_bytes, with_threshold
from sevenfold.training.linear.fit import LinearModel
from sevenfold.training.linear.graph import linear_bytes

SPLITS = {"train": (0, 24), "validation": (24, 28), "test": (28, 34), "later": (34, 36)}
FILES = {  # one split of each kind: of several files, and of one
    "train-00001.parquet": (0, 10),
    "train-00002.parquet": (10, 20),
    "train-00003.parquet": (20, 24),
    **{f"{split}.parquet": rows for split, rows in SPLITS.items() if split != "train"},
}
CLASSES = ("on time", "late")
THRESHOLD = 0.75  # from which the model says late
RECIPE = Refinement(
    digest="sha256:2",
    columns=("late", "distance", "seats", "wide", "Carrier", "airport", "owner", "due", "tail"),
    steps=(
        {
            "op": "core/text-transform",
            "columnName": "Carrier",
            "expression": "value.trim()",
            "onError": "keep-original",
            "engineConfig": {"mode": "row-based", "facets": []},
        },
        {"op": "core/column-rename", "oldColumnName": "Carrier", "newColumnName": "carrier"},
    ),
    sources={"carrier": ("Carrier",)},
    passed={name: name for name in ("distance", "seats", "wide", "airport", "owner", "due")},
    examples={"Carrier": " UA "},
    removing=("step 2 (core/row-removal)",),
)
SCHEMA = Schema(
    task=Task.BINARY,
    target="late",
    classes=CLASSES,
    columns={
        "late": Column(kind=Kind.CATEGORY, role=Role.TARGET, nullable=False),
        "distance": Column(kind=Kind.NUMBER, unit="miles", range=(0.0, 5_000.0)),
        "seats": Column(kind=Kind.INTEGER),
        "wide": Column(kind=Kind.BOOLEAN, true_values=("Y",), false_values=("N",)),
        "carrier": Column(kind=Kind.CATEGORY, note="two letters"),
        "airport": Column(kind=Kind.CATEGORY),
        "owner": Column(kind=Kind.CATEGORY, sensitive=True),
        "due": Column(kind=Kind.DATETIME, role=Role.TIME, also_feature=True, parts=tuple(Part)),
        "tail": Column(kind=Kind.CATEGORY, role=Role.IDENTIFIER),
    },
    notation=Notation(decimal=",", thousands=".", missing=("", "?", "-999")),
    merged_classes={"late": ("late", "cancelled")},
    left_out_classes=("diverted",),
    refinement=RECIPE,
)
TRANSFORM = Transform(
    features=(
        NumberFeature(name="distance", fill=900.0, center=1_000.0, scale=500.0, indicator=True),
        NumberFeature(name="seats", kind=Kind.INTEGER, fill=150.0, center=160.0, scale=40.0),
        NumberFeature(name="wide", kind=Kind.BOOLEAN, fill=0.0, clip=None),
        CategoryFeature(name="carrier", levels=("UA", "B6")),
        CategoryFeature(name="airport", encoding="onehot", levels=("Málaga",)),
        CategoryFeature(name="owner", levels=("someone",)),
        DatetimeFeature(
            name="due",
            parts=tuple(Part),
            changes=(0, 500_000_000_000),
            offsets=(3_600_000_000, 7_200_000_000, -16_200_000_000),
            center=0.0,
            scale=365.0,
            indicator=True,
        ),
    ),
    target=Target(classes=CLASSES),
)


def make_table() -> pa.Table:
    count = SPLITS["later"][1]
    start = datetime(1969, 12, 20, 6, 30, tzinfo=UTC)
    rows = range(count)
    return pa.table(
        {
            "late": pa.array([CLASSES[row % 3 == 0] for row in rows]),
            "distance": pa.array([None if row % 5 == 0 else 100.5 * row for row in rows], pa.float64()),
            "seats": pa.array([None if row % 7 == 0 else 100 + row for row in rows], pa.int64()),
            "wide": pa.array([None if row % 11 == 0 else row % 2 == 0 for row in rows], pa.bool_()),
            "carrier": pa.array([("UA", "B6", None, "ZZ")[row % 4] for row in rows], pa.string()),
            "airport": pa.array([("Málaga", "Oslo")[row % 2] for row in rows], pa.string()),
            "owner": pa.array([("someone", None)[row % 2] for row in rows], pa.string()),
            "due": pa.array(
                [None if row % 9 == 0 else start + timedelta(hours=13 * row) for row in rows],
                pa.timestamp("us", "UTC"),
            ),
            "tail": pa.array([f"N{row}" for row in rows]),
        }
    )


def make_network() -> onnx.ModelProto:
    numeric, codes = len(TRANSFORM.numeric_names), TRANSFORM.cardinalities[0]
    weights = (np.arange(numeric * 2).reshape(numeric, 2) % 5 - 2.0).astype(np.float32) / 4
    table = (np.arange(codes * 2).reshape(codes, 2) % 3 - 1.0).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["numeric", "weights"], ["weighed"]),
            helper.make_node("Gather", ["categorical", "first"], ["codes"], axis=1),
            helper.make_node("Gather", ["table", "codes"], ["looked_up"], axis=0),
            helper.make_node("Add", ["weighed", "looked_up"], ["logits"]),
        ],
        "network",
        [
            helper.make_tensor_value_info("numeric", TensorProto.FLOAT, ["rows", numeric]),
            helper.make_tensor_value_info("categorical", TensorProto.INT64, ["rows", len(TRANSFORM.embedded)]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["rows", 2])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(table, "table"),
            numpy_helper.from_array(np.array(0), "first"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def make_linear() -> LinearModel:
    numeric, codes = len(TRANSFORM.numeric_names), sum(TRANSFORM.cardinalities)
    weights = (np.arange(numeric * 2).reshape(numeric, 2) % 7 - 3.0).astype(np.float32) / 8
    return LinearModel(
        center=np.zeros(numeric, np.float32),
        scale=np.ones(numeric, np.float32),
        weights=weights,
        levels=(np.arange(codes * 2).reshape(codes, 2) % 3 - 1.0).astype(np.float32),
        bias=np.array([0.0, 0.25], np.float32),
        columns=tuple(range(len(TRANSFORM.embedded))),
        starts=(0, TRANSFORM.cardinalities[0]),
        rows=24,
    )


def write_dataset(folder: Path, table: pa.Table) -> str:
    folder.mkdir(parents=True)
    rows = {}
    for name, (first, last) in FILES.items():
        pq.write_table(table[first:last], folder / name)
        rows[name] = last - first
    refused = pa.table({"row": pa.array([7]), "column": pa.array(["seats"]), "code": pa.array(["not_a_number"])})
    pq.write_table(refused, folder / "quarantine.parquet")
    write_versioned(folder / "schema.json", SCHEMA)
    write_versioned(folder / "transform.json", TRANSFORM)
    write_versioned(folder / "reference.json", build_reference(table[slice(*SPLITS["train"])], SCHEMA))
    return seal(folder, expected=[*DATASET_FILES, *rows], rows={**rows, "quarantine.parquet": 1})


def write_bundle(folder: Path, table: pa.Table, dataset: str) -> Scorer:
    folder.mkdir(parents=True)
    signature = Signature.of(SCHEMA, SCHEMA.features)
    joined = join_graphs(preprocessing_graph(TRANSFORM, signature.inputs), make_network(), TRANSFORM)
    (folder / "model.onnx").write_bytes(with_threshold(model_bytes(joined), THRESHOLD))
    (folder / LINEAR).write_bytes(linear_bytes(make_linear(), TRANSFORM, signature.inputs))
    scorer = Scorer(folder / "model.onnx", signature)
    # as often as it takes to tell that predictions moved
    rows = pa.concat_tables([table[slice(*SPLITS["validation"])]] * 100)
    validation = scorer.predict(feeds_from_table(rows, signature.inputs))
    reference = build_reference(table[slice(*SPLITS["train"])], SCHEMA)
    write_versioned(folder / "reference.json", with_prediction(reference, signature, validation))
    info = BundleInfo(
        name="golden",
        framework="pytorch",
        package_version="0.1.0",
        signature=signature,
        settings={"learning_rate": 0.001, "layers": [8, 4]},
        metrics={"roc_auc": 0.5},
        digests={"data": "sha256:0", "dataset": dataset, "plan": "sha256:1"},
        threshold=THRESHOLD,
        threshold_choice=ThresholdChoice(by="f1", sentence="Chosen by f1.", score=0.5, calibrated=0.25, rows=4),
    )
    write_versioned(folder / "bundle.json", info)
    example = {
        "distance": 1.5,
        "seats": 100,
        "wide": True,
        "Carrier": " UA ",
        "airport": "Oslo",
        "owner": "",
        "due": None,
    }
    write_json(folder / "example_request.json", {"instances": [example]})
    seal(folder, expected=BUNDLE_FILES)
    return scorer


def write_golden(folder: Path) -> None:
    """Write `dataset`, `bundle` and `expected.json`; the folder must be new."""
    folder.mkdir()
    table = make_table()
    scorer = write_bundle(folder / "bundle", table, write_dataset(folder / "dataset", table))
    feeds = feeds_from_table(table[slice(*SPLITS["test"])], scorer.signature.inputs)
    encoded, prediction = encode(TRANSFORM, feeds), scorer.predict(feeds)
    assert prediction.labels is not None
    assert prediction.probabilities is not None
    plain = Scorer(folder / "bundle" / LINEAR, scorer.signature).predict(feeds)
    assert plain.probabilities is not None
    expected = {
        "numeric": encoded.numeric.tolist(),
        "categorical": encoded.categorical.tolist(),
        "labels": prediction.labels.tolist(),
        "probabilities": prediction.probabilities.tolist(),
        "linear": plain.probabilities.tolist(),
    }
    write_json(folder / "expected.json", expected)


if __name__ == "__main__":
    write_golden(Path(sys.argv[1]))

"""Datasets drawn from a known law, and bundles whose model.onnx is that law or a blunt copy of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sealed_folders import info_of

from sevenfold.contracts.bundle import BUNDLE_FILES, Bundle
from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.dataset import DATASET_FILES, Dataset
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.schema import Column, Kind, Role, Schema, Task
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.threshold import as_stored

CLASSES = {Task.BINARY: ("no", "yes"), Task.MULTICLASS: ("red", "green", "blue"), Task.REGRESSION: ()}
INPUTS = {
    "x": Column(kind=Kind.NUMBER),
    "kind": Column(kind=Kind.CATEGORY),
    "at": Column(kind=Kind.DATETIME),
}
SHIFT = {"a": 1.0, "b": -1.0}  # what the category adds

MakeBundle = Callable[..., Bundle]
MakeDataset = Callable[..., Dataset]


def law(x: np.ndarray, kind: np.ndarray) -> np.ndarray:
    return 2 * np.nan_to_num(x) + np.array([SHIFT.get(value or "", 0.0) for value in kind])


def table(task: Task, rows: int, seed: int, *, classes: tuple[str, ...] = ()) -> pa.Table:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    x[rng.random(rows) < 0.05] = np.nan
    kind = np.array(rng.choice(["a", "b", "c", None], rows, p=[0.4, 0.3, 0.2, 0.1]), dtype=object)
    z = law(x, kind)
    names = np.array(classes or CLASSES[task], dtype=object)
    if task is Task.BINARY:
        target: Any = names[(rng.random(rows) < 1 / (1 + np.exp(-z))).astype(int)]
    elif task is Task.MULTICLASS:
        odds = np.exp(np.stack([z, -z, np.zeros(rows)], axis=1))
        chance = (odds / odds.sum(axis=1, keepdims=True)).cumsum(axis=1)
        target = names[(rng.random(rows)[:, None] > chance).sum(axis=1).clip(0, 2)]
    else:
        target = 10 * z + rng.normal(size=rows) * 5 + 100
    moments = rng.integers(1_600_000_000, 1_700_000_000, rows) * 1_000_000
    return pa.table(
        {
            "x": pa.array(x, from_pandas=True),
            "kind": pa.array(kind, pa.string()),
            "at": pa.array(moments, pa.timestamp("us", tz="UTC")),
            "y": target,
            "region": pa.array(rng.choice(["north", "south"], rows)),
            "secret": pa.array(rng.choice(["alice", "bob"], rows)),
        }
    )


@pytest.fixture
def make_dataset(tmp_path: Path) -> MakeDataset:
    def make(
        task: Task = Task.BINARY,
        rows: int = 2_000,
        *,
        seed: int = 0,
        sensitive_target: bool = False,
        name: str = "dataset",
        change: Callable[[str, pa.Table], pa.Table] = lambda split, rows: rows,
    ) -> Dataset:
        folder = tmp_path / name
        folder.mkdir()
        counts = {"train": rows, "validation": rows // 4, "test": rows}
        for i, (split, count) in enumerate(counts.items()):
            pq.write_table(change(split, table(task, count, seed * 10 + i)), folder / f"{split}.parquet")
        kind = Kind.NUMBER if task is Task.REGRESSION else Kind.CATEGORY
        schema = Schema(
            task=task,
            target="y",
            classes=CLASSES[task],
            columns={
                **INPUTS,
                "y": Column(kind=kind, role=Role.TARGET, sensitive=sensitive_target),
                "region": Column(kind=Kind.CATEGORY, role=Role.GROUP),
                "secret": Column(kind=Kind.CATEGORY, role=Role.GROUP, sensitive=True),
            },
        )
        write_json(folder / "schema.json", schema.model_dump(mode="json"))
        for file in ("transform.json", "reference.json", "quarantine.parquet"):
            (folder / file).write_text("{}")
        seal(folder, expected=DATASET_FILES, rows={f"{k}.parquet": v for k, v in counts.items()})
        return Dataset.open(folder)

    return make


@pytest.fixture
def make_bundle(tmp_path: Path) -> MakeBundle:
    def make(
        task: Task = Task.BINARY,
        *,
        slope: float = 2.0,
        name: str = "bundle",
        classes: tuple[str, ...] = (),
        threshold: float = 0.5,
        digests: dict[str, str] | None = None,
    ) -> Bundle:
        from onnx import save

        folder = tmp_path / name
        folder.mkdir()
        names = classes or CLASSES[task]
        save(_law_model(task, slope, names), folder / "model.onnx")
        signature = Signature(task=task, target="y", classes=names, inputs=INPUTS)
        info = info_of(signature, "demo", threshold=as_stored(threshold)).model_copy(update={"digests": digests or {}})
        write_json(folder / "bundle.json", info.model_dump(mode="json"))
        for file in ("reference.json", "example_request.json"):
            (folder / file).write_text("{}")
        seal(folder, expected=BUNDLE_FILES)
        return Bundle.open(folder)

    return make


def _law_model(task: Task, slope: float, classes: tuple[str, ...]) -> Any:
    """z = slope · x + shift of the kind, then sigmoid, softmax of (z, −z, 0), or 10 z + 100."""
    from onnx import TensorProto, helper, numpy_helper

    def constant(name: str, values: Any, dtype: Any = np.float64) -> Any:
        return numpy_helper.from_array(np.array(values, dtype=dtype), name)

    def node(op: str, inputs: list[str], outputs: list[str], **more: Any) -> Any:
        return helper.make_node(op, inputs, outputs, **more)

    values = [constant("zero", 0.0), constant("slope", slope)]
    nodes = [
        node("IsNaN", ["x"], ["hole"]),
        node("Where", ["hole", "zero", "x"], ["filled"]),
        node("Mul", ["filled", "slope"], ["scaled"]),
        helper.make_node(
            "LabelEncoder",
            ["kind"],
            ["shift32"],
            domain="ai.onnx.ml",
            keys_strings=list(SHIFT),
            values_floats=list(SHIFT.values()),
            default_float=0.0,
        ),
        node("Cast", ["shift32"], ["shift"], to=TensorProto.DOUBLE),
        node("Add", ["scaled", "shift"], ["z"]),
    ]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.DOUBLE, ["rows"]),
        helper.make_tensor_value_info("kind", TensorProto.STRING, ["rows"]),
        helper.make_tensor_value_info("at", TensorProto.INT64, ["rows"]),
        helper.make_tensor_value_info("at:missing", TensorProto.BOOL, ["rows"]),
    ]
    if task is Task.REGRESSION:
        values += [constant("ten", 10.0), constant("hundred", 100.0)]
        nodes += [node("Mul", ["z", "ten"], ["tens"]), node("Add", ["tens", "hundred"], ["value"])]
        outputs = [helper.make_tensor_value_info("value", TensorProto.DOUBLE, ["rows"])]
    else:
        values += [constant("one", [1], np.int64), constant("half", 0.5), constant("minus", -1.0)]
        if task is Task.BINARY:  # softmax of (-z/2, z/2) is the sigmoid of z
            nodes += [
                node("Mul", ["z", "half"], ["up"]),
                node("Mul", ["up", "minus"], ["down"]),
                node("Unsqueeze", ["down", "one"], ["l0"]),
                node("Unsqueeze", ["up", "one"], ["l1"]),
                node("Concat", ["l0", "l1"], ["logits"], axis=1),
            ]
        else:
            nodes += [
                node("Mul", ["z", "minus"], ["down"]),
                node("Mul", ["z", "zero"], ["flat"]),
                node("Unsqueeze", ["z", "one"], ["l0"]),
                node("Unsqueeze", ["down", "one"], ["l1"]),
                node("Unsqueeze", ["flat", "one"], ["l2"]),
                node("Concat", ["l0", "l1", "l2"], ["logits"], axis=1),
            ]
        nodes += [
            node("Softmax", ["logits"], ["shares"], axis=1),
            node("Cast", ["shares"], ["probabilities"], to=TensorProto.FLOAT),
            node("ArgMax", ["probabilities"], ["index"], axis=1, keepdims=0),
            helper.make_node(
                "LabelEncoder",
                ["index"],
                ["label"],
                domain="ai.onnx.ml",
                keys_int64s=list(range(len(classes))),
                values_strings=list(classes),
            ),
        ]
        outputs = [
            helper.make_tensor_value_info("label", TensorProto.STRING, ["rows"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", len(classes)]),
        ]
    graph = helper.make_graph(nodes, "law", inputs, outputs, values)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)

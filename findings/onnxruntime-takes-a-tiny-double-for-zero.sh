#!/usr/bin/env bash
# ONNX Runtime 1.32 shares constants of equal value between nodes when it optimises a graph. A double constant that
# float32 would round to 0 counts as equal to a double constant 0.0 that comes before it, so the graph computes with 0.0
# instead; in the other order both keep their values, and so do both without optimisation.
# Seen with onnxruntime 1.32.0 and onnx 1.23.2 on Python 3.11, for x = 0 in ((x - first) - second) * 2:
# first 0.0, second 5e-49: -1e-48 without optimisation, 0.0 with it; first 5e-49, second 0.0: -1e-48 both times.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper


def result(first: float, second: float, level: ort.GraphOptimizationLevel) -> float:
    nodes = [
        helper.make_node("Sub", ["x", "first"], ["between"]),
        helper.make_node("Sub", ["between", "second"], ["difference"]),
        helper.make_node("Mul", ["difference", "two"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["rows"]) for name in ("x", "y")]
    values = {"first": first, "second": second, "two": 2.0}
    constants = [numpy_helper.from_array(np.array(value), name) for name, value in values.items()]
    graph = helper.make_graph(nodes, "difference", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return float(session.run(None, {"x": np.array([0.0])})[0][0])


levels = (ort.GraphOptimizationLevel.ORT_DISABLE_ALL, ort.GraphOptimizationLevel.ORT_ENABLE_ALL)
seen = {pair: [result(*pair, level) for level in levels] for pair in ((0.0, 5e-49), (5e-49, 0.0))}
for (first, second), values in seen.items():
    print(f"((0 - {first}) - {second}) * 2: {values[0]} without optimisation, {values[1]} with it")
assert seen[0.0, 5e-49] == [-1e-48, 0.0], "the tiny constant now keeps its value"
assert seen[5e-49, 0.0] == [-1e-48, -1e-48], "the other order changed"
PY

#!/usr/bin/env bash
# ONNX Runtime 1.32 joins Transpose and MatMul into one node when it optimises a graph. Where the second factor is a
# vector, as ONNX's MatMul allows, the joined node gives other numbers than the two nodes do.
# Seen with onnxruntime 1.32.0 and onnx 1.23.2 on Python 3.11, for the 3 x 4 matrix of 1 to 12, transposed, times
# [1, 10, 100]: 951, 1062, 1173, 1284 without optimisation, and with it other numbers in every row. With the vector as a
# 3 x 1 matrix both agree.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

matrix = np.arange(1, 13, dtype=np.float32).reshape(3, 4)
factor = np.array([1, 10, 100], dtype=np.float32)


def product(shape: tuple[int, ...], level: ort.GraphOptimizationLevel) -> list[float]:
    nodes = [
        helper.make_node("Transpose", ["x"], ["turned"], perm=[1, 0]),
        helper.make_node("MatMul", ["turned", "factor"], ["y"]),
    ]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [3, "rows"])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    constant = numpy_helper.from_array(factor.reshape(shape), "factor")
    graph = helper.make_graph(nodes, "product", [given], [result], [constant])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": matrix})[0].reshape(-1).tolist()


plain, optimised = ort.GraphOptimizationLevel.ORT_DISABLE_ALL, ort.GraphOptimizationLevel.ORT_ENABLE_ALL
exact = (matrix.T @ factor).tolist()
seen = {shape: [product(shape, level) for level in (plain, optimised)] for shape in ((3,), (3, 1))}
for shape, values in seen.items():
    print(f"factor of shape {shape}: {values[0]} without optimisation, {values[1]} with it; exact {exact}")
assert seen[(3,)][0] == exact and seen[(3, 1)] == [exact, exact], "a product that was right is not"
assert seen[(3,)][1] != exact, "the optimised product is right now"
PY

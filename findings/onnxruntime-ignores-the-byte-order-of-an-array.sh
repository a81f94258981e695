#!/usr/bin/env bash
# ONNX Runtime takes a NumPy array's memory for the machine's own byte order, whatever the array's dtype says. An array
# of dtype >f8, as FITS, netCDF and other scientific files are read, is accepted as double, and the model computes with
# other numbers, without an error. NumPy, Polars and LightGBM read the same array rightly; pyarrow refuses it.
# Seen with onnxruntime 1.32.0, onnx 1.23.2 and numpy 2.4.6 on Python 3.11, on a little-endian machine: of [1.0, 2.5] a
# model that changes nothing makes [3.04e-319, 5.38e-321].
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

ends = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["rows"]) for name in "xy"]
graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "same", ends[:1], ends[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
session = onnxruntime.InferenceSession(model.SerializeToString())
other = ">f8" if sys.byteorder == "little" else "<f8"
values = np.array([1.0, 2.5])
swapped = values.astype(other)
assert np.array_equal(values, swapped), "NumPy itself takes both for the same numbers"
(own,), (given,) = (session.run(None, {"x": array}) for array in (values, swapped))
print(f"the machine's own order: {own}; {other}: {given}")
assert np.array_equal(own, values)
assert not np.array_equal(given, values), "the byte order is heeded now"
assert np.array_equal(given, swapped.view("=f8")), "it is neither the array nor its bytes"
PY

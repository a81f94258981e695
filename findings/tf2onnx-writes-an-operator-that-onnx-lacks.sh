#!/usr/bin/env bash
# tf2onnx 1.17 converts a Keras network with GELU, Keras' own default form of it, without an error, and writes a node
# `Erfc` into the standard domain, where ONNX has `Erf` alone: neither the checker nor ONNX Runtime takes the file.
# Keras writes GELU with `erfc`; the approximation by tanh, and a GELU written with `erf`, convert well.
# Seen with tf2onnx 1.17.0, TensorFlow 2.21.0, Keras 3.15.1, onnx 1.23.2 and onnxruntime 1.32.0 on Python 3.11.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check tf2onnx==1.17.0 tensorflow-cpu==2.21.0 \
  keras==3.15.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 protobuf==6.33.6
TF_CPP_MIN_LOG_LEVEL=3 "$work/venv/bin/python" - 2>"$work/log" <<'PY' || { cat "$work/log" >&2; exit 1; }
import keras
import numpy as np
import onnx
import onnxruntime as ort
import tensorflow as tf
import tf2onnx

rows = np.linspace(-3, 3, 12, dtype=np.float32).reshape(4, 3)


def with_erf(x):
    return 0.5 * x * (1 + tf.math.erf(x / np.float32(np.sqrt(2))))


def converted(activation):
    """Return the operators of the converted network, and its largest difference, or what ONNX Runtime says."""
    network = keras.Sequential([keras.Input((3,)), keras.layers.Activation(activation)])
    function = tf.function(network, input_signature=[tf.TensorSpec((None, 3), tf.float32)])
    model, _ = tf2onnx.convert.from_function(function, input_signature=function.input_signature, opset=18)
    operators = {node.op_type for node in model.graph.node if not node.domain}
    try:
        session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    except Exception as error:  # its own kinds of error have no common base
        return operators, str(error).splitlines()[0]
    return operators, float(np.abs(session.run(None, {session.get_inputs()[0].name: rows})[0] - network(rows)).max())


operators, outcome = converted("gelu")
print(f"gelu: {sorted(operators)}; ONNX Runtime: {outcome}")
assert not onnx.defs.has("Erfc"), "ONNX has the operator now"
assert "Erfc" in operators and isinstance(outcome, str), "it is converted to what ONNX has now"
for name, activation in (("tanh", lambda x: keras.activations.gelu(x, approximate=True)), ("erf", with_erf)):
    operators, outcome = converted(activation)
    print(f"gelu by {name}: largest difference {outcome:.2g}")
    assert outcome < 1e-5
PY

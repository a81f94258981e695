#!/usr/bin/env bash
# skl2onnx 1.20 converts scikit-learn's HistGradientBoostingClassifier with categorical features without an error or a
# warning that says so, and the file is another model: a split by a set of categories becomes a comparison of numbers.
# Seen with skl2onnx 1.20.0, scikit-learn 1.9.1, onnxruntime 1.32.0 and protobuf 6.33.6 on Python 3.11: on 1,000 rows
# with one column of 12 categories that decide the class, probabilities differ by more than 0.9, and by less than 1e-5
# where the same column is declared a number.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check skl2onnx==1.20.0 scikit-learn==1.9.1 \
  onnxruntime==1.32.0 onnx==1.23.2 protobuf==6.33.6 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import warnings

import numpy as np
import onnxruntime as ort
from skl2onnx import to_onnx
from sklearn.ensemble import HistGradientBoostingClassifier

warnings.simplefilter("ignore")  # of protobuf, on the type of an attribute
random = np.random.default_rng(7)
rows = random.integers(0, 12, (1_000, 1)).astype(np.float32)
classes = np.isin(rows[:, 0], [1, 4, 5, 9, 11]).astype(int)


def difference(categorical: list[bool] | None) -> float:
    model = HistGradientBoostingClassifier(categorical_features=categorical, random_state=7).fit(rows, classes)
    converted = to_onnx(model, rows[:1], options={"zipmap": False}).SerializeToString()
    session = ort.InferenceSession(converted, providers=["CPUExecutionProvider"])
    predicted = session.run(None, {session.get_inputs()[0].name: rows})[1]
    return float(np.abs(predicted - model.predict_proba(rows)).max())


as_category, as_number = difference([True]), difference(None)
print(f"largest difference of a probability: {as_category:.3g} with a category, {as_number:.3g} with a number")
assert as_category > 0.9, "categories are converted, or refused, now"
assert as_number < 1e-5, "numbers were right and are not"
PY

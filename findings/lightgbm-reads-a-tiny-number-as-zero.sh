#!/usr/bin/env bash
# LightGBM 4.7 treats every number whose size is at most 1e-35, as float32, as zero when it predicts, although a model
# can hold a threshold of just that size: the first bound of a bin around zero. A value between 0 and that threshold is
# compared as 0, so a reader of the model's text who compares the value itself sends it to the other side.
# Seen with lightgbm 4.7.0 on Python 3.11: a model of one split, at -1.0000000180025095e-35, that sends -1e-35 to the
# side of zero, although -1e-35 is less than zero and every other number below zero goes to the other side.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check lightgbm==4.7.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import lightgbm
import numpy as np

values = np.concatenate([np.linspace(-1, -0.01, 200), np.zeros(200)])
params = {"objective": "regression", "num_leaves": 2, "min_data_in_leaf": 1, "verbosity": -1, "num_threads": 1}
model = lightgbm.train(params, lightgbm.Dataset(values[:, None], (values < 0).astype(float)), num_boost_round=1)
split = model.dump_model()["tree_info"][0]["tree_structure"]
threshold = split["threshold"]
asked = np.array([-0.5, -1.1e-35, -1e-35, -1e-38, 0.0])
below = model.predict([[-0.5]])[0]
sides = ["below" if predicted == below else "zero" for predicted in model.predict(asked[:, None])]
print(f"threshold {threshold!r}, {split['decision_type']}: " + ", ".join(map("{!r} {}".format, asked.tolist(), sides)))
assert threshold == -1.0000000180025095e-35 and split["decision_type"] == "<=", "the model has another split"
assert sides == ["below", "below", "zero", "zero", "zero"], "small numbers go elsewhere now"
PY

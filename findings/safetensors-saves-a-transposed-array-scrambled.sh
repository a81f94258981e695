#!/usr/bin/env bash
# safetensors.numpy.save writes the memory of an array, and not the array. The memory of a transposed one, of one that
# scikit-learn or LAPACK left in Fortran's order, or of every second column, holds the numbers in another order: the
# file has the right shape and type and the wrong numbers, without an error. Release 0.7.0 saved a transposed array and
# every second column rightly, and safetensors.torch refuses such tensors. np.ascontiguousarray before saving avoids it.
# Seen with safetensors 0.8.0 and numpy 2.4.6 on Python 3.11: [[0, 3], [1, 4], [2, 5]], as a transposed array, comes
# back as [[0, 1], [2, 3], [4, 5]].
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check safetensors==0.8.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import numpy as np
from safetensors.numpy import load, save

table = np.arange(6.0).reshape(2, 3)
arrays = {
    "as it was made": table,
    "transposed": table.T,
    "in Fortran's order": np.asfortranarray(table),
    "every second column": np.arange(12.0).reshape(2, 6)[:, ::2],
}
back = load(save(arrays))
same = {name: np.array_equal(back[name], array) for name, array in arrays.items()}
for name, array in arrays.items():
    print(f"{name}: {array.tolist()} comes back as {back[name].tolist()}")
assert all(back[name].shape == array.shape for name, array in arrays.items())
assert same == {name: name == "as it was made" for name in arrays}, same
PY

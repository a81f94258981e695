"""The same fit in another process gives the same bytes, also where that process fitted something else before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from sevenfold.contracts.dataset import Dataset

FITS = """
import hashlib, json, sys
from pathlib import Path
from sevenfold.contracts.dataset import Dataset
from sevenfold.plan.training import TrainingSection
from sevenfold.training.data import TrainingData
from sevenfold.training.tensorflow.kind import KerasKind
from sevenfold.training.tensorflow.model import Model

data, digests = TrainingData(Dataset.open(Path(sys.argv[1]))), {}
for name, source in [("own", sys.argv[2]), ("built in", "")] * int(sys.argv[3]):
    section = TrainingSection(max_epochs=1, batch_size=128, source=source)
    kind = KerasKind(Model.of(section))
    fitted = kind.fit(kind.encode(data), section, "roc_auc")
    for file, content in {"model.onnx": fitted.onnx_bytes(data), **fitted.files(data, 0.4)}.items():
        digests[f"{name} {file}"] = hashlib.sha256(content).hexdigest()
print(json.dumps(digests))
"""
OWN = """
import keras
from keras import layers

def build_model(signature):
    categorical = keras.Input((len(signature.categorical),), dtype="int64", name="categorical")
    numeric = keras.Input((len(signature.numeric),), name="numeric")
    codes = layers.Flatten()(layers.Embedding(max(signature.cardinalities), 3)(categorical))
    hidden = layers.Dense(8, activation="gelu")(layers.Concatenate()([numeric, codes]))
    hidden = layers.LayerNormalization()(layers.BatchNormalization()(hidden))
    return keras.Model([categorical, numeric], layers.Dense(signature.outputs)(layers.Dropout(0.2)(hidden)))
"""


@pytest.mark.slow
def test_two_processes_write_the_same_bytes(mixed: Dataset, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN)

    def digests(times: int, hashes: str) -> dict[str, str]:
        command = [sys.executable, "-c", FITS, str(mixed.folder), str(tmp_path / "own.py"), str(times)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONHASHSEED": hashes}
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stderr == "", "TensorFlow and Keras say nothing"
        return dict(json.loads(done.stdout))

    first = digests(1, "1")
    assert len(first) == 10
    assert first == digests(2, "2")
    assert sha256(b"").hexdigest() not in first.values()

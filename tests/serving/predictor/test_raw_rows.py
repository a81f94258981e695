"""A predictor of a bundle with a recipe: what it needs to be installed, and what it reads of a raw row."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pytest

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.errors import MissingExtraError
from sevenfold.scoring.raw_rows import RawRows
from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.predictor.model import ServedModel
from sevenfold.serving.predictor.refusal import Refusal
from sevenfold.serving.predictor.v1 import read_v1
from sevenfold.serving.predictor.v2 import metadata, read_v2

GOLDEN = Path(__file__).parents[2] / "golden"
BUNDLE = GOLDEN / "5" / "bundle"
ALONE = """
import sys
for name in ("polars", "pyarrow", "torch", "pandas", "onnx", "rapidfuzz"):
    sys.modules[name] = None
from pathlib import Path
from sevenfold.serving.predictor.model import ServedModel
from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.predictor.refusal import Refusal
from sevenfold.serving.predictor.v1 import read_v1
model = ServedModel.load(Path(sys.argv[1]))
request = read_v1(b'{"instances": [{"Carrier": " UA ", "distance": 1.5}]}', model, Limits())
print(request.feeds["carrier"].tolist())
"""


@pytest.fixture(scope="module")
def model() -> ServedModel:
    return ServedModel.load(BUNDLE)


def test_a_recipe_is_served_without_the_libraries_of_tables() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE, str(BUNDLE)], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["['UA']"], done.stderr


def test_a_predictor_without_regex_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sevenfold.refine.row_refiner", None)
    with pytest.raises(MissingExtraError, match="serve"):
        RawRows(Bundle.open(BUNDLE).signature)


def test_a_bundle_without_a_recipe_takes_any_header_and_says_nothing_of_rows() -> None:
    plain = ServedModel.load(GOLDEN / "4" / "bundle")
    assert plain.raw is None
    assert "rows" not in metadata(plain)["parameters"]
    assert plain.request_inputs == plain.signature.inputs


def test_missing_dates_are_flagged_under_the_raw_name(model: ServedModel) -> None:
    tensors = [
        {"name": "due", "shape": [2], "datatype": "INT64", "data": [5, 7]},
        {"name": "due:missing", "shape": [2], "datatype": "BOOL", "data": [False, True]},
        {"name": "Carrier", "shape": [2], "datatype": "BYTES", "data": ["B6 ", " UA"]},
    ]
    request = read_v2(orjson.dumps({"inputs": tensors}), None, model, Limits())
    assert request.feeds["due"].tolist() == [5, 0]
    assert request.feeds["due:missing"].tolist() == [False, True]
    assert request.feeds["carrier"].tolist() == ["B6", "UA"]


def test_a_refined_name_is_refused_in_a_raw_row_and_known_in_a_refined_one(model: ServedModel) -> None:
    body = orjson.dumps({"instances": [{"carrier": "UA", "seats": 100}]})
    with pytest.raises(Refusal) as refusal:
        read_v1(body, model, Limits())
    assert (refusal.value.status, refusal.value.code, refusal.value.field) == (422, "refined_field", "carrier")
    refined = read_v1(body, model, Limits(), refined=True)
    assert (refined.extra, refined.feeds["carrier"].tolist()) == (0, ["UA"])


def test_a_number_that_no_step_reads_is_read_as_without_a_recipe(model: ServedModel) -> None:
    body = b'{"instances": [{"Carrier": "UA", "distance": 1e3, "seats": 7}, {"distance": 18014398509481984.0}]}'
    request = read_v1(body, model, Limits())
    np.testing.assert_array_equal(request.feeds["distance"], [1000.0, 2.0**54])

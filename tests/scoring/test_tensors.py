"""V2 tensors: what is encoded comes back, and what contradicts itself is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sevenfold.contracts.errors import InputError
from sevenfold.scoring.tensors import DATATYPES, decode_tensors, encode_tensors

shapes = hnp.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=5)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
arrays = st.one_of(
    hnp.arrays(st.sampled_from([np.dtype(d) for n, d in DATATYPES.items() if n != "BYTES"]), shapes),
    hnp.arrays(np.dtype(object), shapes, elements=texts),
)


@given(st.dictionaries(st.text("abc:", min_size=1, max_size=4), arrays, max_size=4), st.booleans())
def test_what_is_encoded_comes_back(tensors: dict[str, Any], binary: bool) -> None:
    body, cut = encode_tensors(tensors, key="inputs", head={"id": "7"}, binary=binary)
    header = json.loads(body[:cut])
    assert header["id"] == "7"
    decoded = decode_tensors(header["inputs"], body[cut:] if cut is not None else b"")
    assert list(decoded) == list(tensors)
    for name, array in tensors.items():
        expected = np.asarray(array)
        if not binary and expected.dtype.kind == "f":
            expected = np.where(np.isfinite(expected), expected, np.nan)  # JSON has null for all of these
        np.testing.assert_array_equal(decoded[name], expected)
        assert decoded[name].shape == array.shape


def test_the_bytes_are_those_of_the_protocol() -> None:
    # written by hand from the specification of the binary tensor extension
    body, cut = encode_tensors(
        {"x": np.array([1.0]), "t": np.array(["é", None], dtype=object)}, key="inputs", head={}, binary=True
    )
    assert json.loads(body[:cut])["inputs"] == [
        {"name": "x", "shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": 8}},
        {"name": "t", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": 10}},
    ]
    assert body[cut:] == b"\x00\x00\x00\x00\x00\x00\xf0\x3f" + b"\x02\x00\x00\x00\xc3\xa9" + b"\x00\x00\x00\x00"


@pytest.mark.parametrize(
    ("entry", "raw", "code"),
    [
        ({"shape": [1], "datatype": "BYTES"}, b"\x05\x00\x00\x00abc", "datatype"),
        ({"shape": [1], "datatype": "BYTES"}, b"\x01\x00\x00", "datatype"),
        ({"shape": [1], "datatype": "BYTES"}, b"\x01\x00\x00\x00\xff", "datatype"),
        ({"shape": [1], "datatype": "BOOL"}, b"\x02", "binary"),
        ({"shape": [1], "datatype": "FP64"}, b"1234567", "binary"),
        ({"shape": [2], "datatype": "FP64"}, b"12345678", "shape"),
    ],
)
def test_raw_bytes_that_contradict_are_refused(entry: dict[str, Any], raw: bytes, code: str) -> None:
    tensor = {"name": "x", **entry, "parameters": {"binary_data_size": len(raw)}}
    with pytest.raises(InputError) as caught:
        decode_tensors([tensor], raw)
    assert (caught.value.code, caught.value.field) == (code, "x")


def test_raw_bytes_nobody_claims_are_refused() -> None:
    with pytest.raises(InputError, match="add up to 0, but got 1"):
        decode_tensors([], b"x")


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_any_json_is_read_or_refused(entries: Any) -> None:
    try:
        decode_tensors(entries, b"")
    except InputError as error:
        assert error.code in ("shape", "datatype", "binary", "duplicate_key")

"""Whatever is sent, a real predictor answers with a prediction or a refusal; JSON and binary say the same."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from predictor_requests import JSON, V1, V2, v1_body

from sevenfold.contracts.service import REPLAY_HEADER, REPLAY_VALUE
from sevenfold.scoring.client import InferenceClient
from sevenfold.scoring.tensors import HEADER_LENGTH, encode_tensors


@pytest.fixture(autouse=True)
def _still_serving(server: Any, good_row: dict[str, Any]) -> Any:
    yield
    assert server.predict(v1_body(good_row), JSON)[0] == 200


values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
documents = st.recursive(
    values, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
columns = st.sampled_from(
    ["distance", "air_time", "seats", "international", "carrier", "tail", "departure", "departure:missing", "x"]
)
tensor = st.fixed_dictionaries(
    {},
    optional={
        "name": columns | documents,
        "shape": st.lists(st.integers(-1, 4), max_size=3) | documents,
        "datatype": st.sampled_from(["FP64", "INT64", "BOOL", "BYTES", "FP16", "UINT8"]) | documents,
        "data": st.lists(values, max_size=4) | documents,
        "parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-1, 40)}) | documents,
    },
)
MANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class TestAnything:
    """Whatever is sent, the answer is 200 or a refusal, never a 5xx."""

    def ask(self, server: Any, path: str, body: bytes, headers: dict[str, str]) -> None:
        status, _, answer = server.request("POST", path, body, headers)
        assert status in (200, 400, 413, 415, 422), (status, answer, body)
        json.loads(answer[: int(_.get(HEADER_LENGTH, len(answer)))])

    @MANY
    @given(body=st.binary(max_size=200))
    def test_bytes(self, server: Any, body: bytes) -> None:
        self.ask(server, V1, body, JSON)
        self.ask(server, V2, body, {HEADER_LENGTH: str(len(body) // 2)})

    @MANY
    @given(document=documents)
    def test_documents(self, server: Any, document: Any) -> None:
        body = json.dumps(document).encode()
        self.ask(server, V1, body, JSON)
        self.ask(server, V2, json.dumps({"inputs": document}).encode(), JSON)

    @MANY
    @given(rows=st.lists(st.dictionaries(columns, values), min_size=1, max_size=4))
    def test_rows(self, server: Any, rows: list[dict[str, Any]]) -> None:
        self.ask(server, V1, json.dumps({"instances": rows}).encode(), JSON)

    @MANY
    @given(tensors=st.lists(tensor, max_size=9), raw=st.binary(max_size=80), parameters=documents)
    def test_tensors(self, server: Any, tensors: list[Any], raw: bytes, parameters: Any) -> None:
        header = json.dumps({"inputs": tensors, "parameters": parameters, "outputs": parameters}).encode()
        self.ask(server, V2, header + raw, {HEADER_LENGTH: str(len(header))})


def test_json_and_binary_say_the_same(server: Any, sample: Any) -> None:
    from sevenfold.scoring.feeds import feeds_from_table
    from sevenfold.scoring.scorer import Scorer

    feeds = feeds_from_table(sample.dataset.table("test"), sample.bundle.signature.inputs)
    expected = Scorer(sample.bundle.model_path, sample.bundle.signature).predict(feeds)
    with InferenceClient(server.url, "flights") as client:
        for binary in (True, False):
            outputs = client.infer(feeds, binary=binary, headers={REPLAY_HEADER: REPLAY_VALUE})
            assert outputs["label"].tolist() == expected.labels.tolist()
            np.testing.assert_array_equal(outputs["probabilities"], expected.probabilities)
        assert client.bundle == sample.bundle.digest
        body, length = encode_tensors(feeds, key="inputs", head={}, binary=True)
        status, headers, _ = client.request("POST", V2, body, {HEADER_LENGTH: str(length)})
        assert (status, HEADER_LENGTH in headers) == (200, False)  # raw in, JSON out, unless asked for

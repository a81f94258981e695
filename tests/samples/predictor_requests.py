"""Requests to a predictor that serves the sample bundle of tests/serving, and what a refusal must look like."""

from __future__ import annotations

import json
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from sevenfold.drift.telemetry import Metric

V1 = "/v1/models/flights:predict"
V2 = "/v2/models/flights/infer"
JSON = {"content-type": "application/json"}


def read_metrics(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The value of every series by its name and labels."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def total(server: Any, metric: Metric, **labels: str) -> float:
    """The sum over every series that has the labels."""
    samples = read_metrics(server.request("GET", "/metrics")[2].decode())
    wanted = set(labels.items())
    return sum(value for (name, pairs), value in samples.items() if name == metric.name and wanted <= pairs)


def check_refusal(server: Any, status: int, body: bytes, expected: int, code: str | None = None) -> dict[str, str]:
    assert status == expected, body
    assert len(body) <= 2048
    error = json.loads(body)["error"]
    assert set(error) == {"code", "message", "field"}
    assert code is None or error["code"] == code
    assert "Traceback" not in error["message"]
    assert "/" not in error["message"].replace("application/", "").replace("/v1/models", "").replace("HTTP/1.1", "")
    assert server.process.poll() is None
    return error


def v1_body(row: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({"instances": [{**row, **changes}]}).encode()


def v2_body(row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A V2 JSON request of one row; `changes` replace whole tensors."""
    kinds = {str: "BYTES", float: "FP64", int: "INT64", bool: "BOOL"}
    tensors = {
        name: {"name": name, "shape": [1], "datatype": kinds[type(value)], "data": [value]}
        for name, value in row.items()
    }
    return {"inputs": list({**tensors, **changes}.values())}

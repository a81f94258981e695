"""The OpenAPI document of a live predictor, and hostile requests made of it: the answers are those it lists."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import jsonschema
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from predictor_requests import JSON, V1, V2, v1_body
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sevenfold.contracts.errors import InputError
from sevenfold.contracts.schema import Column, Kind, Notation
from sevenfold.scoring.feeds import feeds_from_rows
from sevenfold.scoring.tensors import HEADER_LENGTH
from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.predictor.openapi import value_schema

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES, SOAK_EXAMPLES = 75, 125  # of each of four kinds; `make soak` repeats them twenty times: 10 000 requests


@pytest.fixture(scope="module")
def document(server: Any) -> dict[str, Any]:
    status, headers, body = server.request("GET", "/openapi.json")
    assert (status, headers["content-type"]) == (200, "application/json")
    return dict(json.loads(body))


def test_the_document_describes_the_model(document: dict[str, Any], good_row: dict[str, Any], server: Any) -> None:
    schema = schemathesis.openapi.from_dict(document)
    schema.validate()  # it is OpenAPI 3.1
    row = document["components"]["schemas"]["Row"]
    jsonschema.validate(good_row, row)
    for changes, right in (
        ({"air_time": None, "departure": None}, True),
        ({"distance": None}, False),
        ({"seats": 2**53 + 1}, False),
        ({"seats": 1.5}, False),
        ({"carrier": 5}, False),
        ({"colour": "red"}, True),
    ):
        changed = good_row | changes
        assert jsonschema.Draft202012Validator(row).is_valid(changed) is right
        assert (server.predict(v1_body(changed), JSON)[0] == 200) is right
    described = {name for name in document["paths"] if "{" not in name}
    for path in described - {V1, V2, "/invocations"}:
        assert server.request("GET", path)[0] == 200, path


@pytest.mark.parametrize("date_format", ["", "%Y-%m-%d", "%Y%m%d", "%s"])
def test_a_moment_may_be_a_number_where_the_predictor_takes_one(date_format: str) -> None:
    column = Column(kind=Kind.DATETIME, date_format=date_format)
    schema = value_schema(column, Limits())
    for value in (20210301, 20210301.0, "20210301", True, [20210301], None):
        try:
            feeds_from_rows([{"when": value}], {"when": column}, Notation())
            taken = True
        except InputError as error:
            taken = error.code == "not_a_moment"  # of the right type, but not of the format
        assert jsonschema.Draft202012Validator(schema).is_valid(value) is taken, value


@pytest.mark.soak
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("path", [V1, V2])
def test_every_generated_request_gets_an_answer_of_the_document(
    server: Any,
    good_row: dict[str, Any],
    document: dict[str, Any],
    path: str,
    mode: GenerationMode,
    pytestconfig: pytest.Config,
) -> None:
    examples = SOAK_EXAMPLES if pytestconfig.getoption("--soak") > 1 else EXAMPLES
    operation = schemathesis.openapi.from_dict(document)[path]["POST"]
    statuses: Counter[int] = Counter()
    with requests.Session() as session:

        @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(mode))
        def ask(case: Case) -> None:
            if case.media_type == "application/json" and case.headers:
                case.headers.pop(HEADER_LENGTH, None)  # with any number in it, no tensor would be read
            answer = case.call(base_url=server.url, session=session)
            statuses[answer.status_code] += 1
            case.validate_response(answer, checks=CHECKS)

        ask()
    assert statuses.total() >= examples
    assert any(status >= 400 for status in statuses)
    assert server.predict(v1_body(good_row), JSON)[0] == 200

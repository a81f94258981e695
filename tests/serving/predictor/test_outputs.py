"""The form of each V2 output: what its own parameter says, or else the request's; read back by KServe's own types."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from predictor_requests import JSON, V2, check_refusal, v2_body

from sevenfold.scoring.tensors import HEADER_LENGTH

# A process of its own: to import KServe next to ONNX breaks, and takes seconds.
READ = """
import json, sys
from kserve import InferResponse
for line in sys.stdin:
    raw, length = json.loads(line)
    response = InferResponse.from_bytes(bytes.fromhex(raw), length)
    print(json.dumps({output.name: output.as_numpy().tolist() for output in response.outputs}, default=str))
"""


def ask(server: Any, body: dict[str, Any]) -> tuple[bytes, int, dict[str, bool]]:
    """Return the answer, the length of its JSON, and which outputs came as raw bytes."""
    status, headers, answer = server.request("POST", V2, body, JSON)
    assert status == 200, answer
    length = int(headers.get(HEADER_LENGTH, len(answer)))
    binary = HEADER_LENGTH in headers
    assert headers["content-type"] == ("application/octet-stream" if binary else "application/json")
    outputs = json.loads(answer[:length])["outputs"]
    sizes = [output["parameters"]["binary_data_size"] for output in outputs if "data" not in output]
    assert sum(sizes) == len(answer) - length
    return answer, length, {output["name"]: "data" not in output for output in outputs}


def wanted(**binary: bool | None) -> list[dict[str, Any]]:
    parameters: dict[bool | None, Any] = {True: {"binary_data": True}, False: {"binary_data": False}, None: {}}
    return [{"name": name, "parameters": parameters[flag]} for name, flag in binary.items()]


CASES = [
    ({}, {}, {"label": False, "probabilities": False}),
    ({"binary_data_output": True}, {}, {"label": True, "probabilities": True}),
    ({"binary_data_output": True}, {"label": False, "probabilities": None}, {"label": False, "probabilities": True}),
    ({"binary_data_output": True}, {"probabilities": False, "label": None}, {"probabilities": False, "label": True}),
    ({"binary_data_output": True}, {"label": False, "probabilities": False}, {"label": False, "probabilities": False}),
    ({"binary_data_output": False}, {"label": True, "probabilities": None}, {"label": True, "probabilities": False}),
    ({}, {"label": None, "probabilities": True}, {"label": False, "probabilities": True}),
    ({"binary_data_output": True}, {"label": False}, {"label": False}),
]


def test_each_output_comes_as_it_is_asked_for(server: Any, good_row: dict[str, Any]) -> None:
    answers = []
    for parameters, outputs, expected in CASES:
        body = v2_body(good_row) | {"parameters": parameters} | ({"outputs": wanted(**outputs)} if outputs else {})
        answer, length, binary = ask(server, body)
        assert list(binary.items()) == list(expected.items()), (parameters, outputs)
        answers.append(json.dumps([answer.hex(), length]))
    done = subprocess.run([sys.executable, "-c", READ], input="\n".join(answers), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    read = [json.loads(line) for line in done.stdout.splitlines()]
    plain = read[0]
    for values, (_, _, expected) in zip(read, CASES, strict=True):
        assert values["label"] == plain["label"] if "label" in expected else True
        assert values.get("probabilities", plain["probabilities"]) == plain["probabilities"]
        assert values.keys() == expected.keys()


@pytest.mark.parametrize("value", ["true", 1, None, []])
def test_a_form_that_is_no_flag_is_refused(server: Any, good_row: dict[str, Any], value: Any) -> None:
    for change in (
        {"parameters": {"binary_data_output": value}},
        {"outputs": [{"name": "label", "parameters": {"binary_data": value}}]},
    ):
        status, _, answer = server.request("POST", V2, v2_body(good_row) | change, JSON)
        check_refusal(server, status, answer, 422, "parameter")


def test_an_output_in_two_forms_is_refused(server: Any, good_row: dict[str, Any]) -> None:
    twice = v2_body(good_row) | {"outputs": wanted(label=True) + wanted(label=False)}
    status, _, answer = server.request("POST", V2, twice, JSON)
    check_refusal(server, status, answer, 400, "duplicate_key")
    same = v2_body(good_row) | {"outputs": wanted(label=True) * 2}
    assert ask(server, same)[2] == {"label": True}

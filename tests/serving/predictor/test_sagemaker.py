"""What SageMaker asks of a container: the same answers as V1, under addresses that do not name the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from predictor_requests import JSON, V1, v1_body

import sevenfold.serving.__main__ as command


def test_an_invocation_is_answered_as_v1_answers_it(server: Any, good_row: dict[str, Any]) -> None:
    body = v1_body(good_row)
    status, headers, answer = server.request("POST", "/invocations", body, JSON)
    assert (status, answer) == (200, server.request("POST", V1, body, JSON)[2])
    assert headers["x-sevenfold-bundle"].startswith("sha256:")


def test_a_wrong_invocation_is_refused_as_v1_refuses_it(server: Any) -> None:
    for body in (b"", b"[]", b'{"instances": [{"distance": "far"}]}'):
        status, _, answer = server.request("POST", "/invocations", body, JSON)
        assert (status, answer) == server.request("POST", V1, body, JSON)[::2]
        assert status in (400, 422)
        assert "error" in json.loads(answer)


def test_an_invocation_takes_no_other_method(server: Any) -> None:
    status, headers, _ = server.request("GET", "/invocations")
    assert (status, headers["allow"]) == (405, "POST")


def test_a_ping_is_answered_while_a_model_serves(server: Any) -> None:
    assert server.request("GET", "/ping")[0] == 200


@pytest.mark.parametrize(
    ("arguments", "bundle", "host"),
    [
        (["serve"], "/opt/ml/model", "0.0.0.0"),  # noqa: S104
        (["serve", "--bundle", "ours"], "ours", "0.0.0.0"),  # noqa: S104
        (["--bundle", "ours"], "ours", "127.0.0.1"),
    ],
)
def test_sagemakers_one_argument_is_enough(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], bundle: str, host: str
) -> None:
    given: dict[str, Any] = {}

    def serve(folder: Path, **settings: Any) -> None:
        given.update(settings, bundle=str(folder))

    monkeypatch.setattr(command, "serve", serve)
    monkeypatch.setattr(command, "forbid_pickle", lambda: None)
    monkeypatch.setattr("sys.argv", ["serving", *arguments])
    assert command.main() == 0
    assert (given["bundle"], given["host"], given["port"]) == (bundle, host, 8080)


def test_without_a_bundle_nothing_is_served(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["serving"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert "--bundle" in capsys.readouterr().err

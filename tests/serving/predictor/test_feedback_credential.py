"""The port for labels opens with a credential that can be read, and else there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sevenfold.contracts.errors import PolicyError
from sevenfold.contracts.schema import Task
from sevenfold.runtime.environment import feedback_environment


@pytest.mark.parametrize("value", ["", "short"])
def test_without_a_credential_no_port_is_opened(
    samples: dict[Task, Any], tmp_path: Path, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sevenfold.serving.predictor.serve import serve

    monkeypatch.setenv("SEVENFOLD_FEEDBACK_CREDENTIAL", value)
    with pytest.raises(PolicyError, match="16 plain characters") as raised:
        serve(samples[Task.BINARY].bundle.folder, port=0, feedback_port=0)
    assert raised.value.code == "bad_credential"


def test_a_credential_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEVENFOLD_FEEDBACK_CREDENTIAL_FILE", "gone")
    with pytest.raises(PolicyError, match=f"'{tmp_path / 'gone'}' cannot: No such file") as raised:
        feedback_environment()
    assert raised.value.code == "bad_credential"


def test_a_predictor_without_the_port_has_no_series_of_labels(server: Any) -> None:
    page = server.request("GET", "/metrics")[2].decode()
    assert "sevenfold_predictions_total" in page
    assert "sevenfold_feedback" not in page

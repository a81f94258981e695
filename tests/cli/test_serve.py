"""`sevenfold serve`: its options reach the predictor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.serving.predictor import serve as module

BUNDLE = Path(__file__).parents[1] / "golden" / "2" / "bundle"


@pytest.mark.parametrize("strict", [False, True])
def test_strict_fields(monkeypatch: pytest.MonkeyPatch, strict: bool) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(module, "serve", lambda bundle, **options: given.update(options, bundle=bundle))
    options = ["--strict-fields"] if strict else []
    assert CliRunner().invoke(app, ["serve", str(BUNDLE), "--port", "0", *options]).exit_code == 0
    assert (given["bundle"], given["port"], given["limits"].strict_fields) == (BUNDLE, 0, strict)

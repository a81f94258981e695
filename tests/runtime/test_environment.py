from pathlib import Path

import pytest

from sevenfold.runtime.environment import RUN_DIR, in_cluster, registry_folder, run_folder, wants_traceback


@pytest.mark.parametrize("value", [None, ""])
def test_no_run_has_no_folders(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv(RUN_DIR, raising=False)
    if value is not None:
        monkeypatch.setenv(RUN_DIR, value)
    assert run_folder() is None
    assert registry_folder() is None


def test_the_registry_lies_beside_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_DIR, "/data/runs/flights/7")
    assert run_folder() == Path("/data/runs/flights/7")
    assert registry_folder() == Path("/data/runs/flights/registry")


def test_a_pod_knows_it_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert not in_cluster()
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert in_cluster()


@pytest.mark.parametrize(("value", "wanted"), [("1", True), ("0", False), ("", False), ("yes", False)])
def test_tracebacks_are_asked_for_with_1(monkeypatch: pytest.MonkeyPatch, value: str, wanted: bool) -> None:
    monkeypatch.setenv("SEVENFOLD_TRACEBACK", value)
    assert wants_traceback() is wanted

"""LightGBM where the system has no OpenMP library."""

from __future__ import annotations

import builtins
import ctypes
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sevenfold.contracts.errors import TrainingError
from sevenfold.training.trees import library

MISSING = "libgomp.so.1: cannot open shared object file: No such file or directory"


@pytest.fixture
def without_openmp(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Let the first import of LightGBM fail as the loader fails, and note which libraries are loaded."""

    def prepare(message: str) -> list[str]:
        imported, opened = builtins.__import__, list[str]()

        def failing(name: str, *args: Any, **kwargs: Any) -> Any:
            if name == "lightgbm" and not opened:
                raise OSError(message)
            return imported(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", failing)
        monkeypatch.setattr(ctypes, "CDLL", lambda path: opened.append(path))
        return opened

    return prepare


def test_the_library_of_pytorch_is_taken(without_openmp: Callable[[str], list[str]]) -> None:
    opened = without_openmp(MISSING)
    assert library.lightgbm().__name__ == "lightgbm"
    (path,) = opened
    assert path.endswith("torch/lib/libgomp.so.1") and Path(path).is_file()


def test_without_any_the_remedy_is_named(
    without_openmp: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_openmp(MISSING)
    monkeypatch.setattr(library, "find_spec", lambda name: None)
    with pytest.raises(TrainingError) as caught:
        library.lightgbm()
    assert caught.value.code == "no_openmp" and "libgomp1" in caught.value.remedy


def test_any_other_fault_stays_what_it_is(without_openmp: Callable[[str], list[str]]) -> None:
    without_openmp("something else")
    with pytest.raises(OSError, match="something else"):
        library.lightgbm()


def test_pytorch_carries_a_library_of_the_name_that_lightgbm_asks_for() -> None:
    spec = importlib.util.find_spec("torch")
    assert spec is not None and spec.origin is not None
    assert b"libgomp.so.1\0" in (Path(spec.origin).parent / "lib" / library.OPENMP).read_bytes()

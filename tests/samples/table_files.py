"""Table files as a test writes them, and the code of the error that they meet."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sevenfold.contracts.errors import DataError


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write a text as a table."""

    def write(content: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def code_of() -> Callable[[Callable[[], Any]], str]:
    """Return the code of the DataError that a call raises."""

    def run(call: Callable[[], Any]) -> str:
        with pytest.raises(DataError) as caught:
            call()
        return caught.value.code

    return run

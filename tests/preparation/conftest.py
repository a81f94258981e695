from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.plan import DataSection, PreparationSection
from sevenfold.preparation.prepare import prepare
from sevenfold.preparation.prepared import Prepared

COLUMNS: dict[str, dict[str, Any]] = {
    "id": {"kind": "category", "role": "identifier"},
    "x": {"kind": "number"},
    "c": {"kind": "category"},
    "y": {"kind": "category", "role": "target"},
}


@dataclass
class Outcome:
    """What a table gave: a code, or a dataset with its quarantine."""

    code: str = ""
    message: str = ""
    prepared: Prepared | None = None
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    folder: Path = Path()

    def column(self, name: str) -> list[Any]:
        """All kept values of a column."""
        splits = [self.folder / f"{name}.parquet" for name in ("train", "validation", "test")]
        return [value for path in splits for value in pq.read_table(path)[name].to_pylist()]


class Tables:
    """Makes small CSV tables and prepares them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def rows(count: int = 300) -> list[list[str]]:
        """Rows whose target no column tells."""
        labels = ["yes" if (i * 7919) % 10 < 4 else "no" for i in range(count)]
        return [[str(i), f"{(i * 37) % 101 / 8}", "abc"[i % 3], labels[i]] for i in range(count)]

    @staticmethod
    def text(body: Sequence[Sequence[str]], header: str = "id,x,c,y", delimiter: str = ",", end: str = "\n") -> str:
        return end.join([header, *(delimiter.join(row) for row in body)]) + end

    def changed(self, column: str, value: str, row: int = 9) -> str:
        body = self.rows()
        body[row][list(COLUMNS).index(column)] = value
        return self.text(body)

    @staticmethod
    def section(columns: dict[str, dict[str, Any]] | None = None, **settings: Any) -> DataSection:
        given = {"source": "t.csv", "target": "y", "task": "binary", "columns": {**COLUMNS, **(columns or {})}}
        return DataSection.model_validate({**given, **settings})

    def outcome(
        self,
        content: str | bytes,
        columns: dict[str, dict[str, Any]] | None = None,
        preparation: dict[str, Any] | None = None,
        **settings: Any,
    ) -> Outcome:
        path = self.folder / "t.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        out = self.folder / "out"
        try:
            data = self.section(columns, **settings)
            prepared = prepare(path, data, PreparationSection.model_validate(preparation or {}), out)
        except DataError as error:
            assert sorted(item.name for item in self.folder.iterdir()) == ["t.csv"], "something half-written is left"
            return Outcome(error.code, error.message)
        refused = pq.read_table(out / "quarantine.parquet").to_pylist()
        return Outcome(
            prepared=prepared, refused=[(row["row"], row["column"], row["code"]) for row in refused], folder=out
        )


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    folder = tmp_path / "work"
    folder.mkdir()
    return Tables(folder)

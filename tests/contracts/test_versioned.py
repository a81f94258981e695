"""Documents with a version: another version is told from a file that holds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import MANIFEST, verify
from sevenfold.contracts.service import LocalService, read_unsealed_service
from sevenfold.contracts.versioned import read_versioned, write_versioned


class Note(BaseModel):
    version: int = 2
    text: str


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_versioned(tmp_path / "note.json", Note(text="ß"))
    assert read_versioned(tmp_path / "note.json", Note, 2) == Note(text="ß")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "note.json must hold JSON, but is empty"),
        ("\n", "note.json must hold JSON, but is empty"),
        ("{", "note.json is not of format 2"),
        ('{"version": 3, "text": "a"}', "formats 1 to 2 are read, but got 3"),
        ('{"version": 2}', "note.json is not of format 2"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "note.json").write_text(content)
    with pytest.raises(IntegrityError, match=told) as refused:
        read_versioned(tmp_path / "note.json", Note, 2)
    assert refused.value.code == "unknown_format"


def test_an_empty_manifest_and_an_empty_service_are_told_as_empty(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).touch()
    (tmp_path / "service.json").touch()
    with pytest.raises(IntegrityError, match="is empty"):
        verify(tmp_path)
    with pytest.raises(IntegrityError, match="is empty"):
        read_unsealed_service(LocalService, tmp_path)

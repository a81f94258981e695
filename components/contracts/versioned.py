"""Read and write JSON documents that carry the version of their format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from sevenfold.contracts.canonical import write_whole
from sevenfold.contracts.errors import IntegrityError

__all__ = ["read_versioned", "refuse_empty", "require_version", "write_versioned"]

Model = TypeVar("Model", bound=BaseModel)


def read_versioned(path: Path, model: type[Model], known: int) -> Model:
    """Read a document of the newest version that is known, or of an earlier one, as one of the newest.

    A newer version has only added keys, each with a default that says what earlier documents meant.

    Raises:
        IntegrityError: ``unknown_format`` for another version, for content that its version does not have, and for an
            empty file.
    """
    content = path.read_bytes()
    refuse_empty(content, path.name)
    require_version(content, known, path.name)
    try:
        return model.model_validate_json(content).model_copy(update={"version": known})
    except ValidationError as error:
        raise IntegrityError("unknown_format", f"{path.name} is not of format {known}.") from error


def refuse_empty(content: bytes, name: str) -> None:
    """Raise IntegrityError ``unknown_format`` where a document is empty, so that nobody looks for another version."""
    if not content.strip():
        raise IntegrityError(
            "unknown_format",
            f"{name} must hold JSON, but is empty.",
            remedy="A full disk or a copy that was cut off leaves such a file: restore it, or have it made again.",
        )


def require_version(content: bytes, known: int, name: str) -> None:
    """Raise IntegrityError ``unknown_format`` where a document has no version from 1 to the newest that is known.

    Another format may have any other keys, so its version is checked first.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return  # reading the document raises a better error
    version = document.get("version") if isinstance(document, dict) else None
    if isinstance(version, int) and not 1 <= version <= known:
        formats = "format 1 is" if known == 1 else f"formats 1 to {known} are"
        raise IntegrityError(
            "unknown_format",
            f"{name}: {formats} read, but got {version}.",
            remedy="Install the Sevenfold version that wrote it, or a newer one.",
        )


def write_versioned(path: Path, document: BaseModel) -> None:
    """Write a document as JSON whose keys keep their order, such as that of a table's columns; whole or not at all."""
    write_whole(path, (document.model_dump_json() + "\n").encode())

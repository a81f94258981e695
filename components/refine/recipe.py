"""A recipe: the file of a history that a plan names, read from wherever it lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenfold.contracts.canonical import file_digest
from sevenfold.contracts.errors import DataError, IntegrityError
from sevenfold.refine.history import MAX_BYTES, History, read_history
from sevenfold.tables.source import resolve_source, shown

__all__ = ["Recipe", "load_recipe"]


@dataclass(frozen=True)
class Recipe:
    """The steps of a recipe and the digest of its file."""

    history: History
    digest: str

    @property
    def crossing(self) -> list[str]:
        """The steps that need more than a row's own cells, and why, as sentences without their full stop."""
        return self.history.crossing


def load_recipe(source: str, base: Path, work: Path, **settings: Any) -> Recipe:
    """Read a recipe, fetched first where `source` is an address.

    Args:
        source: a path, or an address with the digest of what must be there, as ``s3://…#sha256:…``.
        base: what a relative path starts from.
        work: folder for a copy.
        settings: for `resolve_source`.

    Raises:
        DataError: ``missing_file``, ``recipe_undigested``; ``refine_history`` where it is no history, or one with
            steps that cannot be replayed: all of them are named.
        IntegrityError: ``recipe_changed`` if what was fetched has another digest.
        PolicyError, TemporaryError: as `resolve_source`.
    """
    address, _, digest = source.partition("#") if "://" in source else (source, "", "")
    if "://" in source and not digest.startswith("sha256:"):
        raise DataError(
            "recipe_undigested",
            f"A recipe at an address needs a digest, but {shown(source)} has none.",
            remedy="Write ADDRESS#sha256:…, or name a local file.",
        )
    path = resolve_source(address, base, work, max_bytes=MAX_BYTES, what="recipe", **settings)
    actual = file_digest(path)
    if digest and actual != digest:
        raise IntegrityError(
            "recipe_changed",
            f"{shown(source)} must have the digest {digest}, but has {actual}.",
            remedy="Submit the plan again.",
        )
    return Recipe(read_history(path), actual)

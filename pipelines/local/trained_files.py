"""The files that the models of a project were trained on, found again where the project's folder is now."""

from __future__ import annotations

import os
from pathlib import Path

from sevenfold.contracts.registry import LocalRegistry
from sevenfold.pipelines.runs import RunFolder
from sevenfold.tables.sources import sources_of

__all__ = ["kept_name", "places_of", "trained_files"]


def trained_files(home: Path, base: Path) -> frozenset[Path]:
    """Return the files that the serving model or one before it was trained on: none of them is new again.

    A run records its files as absolute paths and the plan's folder beside them. In a project that was moved or copied
    since, a file is the one that stands where it stood, seen from the plan's folder. Files elsewhere keep their paths.

    Args:
        home: folder of the plan's runs; its registry has a record.
        base: the plan's folder, as it is now.
    """
    records = LocalRegistry(home / "registry").history()
    first = next(place for place, one in enumerate(records) if one.bundle == records[-1].bundle)
    known: set[Path] = set()
    for one in records[: first + 1]:
        values = RunFolder(home / one.run).values()
        then = str(values.get("base", ""))
        for source in sources_of(values.get("arguments", {}).get("data", "")):
            known |= places_of(source, then, base)
    return frozenset(known)


def places_of(source: str, then: str, base: Path) -> frozenset[Path]:
    """Return where a recorded file may be: at its path, and as far from the plan's folder as it was then.

    Args:
        source: an absolute path.
        then: the plan's folder at that time; "" where it is not known.
        base: the plan's folder now.
    """
    places = {Path(source).resolve()}
    if then and Path(then) != base and os.path.isabs(source):
        places.add((base / os.path.relpath(source, then)).resolve())
    return frozenset(places)


def kept_name(path: Path, base: Path) -> str:
    """Return a file's name as it is kept: from the plan's folder where it lies below, else its path."""
    resolved = path.resolve()
    return str(resolved.relative_to(base)) if resolved.is_relative_to(base) else str(resolved)

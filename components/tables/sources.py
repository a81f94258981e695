"""Where the files of a table come from: one path or address, several, or a pattern of names."""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from sevenfold.contracts.canonical import file_digest
from sevenfold.contracts.errors import DataError, PolicyError
from sevenfold.tables.source import resolve_source, shown

__all__ = [
    "MAX_FILES",
    "local_tables",
    "matching_files",
    "resolve_sources",
    "sources_of",
    "sources_text",
    "table_digest",
]

MAX_FILES: Final = 10_000


def sources_of(source: str | Sequence[str]) -> tuple[str, ...]:
    """Return the paths and addresses that a source names: itself, or what a JSON list of texts holds.

    >>> sources_of("t.csv"), sources_of('["a.csv", "b.csv"]'), sources_of("[1].csv")
    (('t.csv',), ('a.csv', 'b.csv'), ('[1].csv',))
    """
    if not isinstance(source, str):
        return tuple(source)
    if source.startswith("["):
        try:
            listed = json.loads(source)
        except ValueError:
            return (source,)
        if listed and all(isinstance(text, str) for text in listed):
            return tuple(listed)
    return (source,)


def sources_text(sources: Sequence[str]) -> str:
    """Return one text for the sources, as a task's parameter has it: what `sources_of` reads."""
    return sources[0] if len(sources) == 1 else json.dumps(list(sources), ensure_ascii=False)


def resolve_sources(source: str | Sequence[str], base: Path, work: Path, **settings: Any) -> tuple[Path, ...]:
    """Return local files with the bytes of a table's sources, in order; those of a pattern in the order of their names.

    Args:
        source: a path, a pattern such as ``parts/*.csv``, or an address; or several, as a sequence or a JSON list.
        base: what a relative path starts from.
        work: folder for copies, made where needed.
        settings: for `resolve_source`.

    Raises:
        DataError: ``missing_file``, ``duplicate_file``, ``too_many_files``, and what `resolve_source` raises.
        PolicyError: ``source_pattern`` for a pattern in an address; what `resolve_source` raises.
        TemporaryError: what `resolve_source` raises.
    """
    sources = sources_of(source)
    paths: list[Path] = []
    for number, text in enumerate(sources):
        matches = matching_files(text, base)
        # files of different folders may have the same name
        folder = work / str(number) if len(sources) > 1 else work
        paths += matches if matches else [resolve_source(text, base, folder, **settings)]
    if len(paths) > MAX_FILES:
        raise DataError(
            "too_many_files",
            f"A table may have at most {MAX_FILES:,} files, but has {len(paths):,}.",
            remedy="Put them together into fewer.",
        )
    known: set[Path] = set()
    for path in paths:
        if path.resolve() in known:
            raise DataError(
                "duplicate_file",
                f"A file is part of a table once, but data.source names {path.name!r} twice.",
                remedy="Remove one of them.",
            )
        known.add(path.resolve())
    return tuple(paths)


def local_tables(table: Path | Sequence[Path]) -> tuple[Path, ...]:
    """Return the files that paths and patterns on this machine name.

    Raises:
        DataError: what `resolve_sources` raises.
    """
    given = [table] if isinstance(table, Path) else list(table)
    return resolve_sources([str(path) for path in given], Path(), Path())


def table_digest(paths: Sequence[Path]) -> str:
    """Return ``sha256:<hex>`` of a file's bytes, or, of several files, of their digests in order."""
    if len(paths) == 1:
        return file_digest(paths[0])
    digests = "".join(f"{file_digest(path)}\n" for path in paths)
    return f"sha256:{hashlib.sha256(digests.encode()).hexdigest()}"


def matching_files(source: str, base: Path) -> list[Path]:
    """Return the files that a pattern matches, by name; none where the source is no pattern.

    Raises:
        DataError: ``missing_file`` where none matches.
        PolicyError: ``source_pattern`` for a pattern in an s3:// address.
    """
    scheme, separator, _ = source.partition("://")
    if separator and scheme.lower() != "file":
        if scheme.lower() == "s3" and "*" in source:
            raise PolicyError(
                "source_pattern",
                f"A pattern names files of this machine, but got {shown(source)!r}.",
                remedy="List the addresses: data.source may be a list.",
            )
        return []
    path = Path(unquote(urlsplit(source).path)) if separator else base / source
    # what stands before the pattern is a folder, whatever signs its name has
    folder = Path(path.parts[0]) if path.parts else path
    while folder != path and (deeper := folder / path.parts[len(folder.parts)]).is_dir():
        folder = deeper
    pattern = str(path.relative_to(folder))
    if path.exists() or not glob.has_magic(pattern):
        return []
    names = glob.glob(pattern, root_dir=folder, recursive=True)
    found = sorted(folder / name for name in names if (folder / name).is_file())
    if not found:
        raise DataError(
            "missing_file",
            f"A pattern must match a file, but {source!r} matches none.",
            remedy="A relative pattern starts from the plan's folder.",
        )
    return found

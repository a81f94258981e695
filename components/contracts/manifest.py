"""Sealed folders: every file listed with its digest, checked before anything is read.

Kubeflow records an artifact as good even when its upload failed, so a stage seals what it made and the next
one verifies it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, ValidationError

from sevenfold.contracts.canonical import digest_of, file_digest, write_json
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.versioned import require_version

__all__ = ["MANIFEST", "FileEntry", "Manifest", "require_file", "seal", "verify"]

MANIFEST = "manifest.json"
FORMAT_VERSION = 1
HASHED_AT_ONCE = 2


class FileEntry(BaseModel):
    """One file: its digest, its size in bytes and, for a table, its rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    bytes: int
    rows: int | None = None


class Manifest(BaseModel):
    """What a sealed folder holds; `digest` covers every file's name, digest, size and rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    files: dict[str, FileEntry]
    digest: str


def seal(folder: Path, *, expected: Iterable[str], rows: Mapping[str, int] | None = None) -> str:
    """List every file of `folder` in its manifest, written last, and return the folder's digest.

    Args:
        folder: the folder to seal; an existing manifest is replaced.
        expected: relative names that must be there and not empty.
        rows: rows per table file, recorded beside its digest.

    Raises:
        IntegrityError: ``missing_output``, ``empty_output`` or ``not_a_file`` (a link or device among the files).
    """
    (folder / MANIFEST).unlink(missing_ok=True)
    for name in expected:
        require_file(folder / name, "missing_output")
    counts = rows or {}
    found = sorted(_files(folder).items())
    with ThreadPoolExecutor(HASHED_AT_ONCE) as threads:
        digests = threads.map(file_digest, [path for _, path in found])
        files = {
            name: FileEntry(sha256=digest, bytes=path.stat().st_size, rows=counts.get(name))
            for (name, path), digest in zip(found, digests, strict=True)
        }
    digest = _digest(files)
    manifest = Manifest(version=FORMAT_VERSION, files=files, digest=digest)
    write_json(folder / MANIFEST, manifest.model_dump(mode="json"))
    return digest


def verify(folder: Path, *, digest: str | None = None) -> Manifest:
    """Check every file of a sealed folder against its manifest and return the manifest.

    Args:
        folder: a folder that `seal` has sealed.
        digest: the digest the folder must have, where the caller knows it.

    Raises:
        IntegrityError: ``not_sealed``, ``unknown_format``, ``missing_file``, ``unlisted_file``, ``digest_mismatch``,
            ``path_escape`` or ``not_a_file``.
    """
    manifest = _read(folder)
    present = _files(folder)
    present.pop(MANIFEST, None)
    for name, entry in manifest.files.items():
        if name not in present:
            raise IntegrityError(
                "missing_file",
                f"{folder.name}/{name} is listed in the manifest, but is not there.",
                remedy="If this input came from a cache, its object is gone: rerun with caching off for that step.",
            )
        _check_entry(folder, name, entry)
    unlisted = sorted(set(present) - set(manifest.files))
    if unlisted:
        raise IntegrityError(
            "unlisted_file",
            f"{folder.name} holds files its manifest does not list: {unlisted[:5]}.",
            remedy="Remove them, or make the folder again.",
        )
    if digest is not None and digest != manifest.digest:
        raise IntegrityError(
            "digest_mismatch",
            f"{folder.name} must have digest {digest}, but has {manifest.digest}.",
            remedy="It was replaced after it was chosen: use the folder that was tested.",
        )
    return manifest


def require_file(path: Path, code: str = "missing_file") -> None:
    """Raise IntegrityError unless `path` is a regular file with at least one byte."""
    if not path.is_file():
        raise IntegrityError(code, f"{path.name} must exist, but was not written.")
    if path.stat().st_size == 0:
        raise IntegrityError("empty_output", f"{path.name} must not be empty, but has 0 bytes.")


def _read(folder: Path) -> Manifest:
    path = folder / MANIFEST
    if path.is_symlink() or not path.is_file():
        raise IntegrityError(
            "not_sealed",
            f"{folder.name} must hold {MANIFEST}, but does not: it was never finished.",
            remedy="If it came from a cache, its object is gone: rerun with caching off for that step.",
        )
    content = path.read_bytes()
    if not content.strip():
        raise IntegrityError("not_sealed", f"{folder.name}/{MANIFEST} must list the files, but is empty.")
    require_version(content, FORMAT_VERSION, f"{folder.name}/{MANIFEST}")
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise IntegrityError("not_sealed", f"{folder.name}/{MANIFEST} is not a manifest of this format.") from error
    if manifest.digest != _digest(manifest.files):
        raise IntegrityError("digest_mismatch", f"{folder.name}/{MANIFEST} does not add up to its own digest.")
    for name in manifest.files:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name:
            raise IntegrityError("path_escape", f"File names must stay inside the folder, but got {name[:64]!r}.")
    return manifest


def _check_entry(folder: Path, name: str, entry: FileEntry) -> None:
    path = folder / name
    size = path.stat().st_size
    if size != entry.bytes or file_digest(path) != entry.sha256:
        raise IntegrityError(
            "digest_mismatch",
            f"{folder.name}/{name} must have {entry.bytes} bytes and {entry.sha256[:19]}…, "
            f"but has {size} bytes and another content.",
            remedy="It was changed after it was sealed: make it again.",
        )


def _files(folder: Path) -> dict[str, Path]:
    if folder.is_symlink() or not folder.is_dir():
        raise IntegrityError("missing_file", f"{folder.name} must be a folder, but is not there.")
    files: dict[str, Path] = {}
    for path in folder.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise IntegrityError("not_a_file", f"{folder.name} may hold plain files only, but {path.name!r} is none.")
        if path.is_file():
            files[path.relative_to(folder).as_posix()] = path
    return files


def _digest(files: Mapping[str, FileEntry]) -> str:
    return digest_of({name: entry.model_dump() for name, entry in files.items()})

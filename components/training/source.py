"""The user's own model: a file or a package folder with one function, ``build_model`` for a network, else ``train``.

``build_model(signature, **settings)`` gets a `ModelSignature` and returns a `torch.nn.Module` whose
``forward(numeric, categorical)`` takes float32 ``[rows, N]`` and int64 ``[rows, C]`` and gives logits
``[rows, classes]`` or standardised values ``[rows, 1]``; with ``training.framework: tensorflow`` a `keras.Model` with
inputs of these names, or one of them. ``train(dataset, settings)``: see `training.foreign`.

On a cluster the plan names it by address and digest, ``s3://…/ours.zip#sha256:…``: a file as it is, a folder as the
archive that `pack_source` makes. A fetched source runs only if it has that digest.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenfold.contracts.canonical import digest_of, file_digest
from sevenfold.contracts.errors import IntegrityError, TrainingError
from sevenfold.tables.source import resolve_source, shown

__all__ = ["BUILD_MODEL", "FORMS", "TRAIN", "Source", "load_source", "pack_source", "source_digest"]

BUILD_MODEL, TRAIN = "build_model", "train"
FORMS = {  # how a function is called, and what it returns
    BUILD_MODEL: ("build_model(signature, **settings)", "a torch.nn.Module, for framework: tensorflow a keras.Model"),
    TRAIN: ("train(dataset, settings)", "an onnx.ModelProto"),
}
MAX_BYTES = 64 << 20
TIMESTAMP = (1980, 1, 1, 0, 0, 0)  # the archive of the same files has the same bytes


@dataclass(frozen=True)
class Source:
    """A loaded model source: its name, the digest of its files, and its function."""

    name: str
    digest: str
    function: Callable[..., Any]

    @property
    def build_model(self) -> Callable[..., Any]:
        """The function of a network's source."""
        return self.function


def source_digest(path: Path) -> str:
    """Return the digest of a file's bytes, or of the names and bytes of a folder's files.

    Compiled and hidden files do not count.
    """
    if path.is_file():
        return file_digest(path)
    return digest_of({file.relative_to(path).as_posix(): file_digest(file) for file in _files(path)})


def pack_source(path: Path, work: Path) -> Path:
    """Return the one file that carries a source: itself, or a folder's archive in `work`.

    Raises:
        TrainingError: ``source_missing`` or ``source_too_large``.
    """
    _check_entry(path, path.name)
    if path.is_file():
        return path
    files = _files(path)
    size = sum(file.stat().st_size for file in files)
    if size > MAX_BYTES:
        raise TrainingError(
            "source_too_large",
            f"A model source may have at most {MAX_BYTES:,} bytes, but {path.name} has {size:,}.",
            remedy="Keep data and weights out of the folder.",
        )
    target = work / f"{path.name}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.relative_to(path).as_posix(), TIMESTAMP), file.read_bytes())
    return target


def load_source(source: str, function: str = BUILD_MODEL) -> Source:
    """Import the file or package folder, fetched first where `source` is an address.

    Args:
        source: path or address.
        function: name of the function that it must define.

    Raises:
        TrainingError: ``source_missing``, ``source_broken`` (importing it failed), the function's name where it is not
            there, or ``source_undigested`` (an address without a digest).
        IntegrityError: ``source_changed`` if what was fetched has another digest.
        DataError, PolicyError, TemporaryError: as `resolve_source`.
    """
    path = _fetched(source) if "://" in source else Path(source)
    entry = _check_entry(path, source)
    digest = source_digest(path)
    module = _imported(path, entry, f"sevenfold_source_{digest[-16:]}")
    defined = getattr(module, function, None)
    if not callable(defined):
        form, result = FORMS[function]
        raise TrainingError(
            function,
            f"{path.name} must define {form}, but does not.",
            remedy=f"Define {function}; it returns {result}.",
        )
    return Source(path.name, digest, defined)


def _files(folder: Path) -> list[Path]:
    """Return a folder's files in a fixed order, without compiled and hidden ones."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and file.suffix != ".pyc")
    return [
        file
        for file in files
        if not any(part.startswith(".") or part == "__pycache__" for part in file.relative_to(folder).parts)
    ]


def _check_entry(path: Path, source: str) -> Path:
    entry = path / "__init__.py" if path.is_dir() else path
    if not entry.is_file() or entry.suffix != ".py":
        raise TrainingError(
            "source_missing",
            f"training.source must be a Python file or a package folder, but {shown(source)!r} is none.",
            remedy="Give its path relative to the plan.",
        )
    return entry


@functools.cache
def _fetched(source: str) -> Path:
    """Fetch a source once; it stays until the process ends, since a package may import its parts late."""
    address, _, digest = source.partition("#")
    if not digest.startswith("sha256:"):
        raise TrainingError(
            "source_undigested",
            f"A model source at an address is code and needs a digest, but {shown(source)} has none.",
            remedy="Write ADDRESS#sha256:…, or name a local file or folder.",
        )
    work = Path(tempfile.mkdtemp(prefix="sevenfold-source-"))
    atexit.register(shutil.rmtree, work, ignore_errors=True)
    path = resolve_source(address, Path.cwd(), work, max_bytes=MAX_BYTES, what="model source")
    if path.suffix == ".zip":
        path = _unpacked(path, work / "unpacked" / path.stem)
    actual = source_digest(path)
    if actual != digest:
        raise IntegrityError(
            "source_changed",
            f"{shown(source)} must have the digest {digest}, but has {actual}.",
            remedy="Submit the plan again.",
        )
    return path


def _unpacked(archive: Path, target: Path) -> Path:
    target.mkdir(parents=True)
    try:
        with zipfile.ZipFile(archive) as opened:
            if sum(entry.file_size for entry in opened.infolist()) > MAX_BYTES:
                raise TrainingError(
                    "source_too_large",
                    f"A model source may unpack to {MAX_BYTES:,} bytes, but {archive.name} has more.",
                )
            opened.extractall(target)
    except zipfile.BadZipFile as error:
        raise TrainingError("source_missing", f"{archive.name} must be a zip archive, but is none: {error}.") from error
    return target


def _imported(path: Path, entry: Path, name: str) -> Any:
    locations = [str(path)] if path.is_dir() else None
    spec = importlib.util.spec_from_file_location(name, entry, submodule_search_locations=locations)
    assert spec is not None and spec.loader is not None  # noqa: S101 - a .py file always has a loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise TrainingError(
            "source_broken",
            f"{path.name} must be importable, but raised {type(error).__name__}: {error}",
            remedy="Install what it imports, or correct it.",
        ) from error
    return module

"""The user's own model: a file or a package folder with ``build_model(signature, **settings)``.

`signature` is a `ModelSignature`. The function returns a `torch.nn.Module` whose ``forward(numeric, categorical)``
takes float32 ``[rows, N]`` and int64 ``[rows, C]`` and gives logits ``[rows, classes]`` or standardised values
``[rows, 1]``.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenfold.contracts.canonical import digest_of, file_digest
from sevenfold.contracts.errors import TrainingError

__all__ = ["Source", "load_source", "source_digest"]

FUNCTION = "build_model"


@dataclass(frozen=True)
class Source:
    """A loaded model source: what it is called, the digest of its files, and its function."""

    name: str
    digest: str
    build_model: Callable[..., Any]


def source_digest(path: Path) -> str:
    """Return the digest of a file's bytes, or of the names and bytes of a folder's Python files."""
    if path.is_file():
        return file_digest(path)
    files = {file.relative_to(path).as_posix(): file_digest(file) for file in sorted(path.rglob("*.py"))}
    return digest_of(files)


def load_source(source: str) -> Source:
    """Import the file or package folder.

    Raises:
        TrainingError: ``source_missing``, ``source_broken`` (importing it failed) or ``build_model`` (not there).
    """
    path = Path(source)
    entry = path / "__init__.py" if path.is_dir() else path
    if not entry.is_file() or entry.suffix != ".py":
        raise TrainingError(
            "source_missing",
            f"training.source must be a Python file or a package folder, but {source!r} is none.",
            remedy="Give its path relative to the plan.",
        )
    digest = source_digest(path)
    module = _imported(path, entry, f"sevenfold_source_{digest[-16:]}")
    build_model = getattr(module, FUNCTION, None)
    if not callable(build_model):
        raise TrainingError(
            FUNCTION,
            f"{path.name} must define {FUNCTION}(signature, **settings), but does not.",
            remedy=f"Define {FUNCTION}; it returns a torch.nn.Module.",
        )
    return Source(path.name, digest, build_model)


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
            remedy="Install what it imports, or mend it.",
        ) from error
    return module

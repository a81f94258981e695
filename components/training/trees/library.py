"""LightGBM, loaded with the OpenMP library that it needs and its wheel lacks."""

from __future__ import annotations

import ctypes
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from sevenfold.contracts.errors import TrainingError

__all__ = ["lightgbm"]

OPENMP: Final = "libgomp.so.1"


def lightgbm() -> Any:
    """Return the package.

    Its wheel needs the system's ``libgomp.so.1``, which slim images lack. PyTorch's wheels carry one of that very name;
    a library that is loaded already is not searched for again.

    Raises:
        TrainingError: ``no_openmp`` where neither is there.
    """
    try:
        import lightgbm as package
    except OSError as error:
        if OPENMP not in str(error):
            raise
        _load_openmp(error)
        import lightgbm as package
    return package


def _load_openmp(error: OSError) -> None:
    """Load the library from the folder of PyTorch, without importing PyTorch."""
    spec = find_spec("torch")
    library = Path(spec.origin).parent / "lib" / OPENMP if spec and spec.origin else None
    if library is None or not library.is_file():
        raise TrainingError(
            "no_openmp",
            f"LightGBM needs the library {OPENMP}, but this system has none.",
            remedy="Install it; Debian and Ubuntu have it in the package libgomp1.",
        ) from error
    ctypes.CDLL(str(library))

"""The folder that a dataset is made in: beside its target, so that it appears whole or not at all."""

from __future__ import annotations

import errno
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sevenfold.contracts.errors import PolicyError, SevenfoldError
from sevenfold.contracts.manifest import MANIFEST

__all__ = ["scratch_folder", "whole_folder"]


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Yield a folder beside `out` and, if nothing was raised, move it to `out`.

    Raises:
        PolicyError: ``not_ours`` where `out` holds something else than a dataset.
        SevenfoldError: ``disk_full``.
    """
    if out.is_dir() and any(out.iterdir()) and not (out / MANIFEST).is_file():
        raise PolicyError(
            "not_ours", f"The dataset folder must be new, empty or a dataset, but {out.name!r} holds other files."
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    work = out.parent / f".{out.name}.{secrets.token_hex(4)}.tmp"
    work.mkdir()
    try:
        yield work
        if out.is_dir():
            shutil.rmtree(out)
        work.replace(out)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise SevenfoldError(
            "disk_full",
            f"A dataset needs about three times the table's size on disk, but {out.parent} is full.",
            remedy="Free some space, or give the stage a larger volume.",
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def scratch_folder(work: Path) -> Iterator[Path]:
    """Yield a folder beside `work` that is removed at the end."""
    folder = work.with_name(work.name + ".rows")
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

"""Faults of the machine, such as a full disk, as errors that a person can act on."""

from __future__ import annotations

import errno
import os
from typing import Final

from sevenfold.contracts.errors import SevenfoldError

__all__ = ["file_fault", "machine_fault"]

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
FAILED: Final = frozenset({errno.EFBIG, errno.EIO})
TOO_MANY_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE})


def machine_fault(error: BaseException | None) -> SevenfoldError | None:
    """Return what an exception, or one that it was raised from, says of the machine; None where it says nothing.

    The codes are ``disk_full``, ``disk_fault``, ``not_permitted`` and ``too_many_files``.
    """
    one = error
    while one is not None:
        fault = _fault(one) if isinstance(one, OSError) else None
        if fault is not None:
            fault.__cause__ = error
            return fault
        one = one.__cause__
    return None


def file_fault(error: OSError) -> SevenfoldError | None:
    """Return what the system says of a file that it names, such as a folder in the place of one: ``file_fault``."""
    file = _file(error)
    if not file or error.errno is None:
        return None
    fault = SevenfoldError(
        "file_fault",
        f"The system must be able to use {file}, but says: {os.strerror(error.errno)}.",
        remedy="See what is there, or name another path.",
    )
    fault.__cause__ = error
    return fault


def _fault(error: OSError) -> SevenfoldError | None:
    number, file = _number(error), _file(error)
    if number in FULL:
        full = f"the disk of {file}" if file else "the disk"
        return SevenfoldError(
            "disk_full",
            f"What is written needs space, but {full} is full, or a quota is used up.",
            remedy="Free some space, or name a folder on another disk, and run the same command again.",
        )
    if number in FAILED:
        return SevenfoldError(
            "disk_fault",
            f"The disk must take and give what is written, but the system says: {os.strerror(number)}.",
            remedy="Name a folder on another disk, or see to the limit of a file's size (ulimit -f).",
        )
    if number in FORBIDDEN:
        return SevenfoldError(
            "not_permitted",
            f"The user of this process must be allowed to use {file or 'a file'}, but the system says: "
            f"{os.strerror(number)}.",
            remedy="See its owner, its permissions and whether its disk is read-only, or name another path.",
        )
    if number in TOO_MANY_FILES:
        return SevenfoldError(
            "too_many_files",
            f"Files must be opened, but the system says: {os.strerror(number)}.",
            remedy="Allow more with: ulimit -n 4096",
        )
    return None


def _number(error: OSError) -> int:
    """Return the system's number of a fault; some libraries leave it to their words."""
    if error.errno is not None:
        return error.errno
    told = str(error)
    return next((number for number in (*FULL, *FAILED, *FORBIDDEN, *TOO_MANY_FILES) if os.strerror(number) in told), 0)


def _file(error: OSError) -> str:
    name = error.filename2 or error.filename
    return repr(os.fsdecode(name)) if isinstance(name, str | bytes) and name else ""

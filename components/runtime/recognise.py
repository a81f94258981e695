"""What a file or folder is, as far as names and first bytes show it, for an argument that names the wrong one."""

from __future__ import annotations

import os
import re
import shlex
import stat
from pathlib import Path
from typing import Final, Literal

from sevenfold.contracts.errors import DataError

__all__ = ["Wanted", "describe_path", "require_kind", "wrong_kind"]

Wanted = Literal["bundle", "dataset", "model", "plan", "table"]

HEAD_BYTES: Final = 64 << 10
MARKERS: Final = {  # files of a folder, the first that is there decides
    "run.json": "the folder of a run",
    "bundle.json": "a bundle",
    "model.onnx": "a bundle",
    "transform.json": "a dataset",
    "train.parquet": "a dataset",
    "evaluation.json": "an evaluation",
    "study.json": "a study",
    "service.json": "the record of a service",
    "plan.yaml": "a folder with a plan.yaml",
}
MAGIC: Final = {b"PAR1": "a Parquet table", b"PK\x03\x04": "a zip archive or workbook", b"%PDF": "a PDF"}
SUFFIXES: Final = {
    ".csv": "a CSV table",
    ".tsv": "a CSV table",
    ".ipynb": "a notebook",
    ".onnx": "a model's file",
    ".py": "a Python file",
}
WANTED: Final = {
    "bundle": "the folder of a bundle",
    "dataset": "the folder of a dataset",
    "model": "an ONNX file",
    "plan": "a plan, a YAML file",
    "table": "a CSV or Parquet file",
}
FITTING: Final[dict[Wanted, tuple[str, ...]]] = {
    "bundle": ("a bundle",),
    "dataset": ("a dataset",),
    "model": ("a model's file", "a file"),
    "plan": ("a plan", "a file"),
    "table": ("a CSV table", "a Parquet table", "a file", "a zip archive or workbook", "a PDF", "an HTML page"),
}
_PLAN: Final = re.compile(rb"^(version|data|columns):", re.MULTILINE)


def describe_path(path: Path) -> str:
    """Return what is at a path, in words that complete "it is": ``a bundle``, ``a plan``, ``not there``.

    An existing file that shows no more is ``a file``; nothing is read beyond its first 64 KiB.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return "a link to nothing" if path.is_symlink() else "not there"
    if not os.access(path, os.R_OK):
        return "not readable by you"
    if stat.S_ISDIR(mode):
        return _folder(path)
    return _file(path) if stat.S_ISREG(mode) else "a pipe or device"


def require_kind(path: Path, wanted: Wanted, argument: str) -> None:
    """Refuse a path that shows that it is something else than what is wanted.

    Args:
        path: what was given.
        wanted: what it must be.
        argument: the name of the argument in messages.

    Raises:
        DataError: ``wrong_kind``, or ``missing_file`` where nothing is there.
    """
    fault = wrong_kind(path, wanted)
    if fault:
        is_it, remedy = fault
        code = "missing_file" if is_it in ("not there", "a link to nothing") else "wrong_kind"
        raise DataError(code, f"{argument} must be {WANTED[wanted]}, but {str(path)!r} is {is_it}.", remedy=remedy)


def wrong_kind(path: Path, wanted: Wanted) -> tuple[str, str] | None:
    """Return what a path is instead of what is wanted, and what to do about it; None where nothing speaks against it.

    >>> wrong_kind(Path("nothing/here.csv"), "table")
    ('not there', 'Correct the path.')
    """
    is_it = describe_path(path)
    if is_it in FITTING[wanted]:
        return None
    return is_it, _remedy(path, wanted, is_it)


def _folder(path: Path) -> str:
    for name, kind in MARKERS.items():
        if (path / name).exists():
            return kind
    return "a folder" if any(path.iterdir()) else "an empty folder"


def _file(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        return "a file"  # whoever reads it says that it is empty
    for magic, kind in MAGIC.items():
        if head.startswith(magic):
            return kind
    if path.suffix.lower() in SUFFIXES:
        return SUFFIXES[path.suffix.lower()]
    if head.lstrip()[:9].lower() in (b"<!doctype", b"<html>"):
        return "an HTML page"
    if _PLAN.search(head) and path.suffix.lower() in (".yaml", ".yml", ""):
        return "a plan"
    return "a file"


def _remedy(path: Path, wanted: Wanted, is_it: str) -> str:
    if is_it == "the folder of a run" and (path / wanted).exists():
        return f"Name {path / wanted}."
    if is_it == "a pipe or device" and wanted in ("plan", "table"):
        return "It is read more than once: save it to a file first."
    missing = is_it in ("not there", "a link to nothing", "not readable by you")
    match wanted:
        case "plan":
            return _remedy_plan(path, is_it, missing)
        case "table":
            if is_it == "a dataset":
                return (
                    f"Name one of its tables, such as {min(path.glob('test*.parquet'), default=path / 'test.parquet')}."
                )
            suffix = next((suffix for suffix in (".csv", ".parquet") if any(path.glob(f"*{suffix}"))), "")
            if suffix:
                return f"Name one of its files, or all of them as one table: '{path}/*{suffix}'."
            return "Correct the path." if missing else "Name the file with the rows."
        case "model":
            if is_it == "a bundle" and (path / "model.onnx").is_file():
                return f"It is a bundle already; its model is {path / 'model.onnx'}."
            return "Correct the path, or save the model with onnx.save."
        case _:
            if path.is_file() and not missing and describe_path(path.parent) == f"a {wanted}":
                return f"Name the folder it is in: {path.parent}."
            return f"A run leaves one: runs/NAME/NUMBER/{wanted}."


def _remedy_plan(path: Path, is_it: str, missing: bool) -> str:
    if (path / "plan.yaml").is_file():
        return f"Name {path / 'plan.yaml'}."
    if is_it in ("a CSV table", "a Parquet table"):
        return f"Propose a plan for it with: sevenfold init {shlex.quote(str(path))} --target COLUMN"
    if missing:
        return "Correct the path, or make a plan with: sevenfold init TABLE --target COLUMN"
    return "Make one with: sevenfold init TABLE --target COLUMN"

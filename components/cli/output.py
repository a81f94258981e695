"""The file that a command writes: refused before the work where it cannot be one; no pipe or device is replaced."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import typer

from sevenfold.contracts.errors import DataError
from sevenfold.runtime.recognise import describe_path

__all__ = ["Page", "page_file", "require_file"]

REPLACEABLE: Final = frozenset({"not there", "a link to nothing", "a file", "an HTML page"})


class Page:
    """A page to write.

    Attributes:
        path: the file to write it to.
        streamed: whether it goes on into a pipe or device.
    """

    def __init__(self, path: Path, *, streamed: bool) -> None:
        self.path = path
        self.streamed = streamed

    def say(self, text: str) -> None:
        """Print a line of the command: on stderr where the page is piped, so that it is no part of the page."""
        typer.echo(text, err=self.streamed)


def require_file(path: Path, argument: str, *, suffixes: tuple[str, ...] = (), inputs: Iterable[Path] = ()) -> None:
    """Refuse a path at which no file can be written, or at which one would be lost.

    Args:
        path: what was given.
        argument: the name of the argument in messages.
        suffixes: endings of which the name must have one; none allows any.
        inputs: files that the command reads.

    Raises:
        DataError: ``output``.
    """
    if path.is_dir():
        raise _refused(f"{argument} must be a file to write, but {str(path)!r} is a folder.", "Name a file in it.")
    if suffixes and path.suffix.lower() not in suffixes:
        remedy = "Name a file." if _is_stream(path) else f"Name it {path.with_suffix(suffixes[0])}."
        raise _refused(f"{argument} must end in {' or '.join(suffixes)}, but got {str(path)!r}.", remedy)
    if _is_stream(path):
        return
    is_it = "a file that this command reads" if _is_one_of(path, inputs) else describe_path(path)
    if is_it not in REPLACEABLE:
        raise _refused(
            f"{argument} is written anew as a whole, but {str(path)!r} is {is_it}.",
            "Name another file, or move that one away.",
        )


@contextmanager
def page_file(path: Path, argument: str, inputs: Iterable[Path] = ()) -> Iterator[Page]:
    """Give the file to write a page to, which is then at `path`.

    Where `path` is a pipe or device, such as /dev/null or /dev/stdout, the page is written into it, and nothing takes
    its place.

    Raises:
        DataError: ``output``.
    """
    require_file(path, argument, inputs=inputs)
    if not _is_stream(path):
        yield Page(path, streamed=False)
        return
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        page = Path(work) / "page.html"
        yield Page(page, streamed=True)
        ours = _is_stdout(path)  # which would begin at byte 0 if it were opened anew
        with page.open("rb") as source, open(sys.stdout.fileno() if ours else path, "wb", closefd=not ours) as target:
            shutil.copyfileobj(source, target)


def _is_stream(path: Path) -> bool:
    """Return whether a path is a pipe or device, or stands for an open file, as /dev/stdout does."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    stands_for_one = path.absolute().parts[:2] in (("/", "dev"), ("/", "proc")) and not path.is_dir()
    return stands_for_one or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _is_stdout(path: Path) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):  # stdout is closed, or no file of the system
        return False


def _is_one_of(path: Path, inputs: Iterable[Path]) -> bool:
    return path.exists() and any(each.exists() and path.samefile(each) for each in inputs)


def _refused(rule: str, remedy: str) -> DataError:
    return DataError("output", rule, remedy=remedy)

"""Where a table comes from: a file, http(s), s3 or gs, brought to a local file with care."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from sevenfold.contracts.errors import DataError, MissingExtraError, PolicyError, SevenfoldError, TemporaryError
from sevenfold.runtime.progress import report_progress
from sevenfold.runtime.retry import Backoff, with_retries
from sevenfold.tables.http_source import HTTP_FAULTS, PassingError, open_http, shown

__all__ = ["ATTEMPTS", "CLUSTER_ATTEMPTS", "MAX_BYTES", "resolve_source", "shown"]

MAX_BYTES: Final = 64 << 30
ATTEMPTS: Final = 4  # about three seconds: a person waits
CLUSTER_ATTEMPTS: Final = 12  # at most five minutes: nobody waits, and a store may be moved to another node
CHUNK_BYTES: Final = 1 << 20
STORES: Final = ("s3", "gs")  # of objects; Arrow reads them
_SECRET_KEYS: Final = re.compile(
    r"signature|^sig$|token|secret|passw|credential|api_?key|access_?key|^key$", re.IGNORECASE
)


def resolve_source(
    source: str,
    base: Path,
    work: Path,
    *,
    max_bytes: int = MAX_BYTES,
    attempts: int = ATTEMPTS,
    sleep: Callable[[float], None] = time.sleep,
    what: str = "table",
) -> Path:
    """Return a local file with a source's bytes: the file itself, or a whole copy in `work` of what lies elsewhere.

    Args:
        source: a path (relative to `base`), ``file://``, ``http(s)://``, ``s3://`` or ``gs://`` address.
        base: what a relative path starts from.
        work: folder for the copy, made where needed.
        max_bytes: largest copy.
        attempts: how often a passing fault (no answer, a cut connection, status 429 or 5xx) is tried at all; `Backoff`
            says with which pauses, and that all of it ends after five minutes.
        sleep: waits so many seconds.
        what: the word for it in errors: table, notebook, model source.

    Raises:
        DataError: ``missing_file``, ``source_refused``, ``file_too_large``.
        PolicyError: ``source_scheme``, ``source_secret``, ``source_address``.
        TemporaryError: ``source_unreachable`` once the attempts are used up.
    """
    if "://" not in source:
        return _local(base / source, source, what)
    try:
        parts = urlsplit(source)
        _ = parts.port
    except ValueError as error:
        raise PolicyError(
            "source_scheme", f"A source must be a path or an address, but got one that is neither: {error}."
        ) from None
    _refuse_secrets(source)
    scheme = parts.scheme.lower()
    if scheme == "file":
        if parts.hostname not in (None, "", "localhost"):
            raise PolicyError("source_scheme", f"A file address names no host, but got {shown(source)!r}.")
        return _local(Path(unquote(parts.path)), source, what)
    if scheme not in ("http", "https", *STORES):
        raise PolicyError(
            "source_scheme",
            f"A source is a path, http://, https://, s3:// or gs://, but got {parts.scheme[:20]}://.",
            remedy="Copy the table to one of these.",
        )
    work.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9._-]", "_", Path(unquote(parts.path)).name).lstrip(".") or "table"
    opener = _open_stored if scheme in STORES else open_http
    return _copied(source, opener, work / name, max_bytes, attempts, sleep)


def _local(path: Path, source: str, what: str) -> Path:
    if not path.is_file():
        state = "is a folder" if path.is_dir() else "is not there"
        raise DataError(
            "missing_file",
            f"The {what} must be a file, but {source!r} {state}.",
            remedy="Name a file in it, or all of them as one table, such as FOLDER/*.csv."
            if path.is_dir()
            else "Check the path; in a plan a relative one starts from the plan's folder.",
        )
    return path


def _refuse_secrets(source: str) -> None:
    parts = urlsplit(source)
    if parts.username is not None or parts.password is not None:
        part = "a user or password"
    elif any(_SECRET_KEYS.search(key) for key, _ in parse_qsl(parts.query, keep_blank_values=True)):
        part = "a signature or key"
    else:
        return
    raise PolicyError(
        "source_secret",
        f"An address in a plan holds no secrets, but {shown(source)!r} came with {part}.",
        remedy="Give the stage's service account access, or name a Secret in secrets.storage.",
    )


def _copied(
    source: str,
    opener: Callable[[str], _Opened],
    target: Path,
    max_bytes: int,
    attempts: int,
    sleep: Callable[[float], None],
) -> Path:
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    backoff = Backoff(attempts=attempts)
    try:
        with_retries(
            lambda: _copy(source, opener, temporary, max_bytes),
            (PassingError,),
            backoff=backoff,
            on_message=lambda message: report_progress("source", f"{shown(source)}: {message}"),
            sleep=sleep,
        )
        return temporary.replace(target)
    except PassingError as fault:
        raise TemporaryError(
            "source_unreachable",
            f"{shown(source)} must answer with the whole table within {attempts} attempts and "
            f"{backoff.budget_seconds:.0f} s, but did not: {fault}",
            remedy="See whether the address is right and the server is up, then run again.",
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


_Opened = Any  # a context manager that gives (readable stream, bytes that are announced or None)


def _copy(source: str, opener: Callable[[str], _Opened], target: Path, max_bytes: int) -> None:
    try:
        with opener(source) as (stream, announced), target.open("wb") as out:
            done = 0
            _refuse_large(source, announced or 0, max_bytes)
            while chunk := stream.read(CHUNK_BYTES):
                done += len(chunk)
                _refuse_large(source, done, max_bytes)
                out.write(chunk)
    except SevenfoldError:
        raise
    except HTTP_FAULTS as error:
        raise PassingError(str(error)[:200] or type(error).__name__) from error
    if announced is not None and done != announced:
        raise PassingError(f"{done} of {announced} bytes came")


def _refuse_large(source: str, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise DataError(
            "file_too_large",
            f"A table may have at most {max_bytes} bytes, but {shown(source)} has {size} or more.",
            remedy="Export fewer columns or rows, or Parquet.",
        )


@contextmanager
def _open_stored(source: str) -> Iterator[tuple[IO[bytes], int | None]]:
    try:
        from pyarrow import fs
    except ImportError as error:
        raise MissingExtraError("pyarrow", "prepare") from error
    try:
        system, path = fs.FileSystem.from_uri(source)
        info = system.get_file_info(path)
        if info.type == fs.FileType.NotFound:
            raise FileNotFoundError(path)
        with system.open_input_stream(path, compression=None) as stream:
            yield stream, info.size
    except FileNotFoundError:
        raise DataError(
            "missing_file", f"The table must be there, but {shown(source)} is not.", remedy="Check bucket and key."
        ) from None
    except PermissionError:
        raise DataError(
            "source_refused",
            f"{shown(source)} must be readable from here, but access was denied.",
            remedy="Give the stage's service account access, or name a Secret in secrets.storage.",
        ) from None
    except OSError as error:
        if any(word in str(error) for word in ("ACCESS_DENIED", "PERMISSION_DENIED", "403")):
            raise DataError(
                "source_refused", f"{shown(source)} must be readable from here, but access was denied."
            ) from None
        raise PassingError(str(error)[:200]) from error

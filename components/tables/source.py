"""Where a table comes from: a file, http(s) or s3, brought to a local file with care."""

from __future__ import annotations

import http.client
import ipaddress
import re
import secrets
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from sevenfold.contracts.canonical import file_digest
from sevenfold.contracts.errors import DataError, MissingExtraError, PolicyError, SevenfoldError, TemporaryError
from sevenfold.runtime.progress import report_progress
from sevenfold.runtime.retry import Backoff, with_retries

__all__ = ["ATTEMPTS", "CLUSTER_ATTEMPTS", "MAX_BYTES", "resolve_source", "shown", "source_digest"]

MAX_BYTES: Final = 64 << 30
ATTEMPTS: Final = 4  # about three seconds: a person waits
CLUSTER_ATTEMPTS: Final = 12  # at most five minutes: nobody waits, and a store may be moved to another node
TIMEOUT_SECONDS: Final = 30.0
CHUNK_BYTES: Final = 1 << 20
PASSING_STATUS: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_SECRET_KEYS: Final = re.compile(
    r"signature|^sig$|token|secret|passw|credential|api_?key|access_?key|^key$", re.IGNORECASE
)


def source_digest(path: Path) -> str:
    """Return ``sha256:<hex>`` of a table's bytes."""
    return file_digest(path)


def shown(source: str) -> str:
    """Return an address as it may be shown: without user, password and query."""
    parts = urlsplit(source)
    if "://" not in source:
        return source
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


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
        source: a path (relative to `base`), ``file://``, ``http(s)://`` or ``s3://`` address.
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
    if scheme not in ("http", "https", "s3"):
        raise PolicyError(
            "source_scheme",
            f"A source is a path, http://, https:// or s3://, but got {parts.scheme[:20]}://.",
            remedy="Copy the table to one of these.",
        )
    work.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9._-]", "_", Path(unquote(parts.path)).name).lstrip(".") or "table"
    opener = _open_s3 if scheme == "s3" else _open_http
    return _copied(source, opener, work / name, max_bytes, attempts, sleep)


def _local(path: Path, source: str, what: str) -> Path:
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "is not there"
        raise DataError(
            "missing_file",
            f"The {what} must be a file, but {source!r} {found}.",
            remedy="A relative path starts from the plan's folder.",
        )
    return path


def _refuse_secrets(source: str) -> None:
    parts = urlsplit(source)
    if parts.username is not None or parts.password is not None:
        found = "a user or password"
    elif any(_SECRET_KEYS.search(key) for key, _ in parse_qsl(parts.query, keep_blank_values=True)):
        found = "a signature or key"
    else:
        return
    raise PolicyError(
        "source_secret",
        f"An address in a plan holds no secrets, but {shown(source)!r} came with {found}.",
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
            (_PassingError,),
            backoff=backoff,
            on_message=lambda message: report_progress("source", f"{shown(source)}: {message}"),
            sleep=sleep,
        )
        return temporary.replace(target)
    except _PassingError as fault:
        raise TemporaryError(
            "source_unreachable",
            f"{shown(source)} must answer with the whole table within {attempts} attempts and "
            f"{backoff.budget_seconds:.0f} s, but did not: {fault}",
            remedy="See whether the address is right and the server is up, then run again.",
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


class _PassingError(Exception):
    """A fault that another attempt may not meet."""


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
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, socket.gaierror) as error:
        raise _PassingError(str(error)[:200] or type(error).__name__) from error
    if announced is not None and done != announced:
        raise _PassingError(f"{done} of {announced} bytes came")


def _refuse_large(source: str, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise DataError(
            "file_too_large",
            f"A table may have at most {max_bytes} bytes, but {shown(source)} has {size} or more.",
            remedy="Export fewer columns or rows, or Parquet.",
        )


@contextmanager
def _open_http(source: str) -> Iterator[tuple[IO[bytes], int | None]]:
    host = urlsplit(source).hostname or ""
    _check_host(host)
    request = urllib.request.Request(source, headers={"Accept-Encoding": "identity"})  # noqa: S310 — scheme is checked
    opener = urllib.request.build_opener(_Redirects, _Http, _Https)
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            length = response.headers.get("Content-Length", "")
            yield response, int(length) if length.isdecimal() else None
    except urllib.error.HTTPError as error:
        with error:
            if error.code in PASSING_STATUS:
                raise _PassingError(f"status {error.code}") from None
            code = "missing_file" if error.code in (404, 410) else "source_refused"
            raise DataError(
                code,
                f"{shown(source)} must answer with the table, but answered with status {error.code}.",
                remedy="See whether the address is right and may be read from here.",
            ) from None


@contextmanager
def _open_s3(source: str) -> Iterator[tuple[IO[bytes], int | None]]:
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
        if "ACCESS_DENIED" in str(error) or "403" in str(error):
            raise DataError(
                "source_refused", f"{shown(source)} must be readable from here, but access was denied."
            ) from None
        raise _PassingError(str(error)[:200]) from error


def _check_host(host: str) -> None:
    """Refuse hosts of the link: a cloud's metadata service answers there and hands out credentials."""
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError) as error:
        raise _PassingError(f"the host {host!r} is not known: {error}") from error
    for address in found:
        _check_address(str(address), host)


def _check_address(address: str, host: str) -> None:
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified or str(ip) == "fd00:ec2::254":
        raise PolicyError(
            "source_address",
            f"A table never comes from a link-local address, but {host!r} is {ip}.",
            remedy="Name the server that holds the table.",
        )


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to where a plan could have pointed."""

    max_redirections = 5

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if urlsplit(newurl).scheme.lower() not in ("http", "https"):
            raise PolicyError("source_scheme", "A redirect must lead to http or https, but led elsewhere.")
        _check_host(urlsplit(newurl).hostname or "")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _CheckedConnection(http.client.HTTPConnection):
    """Checks the address it is really connected to, which a name may have changed since it was looked up."""

    def connect(self) -> None:
        super().connect()
        _check_address(self.sock.getpeername()[0], self.host)


class _CheckedTlsConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _check_address(self.sock.getpeername()[0], self.host)


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: Any) -> Any:
        return self.do_open(_CheckedConnection, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: Any) -> Any:
        return self.do_open(_CheckedTlsConnection, req)

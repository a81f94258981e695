"""A table over HTTP: redirects and addresses are checked before a byte is sent, and the length is announced.

The client is the standard library's, since its connections can be checked after they are made and before they are used:
a name may have changed its address since it was looked up.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Final
from urllib.parse import urlsplit

from sevenfold.contracts.errors import DataError, PolicyError

__all__ = ["HTTP_FAULTS", "PassingError", "open_http", "shown"]

TIMEOUT_SECONDS: Final = 30.0
PASSING_STATUS: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
HTTP_FAULTS: Final = (
    urllib.error.URLError,
    http.client.HTTPException,
    TimeoutError,
    ConnectionError,
    socket.gaierror,
)


class PassingError(Exception):
    """A fault that another attempt may not meet."""


def shown(source: str) -> str:
    """Return an address as it may be shown: without user, password and query."""
    parts = urlsplit(source)
    if "://" not in source:
        return source
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


@contextmanager
def open_http(source: str) -> Iterator[tuple[IO[bytes], int | None]]:
    """Yield the body of an http(s) address and its announced length, None where there is none.

    Raises:
        DataError: ``missing_file``, ``source_refused``.
        PolicyError: ``source_address``, ``source_scheme``.
        PassingError: an answer that another attempt may not meet.
    """
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
                raise PassingError(f"status {error.code}") from None
            code = "missing_file" if error.code in (404, 410) else "source_refused"
            raise DataError(
                code,
                f"{shown(source)} must answer with the table, but answered with status {error.code}.",
                remedy="See whether the address is right and may be read from here.",
            ) from None


def _check_host(host: str) -> None:
    """Refuse hosts of the link: a cloud's metadata service answers there and hands out credentials."""
    try:
        addresses = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError) as error:
        raise PassingError(f"the host {host!r} is not known: {error}") from error
    for address in addresses:
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

"""What an address of Prometheus may be, and how it is shown."""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["address_fault", "shown_address"]


def address_fault(url: str) -> str:
    """Return what is wrong with an address of Prometheus, never showing it; "" if nothing is.

    >>> address_fault("http://prometheus.monitoring.svc:9090")
    ''
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "must be a web address"
    if parts.scheme not in ("http", "https") or not host or any(ch.isspace() or ch < " " for ch in url):
        return "must start with http:// or https:// and name a host"
    if parts.username is not None or parts.password is not None:
        return "must hold no user and no password"
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return "must end before any ? or #, where keys and signatures are written"
    return ""


def shown_address(url: str) -> str:
    """Return an address as it may be shown: no user, no password, nothing after ? or #."""
    bare = url.split("?")[0].split("#")[0]
    head, sign, rest = bare.rpartition("@")
    return f"{head.partition('://')[0]}://…@{rest}"[:80] if sign else bare[:80]

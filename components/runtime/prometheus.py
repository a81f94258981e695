"""How a stage reaches Prometheus: which addresses are allowed, and the login of a Prometheus that asks for one."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sevenfold.contracts.errors import MonitoringError

__all__ = ["PROMETHEUS_KEYS", "PrometheusLogin", "address_fault", "shown_address"]

# The keys that the Secret of `secrets.prometheus` may hold; each is also the name of an environment variable.
PROMETHEUS_KEYS = ("PROMETHEUS_TOKEN", "PROMETHEUS_USERNAME", "PROMETHEUS_PASSWORD", "PROMETHEUS_CA")


def address_fault(url: str) -> str:
    """Return what is wrong with an address of Prometheus, without the address itself; "" if nothing is.

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
    """Return an address in a form that is safe to show: no user, no password, nothing after ? or #."""
    bare = url.split("?")[0].split("#")[0]
    head, sign, rest = bare.rpartition("@")
    return f"{head.partition('://')[0]}://…@{rest}"[:80] if sign else bare[:80]


@dataclass(frozen=True)
class PrometheusLogin:
    """A login; empty for a Prometheus that needs none. Its `repr` never shows what it holds.

    Args:
        token: sent as a bearer token; a name and a password beside it are not sent.
        username: sent with `password` as HTTP's basic authentication.
        password: of `username`.
        authority: certificates in PEM format that are trusted instead of the machine's own.

    White space around the values is removed: a Secret made from a file ends in a line break.
    """

    token: str = field(default="", repr=False)
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    authority: str = field(default="", repr=False)

    def header(self) -> str:
        """Return the value of the Authorization header; "" for none.

        Raises:
            MonitoringError: ``bad_login`` if a token is no single line of printable ASCII, or a name has a colon.
        """
        token = self.token.strip()
        if token:
            if not token.isascii() or not token.isprintable():
                raise _bad("PROMETHEUS_TOKEN", "must be one line of printable ASCII")
            return f"Bearer {token}"
        name = self.username.strip()
        if not name:
            return ""
        if ":" in name:
            raise _bad("PROMETHEUS_USERNAME", "must hold no colon")
        pair = f"{name}:{self.password.strip()}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    def trust(self) -> ssl.SSLContext:
        """Return the TLS settings that decide which certificates are trusted.

        Raises:
            MonitoringError: ``bad_login`` if `authority` is no certificate.
        """
        authority = self.authority.strip()
        try:
            return ssl.create_default_context(cadata=authority or None)
        except (ssl.SSLError, ValueError) as error:
            raise _bad("PROMETHEUS_CA", "must hold certificates in PEM format") from error


def _bad(key: str, rule: str) -> MonitoringError:
    remedy = "Correct it in the Secret that the plan names as secrets.prometheus."
    return MonitoringError("bad_login", f"{key} {rule}, but what was given breaks this.", remedy=remedy)

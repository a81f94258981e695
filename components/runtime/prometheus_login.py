"""What a Prometheus behind a login asks for: a token, or a name and a password, and whose certificates to trust."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass, field

from sevenfold.contracts.errors import MonitoringError

__all__ = ["PROMETHEUS_KEYS", "PrometheusLogin"]

# What the Secret of `secrets.prometheus` may hold, each key the name of the variable it becomes.
PROMETHEUS_KEYS = ("PROMETHEUS_TOKEN", "PROMETHEUS_USERNAME", "PROMETHEUS_PASSWORD", "PROMETHEUS_CA")


@dataclass(frozen=True)
class PrometheusLogin:
    """A login; empty for a Prometheus that lets everybody ask. It never shows what it holds.

    Args:
        token: sent as a bearer token; a name and a password beside it are not sent.
        username: sent with `password` as HTTP's basic authentication.
        password: of `username`.
        authority: certificates in PEM format that are trusted instead of the machine's own.

    White space around them is not part of them: a Secret made from a file ends in a line break.
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
        """Return what decides which certificates are trusted.

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

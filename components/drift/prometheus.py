"""A small client of Prometheus: it asks, and changes nothing."""

from __future__ import annotations

import http.client
import math
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from sevenfold.contracts.errors import MonitoringError, SevenfoldError, TemporaryError
from sevenfold.runtime.prometheus_address import address_fault
from sevenfold.runtime.prometheus_login import PrometheusLogin

__all__ = ["PrometheusClient", "Series", "selector"]

MAX_ANSWER_BYTES: Final = 64 << 20
CHUNK_BYTES: Final = 1 << 16
PASSING_STATUS: Final = frozenset({408, 425, 429})
REFUSED_STATUS: Final = frozenset({301, 302, 303, 307, 308, 401, 403})  # a redirect leads to a page to log in at
LOGIN: Final = (
    "Name a Secret with PROMETHEUS_TOKEN, or PROMETHEUS_USERNAME and PROMETHEUS_PASSWORD, as secrets.prometheus, "
    "and see that they let it in."
)


@dataclass(frozen=True)
class Series:
    """One series: its labels, ``__name__`` among them, and its samples (seconds since the epoch, value) in order."""

    labels: dict[str, str]
    samples: tuple[tuple[float, float], ...]

    @property
    def value(self) -> float:
        """The last sample's value."""
        return self.samples[-1][1]


def selector(names: str | list[str] | tuple[str, ...], labels: Mapping[str, str]) -> str:
    """Return the PromQL selector of one metric, or of several, with these labels.

    >>> selector("up", {"job": "a"})
    '{__name__="up",job="a"}'
    """
    name = f'__name__="{names}"' if isinstance(names, str) else f'__name__=~"{"|".join(names)}"'
    return "{" + ",".join([name, *(f"{key}={_quoted(value)}" for key, value in labels.items())]) + "}"


class PrometheusClient:
    """Ask one Prometheus, or what speaks its HTTP API.

    Args:
        url: its address, with the path it is served under, if any.
        login: sent with every question, to this address alone.
        timeout_seconds: longest time of one question, the answer's transfer included.
        max_bytes: largest answer that is read.

    No proxy of the environment is used and no redirect followed: what answers is what the plan names.

    Raises:
        MonitoringError: ``bad_address`` if `address_fault` finds one; what `PrometheusLogin` raises.
    """

    def __init__(
        self,
        url: str,
        login: PrometheusLogin | None = None,
        *,
        timeout_seconds: float = 10.0,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, build_opener

        class _NoRedirect(HTTPRedirectHandler):
            def redirect_request(self, *_: Any, **__: Any) -> None:
                return None

        fault = address_fault(url)
        if fault:
            raise MonitoringError("bad_address", f"monitoring.prometheus {fault}.", remedy="Correct it in the plan.")
        self.url = url.rstrip("/")
        self.timeout_seconds = timeout_seconds
        self.max_bytes = max_bytes
        login = login or PrometheusLogin()
        self._opener = build_opener(ProxyHandler({}), _NoRedirect(), HTTPSHandler(context=login.trust()))
        header = login.header()
        self._headers = {"Authorization": header} if header else {}

    def query(self, expression: str, *, at: float | None = None) -> list[Series]:
        """Evaluate an expression at one moment; None is now, by Prometheus's own clock.

        Returns:
            One series with one sample per element of a vector or scalar; all raw samples of a range selector.

        Raises:
            TemporaryError: ``prometheus_unreachable`` if there is no answer in time, or none but 5xx or 429.
            MonitoringError: ``prometheus_refused`` for any other refusal, ``prometheus_untrusted`` for a certificate,
                ``not_prometheus``, ``answer_too_large``.
        """
        form = {"query": expression, "timeout": f"{max(1, math.ceil(self.timeout_seconds))}s"}
        if at is not None:
            form["time"] = f"{at:.3f}"
        data = self._ask("/api/v1/query", form)
        try:
            return _series(data["resultType"], data["result"])
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise self._no_prometheus() from error

    def now(self) -> float:
        """Return Prometheus's own time, seconds since the epoch; raises what `query` raises."""
        return self.query("time()")[0].value

    def samples(self, chosen: str, *, since: float, until: float) -> list[Series]:
        """Return the raw samples of a selector between two moments, seconds since the epoch.

        Raises:
            TemporaryError, MonitoringError: as `query` does.
        """
        return self.query(f"{chosen}[{max(1, math.ceil(until - since))}s]", at=until)

    def rules(self) -> list[dict[str, Any]]:
        """Return every rule Prometheus has loaded, as its API tells them; raises what `query` raises."""
        data = self._ask("/api/v1/rules", None)
        try:
            return [rule for group in data["groups"] for rule in group["rules"]]
        except (KeyError, TypeError) as error:
            raise self._no_prometheus() from error

    def _ask(self, path: str, form: Mapping[str, str] | None) -> Any:
        from urllib.error import HTTPError
        from urllib.request import Request

        body = urlencode(form).encode() if form is not None else None
        question = Request(self.url + path, data=body, headers=self._headers)  # noqa: S310 — http by `address_fault`
        try:
            with self._opener.open(question, timeout=self.timeout_seconds) as answer:
                received = self._read(answer)
        except HTTPError as error:
            with error:
                raise self._refused(error.code, _told(error)) from None
        except (OSError, http.client.HTTPException) as error:
            if isinstance(getattr(error, "reason", error), ssl.SSLCertVerificationError):
                raise self._untrusted() from error
            raise self._unreachable(f"{type(error).__name__}: {error}") from error
        try:
            answered = orjson.loads(received)
            if answered["status"] != "success":
                raise ValueError(answered["status"])
            return answered["data"]
        except (ValueError, KeyError, TypeError) as error:
            raise self._no_prometheus() from error

    def _read(self, answer: Any) -> bytes:
        deadline, parts, size = time.monotonic() + self.timeout_seconds, [], 0
        while part := answer.read1(CHUNK_BYTES):
            parts.append(part)
            size += len(part)
            if size > self.max_bytes:
                raise MonitoringError(
                    "answer_too_large",
                    f"An answer of Prometheus may have {self.max_bytes:,} bytes, but this one has more.",
                    remedy="Take shorter windows, or fewer features.",
                )
            if time.monotonic() > deadline:
                raise TimeoutError(f"no whole answer within {self.timeout_seconds:g} s")
        if answer.length:
            raise http.client.IncompleteRead(b"".join(parts), answer.length)
        return b"".join(parts)

    def _refused(self, status: int, told: str) -> SevenfoldError:
        if status >= 500 or status in PASSING_STATUS:
            return self._unreachable(f"status {status}{told}")
        return MonitoringError(
            "prometheus_refused",
            f"Prometheus at {self.url} must answer, but refuses with status {status}{told}",
            remedy=LOGIN
            if status in REFUSED_STATUS
            else "See that monitoring.prometheus is its address, with its path.",
        )

    def _untrusted(self) -> MonitoringError:
        return MonitoringError(
            "prometheus_untrusted",
            f"Prometheus at {self.url} must show a certificate that is trusted here, but does not.",
            remedy="Put its authority's certificate as PROMETHEUS_CA into the Secret that secrets.prometheus names.",
        )

    def _unreachable(self, what: str) -> TemporaryError:
        return TemporaryError(
            "prometheus_unreachable",
            f"Prometheus at {self.url} must answer, but got {what[:300]}",
            remedy="See whether it runs, and whether a network policy lets this pod ask it.",
        )

    def _no_prometheus(self) -> MonitoringError:
        return MonitoringError(
            "not_prometheus",
            f"{self.url} must answer as Prometheus does, but does not.",
            remedy="See that monitoring.prometheus is its address, with its path.",
        )


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _told(answer: Any) -> str:
    try:
        return f": {orjson.loads(answer.read(4_096))['error']}"[:300]
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return "."


def _series(kind: str, result: Any) -> list[Series]:
    if kind == "scalar":
        return [Series({}, (_sample(result),))]
    if kind == "vector":
        return [Series(row["metric"], (_sample(row["value"]),)) for row in result if "value" in row]
    if kind == "matrix":
        return [Series(row["metric"], tuple(map(_sample, row["values"]))) for row in result if row.get("values")]
    raise ValueError(kind)


def _sample(pair: Any) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])

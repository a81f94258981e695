"""A small client of Prometheus's HTTP API: it reads, and changes nothing."""

from __future__ import annotations

import logging
import math
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from sevenfold.contracts.errors import MissingExtraError, MonitoringError, SevenfoldError, TemporaryError
from sevenfold.runtime.prometheus import PrometheusLogin, address_fault

if TYPE_CHECKING:
    import httpx

__all__ = ["PrometheusClient", "Series", "selector"]

MAX_ANSWER_BYTES: Final = 64 << 20
MAX_ERROR_BYTES: Final = 4_096  # of a refusal, for its message
PASSING_STATUS: Final = frozenset({408, 425, 429})
REFUSED_STATUS: Final = frozenset({301, 302, 303, 307, 308, 401, 403})  # a redirect leads to a page to log in at
LOGIN: Final = (
    "Name a Secret with PROMETHEUS_TOKEN, or PROMETHEUS_USERNAME and PROMETHEUS_PASSWORD, as secrets.prometheus, "
    "and check that Prometheus accepts them."
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
    """Reads from one Prometheus, or from a server with the same HTTP API.

    Args:
        url: its address, with the path it is served under, if any.
        login: sent with every request, to this address alone.
        timeout_seconds: longest time of one request, the transfer of the answer included.
        max_bytes: largest answer that is read.

    Each request opens a connection of its own. No proxy of the environment is used and no redirect is followed: only
    the server that the plan names is asked.

    Raises:
        MonitoringError: ``bad_address`` where `address_fault` reports a fault; what `PrometheusLogin` raises.
        MissingExtraError: if httpx is not installed.
    """

    def __init__(
        self,
        url: str,
        login: PrometheusLogin | None = None,
        *,
        timeout_seconds: float = 10.0,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        fault = address_fault(url)
        if fault:
            raise MonitoringError("bad_address", f"monitoring.prometheus {fault}.", remedy="Correct it in the plan.")
        try:
            import httpx  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("httpx", "monitor") from error
        # httpx logs a line per request at INFO, the level of a Kubeflow task: a watch would fill its log with them.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self.url = url.rstrip("/")
        self.timeout_seconds = timeout_seconds
        self.max_bytes = max_bytes
        login = login or PrometheusLogin()
        self._trust = login.trust()
        header = login.header()
        # An answer that is not compressed cannot grow while it is read, so `max_bytes` bounds it.
        self._headers = {"Accept-Encoding": "identity", **({"Authorization": header} if header else {})}

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
        """Return every rule Prometheus has loaded, as its API lists them; raises what `query` raises."""
        data = self._ask("/api/v1/rules", None)
        try:
            return [rule for group in data["groups"] for rule in group["rules"]]
        except (KeyError, TypeError) as error:
            raise self._no_prometheus() from error

    def _ask(self, path: str, form: Mapping[str, str] | None) -> Any:
        import httpx

        method = "GET" if form is None else "POST"
        try:
            with (
                httpx.Client(
                    verify=self._trust, trust_env=False, follow_redirects=False, timeout=self.timeout_seconds
                ) as client,
                client.stream(method, self.url + path, data=form, headers=self._headers) as answer,
            ):
                if not answer.is_success:
                    raise self._refused(answer.status_code, _reason(answer))
                received = self._read(answer)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            if _is_untrusted(error):
                raise self._untrusted() from error
            raise self._unreachable(f"{type(error).__name__}: {error}") from error
        try:
            document = orjson.loads(received)
            if document["status"] != "success":
                raise ValueError(document["status"])
            return document["data"]
        except (ValueError, KeyError, TypeError) as error:
            raise self._no_prometheus() from error

    def _read(self, answer: httpx.Response) -> bytes:
        deadline, parts, size = time.monotonic() + self.timeout_seconds, [], 0
        for part in answer.iter_raw():
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
        return b"".join(parts)

    def _refused(self, status: int, reason: str) -> SevenfoldError:
        if status >= 500 or status in PASSING_STATUS:
            return self._unreachable(f"status {status}{reason}")
        return MonitoringError(
            "prometheus_refused",
            f"Prometheus at {self.url} must answer, but refuses with status {status}{reason}",
            remedy=LOGIN
            if status in REFUSED_STATUS
            else "Check that monitoring.prometheus is its address, with its path.",
        )

    def _untrusted(self) -> MonitoringError:
        return MonitoringError(
            "prometheus_untrusted",
            f"Prometheus at {self.url} must show a certificate that is trusted here, but does not.",
            remedy="Put its authority's certificate as PROMETHEUS_CA into the Secret that secrets.prometheus names.",
        )

    def _unreachable(self, fault: str) -> TemporaryError:
        return TemporaryError(
            "prometheus_unreachable",
            f"Prometheus at {self.url} must answer, but got {fault[:300]}",
            remedy="Check that it runs, and that a network policy lets this pod reach it.",
        )

    def _no_prometheus(self) -> MonitoringError:
        return MonitoringError(
            "not_prometheus",
            f"{self.url} must answer as Prometheus does, but does not.",
            remedy="Check that monitoring.prometheus is its address, with its path.",
        )


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _reason(answer: httpx.Response) -> str:
    """Return the error that a refusal names, from the first bytes of its body."""
    import httpx

    body = b""
    try:
        for part in answer.iter_raw():
            body += part
            if len(body) >= MAX_ERROR_BYTES:
                break
        return f": {orjson.loads(body[:MAX_ERROR_BYTES])['error']}"[:300]
    except (OSError, ValueError, KeyError, TypeError, httpx.HTTPError):
        return "."


def _is_untrusted(error: BaseException | None) -> bool:
    """Whether a certificate was refused: httpx wraps the reason of a failed connection twice."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


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

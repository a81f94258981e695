"""A small client of a predictor: the open inference protocol (V2) over one kept connection.

It uses http.client: httpx takes about five times the CPU of a small request, and a replay sends thousands of them.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import numpy as np
import orjson

from sevenfold.contracts.errors import InputError, ServingError, TemporaryError
from sevenfold.contracts.service import BUNDLE_HEADER
from sevenfold.scoring.tensors import HEADER_LENGTH, decode_tensors, encode_tensors

__all__ = ["InferenceClient"]

MAX_ANSWER_BYTES = 256 << 20


class InferenceClient:
    """Sends requests to one model of a predictor.

    Args:
        url: ``http://host:port``; ``https`` works too.
        model: the served name.
        timeout_seconds: longest wait for one step of a request.

    The connection is kept between calls and opened again once where the server has closed it. Not for several threads.
    """

    def __init__(self, url: str, model: str, *, timeout_seconds: float = 10.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServingError("bad_url", f"A predictor's address starts with http://, but got {url[:64]!r}.")
        self.url = url.rstrip("/")
        self.model = model
        self.bundle = ""  # digest of the bundle that made the last answer
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=timeout_seconds)

    def infer(
        self,
        feeds: Mapping[str, np.ndarray[Any, Any]],
        *,
        headers: Mapping[str, str] | None = None,
        binary: bool = True,
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Send the model's inputs and return its outputs by name.

        Args:
            feeds: one array of shape ``[rows]`` per graph input, as `sevenfold.scoring.feeds` makes them.
            headers: more HTTP headers, such as the replay mark.
            binary: raw values instead of JSON, in both directions.

        Returns:
            ``label`` object ``[rows]`` and ``probabilities`` float32 ``[rows, classes]``, or ``value`` float64
            ``[rows]``.

        Raises:
            ServingError: ``http_<status>`` for an answer other than 200, ``bad_answer`` for one that is no V2 answer.
            TemporaryError: ``unreachable`` if there is no answer at all.
        """
        head: dict[str, Any] = {"parameters": {"binary_data_output": True}} if binary else {}
        body, length = encode_tensors(feeds, key="inputs", head=head, binary=binary)
        sent = {"content-type": "application/json", **(headers or {})}
        if length is not None:
            sent |= {"content-type": "application/octet-stream", HEADER_LENGTH: str(length)}
        path = f"/v2/models/{quote(self.model, safe='')}/infer"
        status, answer, received = self.request("POST", path, body, sent)
        if status != 200:
            raise _refused(status, received)
        try:
            cut = int(answer.get(HEADER_LENGTH, len(received)))
            entries = orjson.loads(received[:cut])["outputs"]
            return decode_tensors(entries, memoryview(received)[cut:])
        except (ValueError, KeyError, TypeError, InputError) as error:
            raise ServingError("bad_answer", f"An answer holds V2 outputs, but this one does not: {error}") from error

    def ready(self) -> bool:
        """Whether the model takes requests; False too where nothing answers."""
        try:
            return self.request("GET", f"/v2/models/{quote(self.model, safe='')}/ready")[0] == 200
        except TemporaryError:
            return False

    def metrics(self) -> str:
        """Return the predictor's metrics in the Prometheus text format.

        Raises:
            ServingError: ``http_<status>`` for an answer other than 200.
            TemporaryError: ``unreachable``.
        """
        status, _, body = self.request("GET", "/metrics")
        if status != 200:
            raise _refused(status, body)
        return body.decode()

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request; return status, headers by lower-case name and body.

        Raises:
            TemporaryError: ``unreachable`` if there is no answer, also not on a new connection.
        """
        fresh = self._connection.sock is None
        try:
            return self._exchange(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            # A kept connection may have been closed by the server between two calls: try once more.
            stale = isinstance(error, http.client.RemoteDisconnected | ConnectionError)
            if not fresh and stale:
                try:
                    return self._exchange(method, path, body, headers)
                except (OSError, http.client.HTTPException):
                    self.close()
            raise TemporaryError(
                "unreachable",
                f"The predictor at {self.url} must answer, but got {type(error).__name__}: {str(error)[:200]}",
                remedy="Check whether it still runs, and read its log.",
            ) from error

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        connection = self._connection
        connection.request(method, path, body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        received = answer.read(MAX_ANSWER_BYTES)
        if not answer.isclosed():
            raise http.client.HTTPException(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
        given = {name.lower(): value for name, value in answer.getheaders()}
        self.bundle = given.get(BUNDLE_HEADER, self.bundle)
        return answer.status, given, received

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _refused(status: int, body: bytes) -> ServingError:
    try:
        refusal = orjson.loads(body)["error"]
        text = f"{refusal['code']}: {refusal['message']}"
        field = refusal.get("field") or ""
    except (ValueError, KeyError, TypeError):
        text, field = body[:200].decode(errors="replace"), ""
    at = f" (field {field!r})" if field else ""
    return ServingError(f"http_{status}", f"The predictor must answer 200, but got {status}: {text}{at}")

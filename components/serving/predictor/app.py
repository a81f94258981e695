"""The predictor as an ASGI application: KServe's V1 and V2 protocols over HTTP, SageMaker's, health and metrics.

A request is read within its limits, waits for one pass of the event loop so that all requests that have arrived are
counted, and is answered or refused. Whatever a client sends, the answer is a prediction or a small JSON error.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, Final

from sevenfold.contracts.errors import InputError, IntegrityError, PolicyError, ServingError, SevenfoldError
from sevenfold.contracts.service import BUNDLE_HEADER, REPLAY_HEADER, REPLAY_VALUE
from sevenfold.drift.feedback_counts import FeedbackCounter
from sevenfold.drift.live_counts import DriftCounter
from sevenfold.scoring.tensors import HEADER_LENGTH
from sevenfold.serving.predictor.answer import (
    JSON,
    RETRY,
    Headers,
    Send,
    head_of,
    require_json,
    send_answer,
    takes_refined,
)
from sevenfold.serving.predictor.body import BodyReader, Receive
from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.predictor.meter import Meter
from sevenfold.serving.predictor.model import ServedModel
from sevenfold.serving.predictor.pages import INVOCATIONS, Page, pages
from sevenfold.serving.predictor.refusal import CLOSED_WITH, REPLY, ClientGone, Refusal, refusal_body, refusal_of
from sevenfold.serving.predictor.v1 import encode_v1, read_v1
from sevenfold.serving.predictor.v2 import encode_v2, read_v2

__all__ = ["Predictor"]

Answer = tuple[bytes, list[tuple[bytes, bytes]]]
Handler = Callable[[Headers, bytes, bool], Answer]

CLOSE: Final = (b"connection", b"close")
BINARY: Final = (b"content-type", b"application/octet-stream")
_REPLAY: Final = REPLAY_HEADER.encode()
_SMOKE: Final = REPLAY_VALUE.encode()
_LENGTH: Final = HEADER_LENGTH.encode()

log = logging.getLogger("sevenfold.serving")


class Predictor:
    """Serves one bundle under one name; `load` replaces it whole, or not at all.

    Args:
        limits: what is accepted at most.
        name: the name before the first model is loaded.
        predict_route: one more address of V1's predictions; "" for none.
        health_route: one more address that says whether it is ready.
        takes_feedback: whether labels are fed back: then there are series of them.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        name: str = "model",
        predict_route: str = "",
        health_route: str = "",
        takes_feedback: bool = False,
    ) -> None:
        self.limits = limits
        self.takes_feedback = takes_feedback
        self.feedback: FeedbackCounter | None = None
        self.predict_route, self.health_route = predict_route, health_route
        self.meter = Meter(name)
        self.draining = False
        self._body = BodyReader(limits)
        self._waiting = 0
        self._model: ServedModel | None = None
        self._drift: DriftCounter | None = None
        self.common: list[tuple[bytes, bytes]] = []
        self._predictions: dict[str, Handler] = {}
        self._pages: dict[str, Page] = pages(self)

    @property
    def model(self) -> ServedModel | None:
        """The model that serves now."""
        return self._model

    @property
    def ready(self) -> bool:
        """Whether this predictor should get requests."""
        return self._model is not None and not self.draining

    def load(self, load: Callable[[], ServedModel]) -> ServedModel:
        """Load a model and let it serve; if it is refused, what served before goes on serving.

        Raises:
            SevenfoldError: why it was refused; counted, and written to the log as an audit line.
        """
        try:
            model = load()
        except SevenfoldError as error:
            family = {IntegrityError: "integrity", PolicyError: "policy"}.get(type(error), "other")
            self.meter.refused[family] += 1
            log.error("model refused", extra={"data": {"reason": family, "code": error.code, "cause": error.message}})
            raise
        self._drift = DriftCounter(model.signature, model.reference)
        self._model = model
        if self.takes_feedback:
            rmse = model.info.metrics.get("rmse", 0.0)
            self.feedback = FeedbackCounter(model.signature, model.reference, rmse=rmse)
        self.meter.serve(model, self._drift, self.feedback)
        self.common = [(BUNDLE_HEADER.encode(), model.digest.encode())]
        self._predictions = {
            f"/v1/models/{model.name}:predict": self._v1,
            INVOCATIONS: self._v1,
            f"/v2/models/{model.name}/infer": self._v2,
            f"/v2/models/{model.name}/versions/{model.label}/infer": self._v2,
        }
        if self.predict_route:
            self._predictions[self.predict_route] = self._v1
        self._pages = pages(self)
        log.info("model loaded", extra={"data": {"model": model.name, "digest": model.digest}})
        return model

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        handler = self._predictions.get(path)
        if handler is not None and scope["method"] == "POST":
            await self._predict(handler, scope, receive, send)
            return
        page = self._pages.get(path)
        if page is not None and scope["method"] in ("GET", "HEAD"):
            status, kind, body = page()
            retry = [RETRY] if status == 503 else []
            await send_answer(send, status, body, [(b"content-type", kind), *retry, *self.common])
        elif page is not None or handler is not None:
            allowed = b"POST" if handler is not None else b"GET, HEAD"
            body = refusal_body("method", "This address takes another method; see the header Allow.")
            await send_answer(send, 405, body, [JSON, (b"allow", allowed), *self.common])
        else:
            body = refusal_body("not_found", "No model or address of this name is served here; see /v1/models.")
            await send_answer(send, 404, body, [JSON, *self.common])

    async def _predict(self, handler: Handler, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        started = perf_counter()
        headers: Headers = dict(scope["headers"])
        replay = headers.get(_REPLAY) == _SMOKE
        status = 200
        try:
            body, extra = await self._answer(handler, headers, receive, replay)
        except ClientGone:
            status, body, extra = scope.get(CLOSED_WITH, 499), b"", []
        except Exception as error:
            status, body, extra = self.refuse(error)
        if body:
            if self.draining:  # lets the client go on with another predictor
                extra = [*extra, CLOSE]
            reply = scope.get(REPLY) if status == 200 and not self.draining else None
            if reply is None or not reply(head_of(extra), body):
                await send_answer(send, status, body, extra)
        if not replay:
            self.meter.request(status, perf_counter() - started)

    def refuse(self, error: Exception) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        """Return the answer to a request that failed: its status, body and headers."""
        headers = [JSON, *self.common]
        if isinstance(error, InputError):
            refusal = refusal_of(error)
            if refusal.status == 503:
                self.meter.shed += refusal.code != "draining"
                headers.append(RETRY)
            return refusal.status, refusal_body(refusal.code, str(refusal), refusal.field), headers
        if isinstance(error, ServingError):
            self.meter.nonfinite += error.code == "nonfinite_output"
            log.error("prediction failed", extra={"data": {"code": error.code, "cause": error.message}})
            return 500, refusal_body(error.code, error.message), headers
        log.error("internal error", exc_info=error)
        return 500, refusal_body("internal", "The predictor failed; its log says why."), headers

    async def _answer(self, handler: Handler, headers: Headers, receive: Receive, replay: bool) -> Answer:
        draining = self.draining
        body = await self._body.read(headers, receive)
        if draining:  # after the body: with a part of it unread, the close of the connection would undo the answer
            raise Refusal(503, "draining", "This predictor is about to end: try again, on a new connection.")
        if self._waiting >= self.limits.max_waiting:
            raise Refusal(503, "overloaded", "Too many requests are waiting: try again.")
        self._waiting += 1
        try:
            await asyncio.sleep(0)
            return handler(headers, body, replay)
        finally:
            self._waiting -= 1

    def _v1(self, headers: Headers, body: bytes, replay: bool) -> Answer:
        model, drift = self._serving()
        require_json(headers)
        refined = model.signature.refinement is not None and takes_refined(headers, model)
        request = read_v1(body, model, self.limits, refined=refined)
        prediction = model.predict(request.feeds)
        outside = drift.observe(request.feeds, prediction, request.rows, replay=replay)
        self.meter.extra_fields += 0 if replay else request.extra
        return encode_v1(model, prediction, outside, request.removed), [JSON, *self.common]

    def _v2(self, headers: Headers, body: bytes, replay: bool) -> Answer:
        model, drift = self._serving()
        length = headers.get(_LENGTH)
        if length is None:
            require_json(headers)
        refined = model.signature.refinement is not None and takes_refined(headers, model)
        request = read_v2(body, length, model, self.limits, refined=refined)
        prediction = model.predict(request.feeds)
        outside = drift.observe(request.feeds, prediction, request.rows, replay=replay)
        self.meter.extra_fields += 0 if replay else request.extra
        answer, cut = encode_v2(model, request, prediction, outside)
        if cut is None:
            return answer, [JSON, *self.common]
        return answer, [BINARY, (_LENGTH, b"%d" % cut), *self.common]

    def _serving(self) -> tuple[ServedModel, DriftCounter]:
        if self._model is None or self._drift is None:
            raise Refusal(503, "not_ready", "No model is loaded.")
        return self._model, self._drift

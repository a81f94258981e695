"""The port for labels that come back: rows and their true targets, scored by the serving model and counted.

``POST /v1/models/NAME:feedback`` with ``{"instances": [{"column": value, …}, …], "labels": [target, …]}`` and the
credential as bearer token. Rows are read as `:predict` reads them, and count neither as predictions nor in the drift of
the inputs. A batch counts whole or not at all. With an ``"id"`` of its own, a batch that is sent again within this
process's memory counts once.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson

from sevenfold.contracts.errors import InputError, SevenfoldError
from sevenfold.scoring.request_labels import Truth, read_labels
from sevenfold.serving.predictor.answer import JSON, Headers, Send, require_json, send_answer, takes_refined
from sevenfold.serving.predictor.body import BodyReader, Receive
from sevenfold.serving.predictor.document import read_document
from sevenfold.serving.predictor.feedback_openapi import feedback_openapi
from sevenfold.serving.predictor.refusal import ClientGone, Refusal, refusal_of
from sevenfold.serving.predictor.v1 import V1Request, read_instances

if TYPE_CHECKING:
    from sevenfold.drift.feedback_counts import FeedbackCounter
    from sevenfold.serving.predictor.app import Predictor
    from sevenfold.serving.predictor.model import ServedModel

__all__ = ["App", "FeedbackPort", "by_port"]

App = Callable[[Mapping[str, Any], Receive, Send], Any]
KEYS: Final = frozenset({"instances", "labels", "id"})
REMEMBERED: Final = 10_000  # batches with an id
MAX_ID: Final = 128  # characters
ALLOW: Final = (b"allow", b"POST")
log = logging.getLogger("sevenfold.serving")
BEARER: Final = (b"www-authenticate", b"Bearer")


class FeedbackPort:
    """Counts what is fed back about the model of one predictor.

    Args:
        predictor: the one that serves; made with `takes_feedback`.
        credential: what a request must carry as ``Authorization: Bearer …``; asked anew for every request, so that a
            Secret may change. Where it raises, nobody is admitted.
    """

    def __init__(self, predictor: Predictor, credential: Callable[[], str]) -> None:
        self._predictor, self._credential = predictor, credential
        self._body = BodyReader(predictor.limits)
        self._answered: OrderedDict[tuple[str, str], tuple[bytes, dict[str, Any]]] = OrderedDict()

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        status, body, headers = 200, b"", [JSON, *self._predictor.common]
        try:
            body = await self._answer(scope, receive)
        except ClientGone:
            return
        except Exception as error:
            status, body, headers = self._predictor.refuse(error)
        headers += {401: [BEARER], 405: [ALLOW]}.get(status, [])
        await send_answer(send, status, body, headers)

    async def _answer(self, scope: Mapping[str, Any], receive: Receive) -> bytes:
        model = self._predictor.model
        if model is not None and scope["path"] == "/openapi.json" and scope["method"] in ("GET", "HEAD"):
            return orjson.dumps(feedback_openapi(model, self._predictor.limits))
        if model is None or scope["path"] != f"/v1/models/{model.name}:feedback":
            raise Refusal(404, "not_found", "This port takes POST /v1/models/NAME:feedback alone.")
        if scope["method"] != "POST":
            raise Refusal(405, "method", "This address takes another method; see the header Allow.")
        headers: Headers = dict(scope["headers"])
        if not self._admits(headers.get(b"authorization", b"")):
            raise Refusal(401, "credential", "The header Authorization must be Bearer and the credential of this port.")
        body = await self._body.read(headers, receive)
        if self._predictor.draining:
            raise Refusal(503, "draining", "This predictor is about to end: try again, on a new connection.")
        return orjson.dumps(self._count(headers, body))

    def _admits(self, header: bytes) -> bool:
        try:
            wanted = self._credential().encode()
        except SevenfoldError as error:  # its file is gone: nobody is admitted until it is back
            log.error("nobody may feed back", extra={"data": {"cause": error.message}})
            return False
        given = header.removeprefix(b"Bearer ") if header.startswith(b"Bearer ") else b""
        return bool(wanted) and hmac.compare_digest(given, wanted)

    def _count(self, headers: Headers, body: bytes) -> dict[str, Any]:
        model, feedback = self._serving()
        require_json(headers)
        refined = model.signature.refinement is not None and takes_refined(headers, model)
        identity, request, truth = read_document(body, lambda document: self._read(document, model, refined))
        known = self._known((model.digest, identity), body) if identity else None
        if known is not None:
            return {**known, "repeated": True}
        feedback.observe(model.predict(request.feeds), truth)
        answer = {
            "rows": request.rows,
            "scored": len(truth.values),
            "missing": truth.missing,
            "unknown": truth.unknown,
            "left_out": truth.left_out,
            "repeated": False,
        }
        if identity:
            self._answered[model.digest, identity] = (hashlib.sha256(body).digest(), answer)
            if len(self._answered) > REMEMBERED:
                self._answered.popitem(last=False)
        return answer

    def _serving(self) -> tuple[ServedModel, FeedbackCounter]:
        model, feedback = self._predictor.model, self._predictor.feedback
        if model is None or feedback is None:
            raise Refusal(503, "not_ready", "No model is loaded.")
        return model, feedback

    def _known(self, key: tuple[str, str], body: bytes) -> dict[str, Any] | None:
        known = self._answered.get(key)
        if known is None:
            return None
        if known[0] != hashlib.sha256(body).digest():
            raise Refusal(409, "id_reused", "An id must stand for one batch, but came with another before.", field="id")
        return known[1]

    def _read(self, document: Any, model: ServedModel, refined: bool) -> tuple[tuple[str, V1Request, Truth], bool]:
        identity, labels = _shape(document)
        instances = document["instances"]
        try:
            request, in_doubt = read_instances(document, model, self._predictor.limits, refined)
        except InputError as error:
            raise self._named(error, instances, model, refined) from None
        if len(labels) != request.rows:
            raise Refusal(
                422, "labels", f"There must be {request.rows} labels, one for each row, but got {len(labels)}."
            )
        return (identity, request, read_labels(labels, model.signature)), in_doubt

    def _named(self, error: InputError, instances: list[Any], model: ServedModel, refined: bool) -> InputError:
        """Return the error with the number of the row that it is about, where one row alone raises it too."""
        if len(instances) > self._predictor.limits.max_batch:
            return error
        for row, instance in enumerate(instances):
            try:
                read_instances({"instances": [instance]}, model, self._predictor.limits, refined)
            except InputError as own:
                refusal = refusal_of(own)
                return Refusal(refusal.status, own.code, f"instances[{row}]: {own}", field=own.field)
        return error


def _shape(document: Any) -> tuple[str, list[Any]]:
    """Return a batch's id, "" without one, and its labels."""
    if type(document) is not dict or not {"instances", "labels"} <= document.keys() <= KEYS:
        raise Refusal(
            422, "shape", 'The body must be {"instances": [row, …], "labels": [target, …]}, and may have "id".'
        )
    identity, labels = document.get("id"), document["labels"]
    if type(document["instances"]) is not list or type(labels) is not list:
        raise Refusal(422, "shape", "Rows and labels must be lists.")
    if identity is not None and not (type(identity) is str and 0 < len(identity) <= MAX_ID):
        raise Refusal(422, "id", f"An id must be a text of 1 to {MAX_ID} characters.", field="id")
    return identity or "", labels


def by_port(port: int, app: App, others: App) -> App:
    """Return an application that gives one port's requests to `app`, and those of all other ports to `others`."""

    async def dispatch(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        server = scope.get("server")
        await (app if server is not None and server[1] == port else others)(scope, receive, send)

    return dispatch

"""The predictor's answers to GET: its identity, its health, its model, its interface, its metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from sevenfold import __version__
from sevenfold.serving.predictor.openapi import openapi
from sevenfold.serving.predictor.v2 import metadata

if TYPE_CHECKING:
    from sevenfold.serving.predictor.limits import Limits
    from sevenfold.serving.predictor.meter import Meter
    from sevenfold.serving.predictor.model import ServedModel

__all__ = ["INVOCATIONS", "PING", "Page", "pages"]

Page = Callable[[], tuple[int, bytes, bytes]]  # status, content type, body

# What SageMaker asks of a container, whatever its model is called: predictions in the form of V1, and its health.
INVOCATIONS, PING = "/invocations", "/ping"
JSON = b"application/json"
METRICS = b"text/plain; version=0.0.4; charset=utf-8"


class Answering(Protocol):
    """The part of a predictor that the pages read."""

    limits: Limits
    meter: Meter
    health_route: str

    @property
    def model(self) -> ServedModel | None: ...

    @property
    def ready(self) -> bool: ...


def pages(predictor: Answering) -> dict[str, Page]:
    """Return the page of every path that answers GET; the name of the model is part of some paths."""
    fixed: dict[str, Page] = {
        "/": _always({"status": "alive"}),
        "/v2": _always({"name": "sevenfold", "version": __version__, "extensions": ["binary_tensor_data"]}),
        "/v2/health/live": _always({"live": True}),
        "/v2/health/ready": _ready(predictor, {}),
        PING: _ready(predictor, {}),
        "/metrics": _metrics(predictor),
        "/v1/models": lambda: (200, JSON, orjson.dumps({"models": _names(predictor)})),
        "/v2/models": lambda: (200, JSON, orjson.dumps({"models": _names(predictor)})),
    }
    if predictor.health_route:
        fixed[predictor.health_route] = _ready(predictor, {})
    model = predictor.model
    if model is None:
        return fixed
    described = _always(metadata(model))
    ready = _ready(predictor, {"name": model.name})
    fixed["/openapi.json"] = _always(openapi(model, predictor.limits))
    fixed[f"/v1/models/{model.name}"] = ready
    for base in (f"/v2/models/{model.name}", f"/v2/models/{model.name}/versions/{model.label}"):
        fixed[base] = described
        fixed[f"{base}/ready"] = ready
    return fixed


def _names(predictor: Answering) -> list[str]:
    return [predictor.model.name] if predictor.model is not None else []


def _always(value: dict[str, Any]) -> Page:
    answer = (200, JSON, orjson.dumps(value))
    return lambda: answer


def _ready(predictor: Answering, head: dict[str, Any]) -> Page:
    def page() -> tuple[int, bytes, bytes]:
        return (200 if predictor.ready else 503), JSON, orjson.dumps({**head, "ready": predictor.ready})

    return page


def _metrics(predictor: Answering) -> Page:
    from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(predictor.meter)

    def page() -> tuple[int, bytes, bytes]:
        predictor.meter.ready = predictor.ready
        return 200, METRICS, generate_latest(registry) + predictor.meter.reference_text()

    return page

"""KServe's V1 protocol: ``{"instances": [{"column": value, …}, …]}`` → ``{"predictions": […]}``.

A prediction is ``{"label": "yes", "probabilities": {"no": 0.2, "yes": 0.8}}``, or the number itself for regression.
Where a number lies outside all those seen in training, the answer also has ``"out_of_range"``: column to row indices.
"""

from __future__ import annotations

from typing import Any

import orjson

from sevenfold.scoring.feeds import Feeds, feeds_from_rows
from sevenfold.scoring.scorer import Prediction
from sevenfold.serving.predictor.document import read_document
from sevenfold.serving.predictor.fields import extra_fields
from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.predictor.model import BEYOND_INTEGERS, ServedModel
from sevenfold.serving.predictor.refusal import Refusal

__all__ = ["encode_v1", "read_v1"]


def read_v1(body: bytes, model: ServedModel, limits: Limits) -> tuple[Feeds, int, int]:
    """Return the feeds of a request's rows, how many rows there are, and how many fields are extra.

    Raises:
        InputError: naming the field; as `Refusal` where the status is not 422.
    """
    return read_document(body, lambda document: _read(document, model, limits))


def _read(document: Any, model: ServedModel, limits: Limits) -> tuple[tuple[Feeds, int, int], bool]:
    instances = document.get("instances") if type(document) is dict else None
    if type(instances) is not list:
        raise Refusal(422, "shape", 'The body must be {"instances": [{"column": value, …}, …]}.', field="instances")
    rows = len(instances)
    if rows > limits.max_batch:
        raise Refusal(
            413, "too_many_rows", f"A request has at most {limits.max_batch} rows, but got {rows}.", field="instances"
        )
    extra = extra_fields(instances, model.fields, strict=limits.strict_fields)
    if rows == 1:
        feeds = model.single_row.feeds(instances[0], max_text=limits.max_text)
        # for one row, three times as fast as to look through the feeds
        limit, values = BEYOND_INTEGERS, instances[0].values()
        in_doubt = bool([value for value in values if type(value) is float and not -limit < value < limit])
    else:
        feeds = feeds_from_rows(instances, model.signature.inputs, model.signature.notation, max_text=limits.max_text)
        in_doubt = model.beyond_integers(feeds)
    return (feeds, rows, extra), in_doubt


def encode_v1(model: ServedModel, prediction: Prediction, out_of_range: dict[str, list[int]]) -> bytes:
    """Return the answer's body."""
    answer: dict[str, Any] = {"predictions": _predictions(model, prediction)}
    if out_of_range:
        answer["out_of_range"] = out_of_range
    return orjson.dumps(answer)


def _predictions(model: ServedModel, prediction: Prediction) -> list[Any]:
    if prediction.values is not None:
        return list(prediction.values.tolist())
    if prediction.labels is None or prediction.probabilities is None:
        raise ValueError("a classifier's prediction holds labels and probabilities")
    classes = model.signature.classes
    return [
        {"label": label, "probabilities": dict(zip(classes, row, strict=True))}
        for label, row in zip(prediction.labels.tolist(), prediction.probabilities.tolist(), strict=True)
    ]

"""KServe's V1 protocol: ``{"instances": [{"column": value, …}, …]}`` → ``{"predictions": […]}``.

A prediction is ``{"label": "yes", "probabilities": {"no": 0.2, "yes": 0.8}}``, or the number itself for regression.
Where a number lies outside all those seen in training, the answer also has ``"out_of_range"``: column to row indices.
Where the model's recipe removes rows like one of these, ``"not_trained_on"`` has their indices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from sevenfold.scoring.feeds import Feeds, feeds_from_rows, require_rows
from sevenfold.scoring.raw_rows import RawRows
from sevenfold.scoring.scorer import Prediction
from sevenfold.serving.predictor.document import read_document
from sevenfold.serving.predictor.fields import extra_fields
from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.predictor.model import BEYOND_INTEGERS, ServedModel
from sevenfold.serving.predictor.refusal import Refusal

__all__ = ["V1Request", "encode_v1", "read_instances", "read_v1"]


class V1Request(NamedTuple):
    """A request that was read: its feeds and rows, how many fields are extra, and rows that the recipe removes."""

    feeds: Feeds
    rows: int
    extra: int
    removed: Sequence[int] = ()


def read_v1(body: bytes, model: ServedModel, limits: Limits, *, refined: bool = False) -> V1Request:
    """Read a request; `refined` says that its rows have been through the model's recipe.

    Raises:
        InputError: naming the field; as `Refusal` where the status is not 422.
    """
    return read_document(body, lambda document: read_instances(document, model, limits, refined))


def read_instances(document: Any, model: ServedModel, limits: Limits, refined: bool) -> tuple[V1Request, bool]:
    """Read the rows of a document, as `read_document` asks for it; raises what `read_v1` does."""
    instances = document.get("instances") if type(document) is dict else None
    if type(instances) is not list:
        raise Refusal(422, "shape", 'The body must be {"instances": [{"column": value, …}, …]}.', field="instances")
    rows = len(instances)
    if rows > limits.max_batch:
        raise Refusal(
            413, "too_many_rows", f"A request has at most {limits.max_batch} rows, but got {rows}.", field="instances"
        )
    if model.raw is not None and not refined:
        return _read_raw(instances, model, model.raw, limits)
    extra = extra_fields(instances, model.inputs, strict=limits.strict_fields)
    if rows == 1:
        feeds = model.single_row.feeds(instances[0], max_text=limits.max_text)
        # for one row, three times as fast as to look through the feeds
        limit, values = BEYOND_INTEGERS, instances[0].values()
        in_doubt = bool([value for value in values if type(value) is float and not -limit < value < limit])
    else:
        feeds = feeds_from_rows(instances, model.signature.inputs, model.signature.notation, max_text=limits.max_text)
        in_doubt = model.beyond_integers(feeds)
    return V1Request(feeds, rows, extra), in_doubt


def _read_raw(instances: list[Any], model: ServedModel, raw: RawRows, limits: Limits) -> tuple[V1Request, bool]:
    extra = extra_fields(instances, model.fields, strict=limits.strict_fields, made=model.made)
    require_rows(instances)
    columns = {name: [row.get(name) for row in instances] for name in raw.inputs}
    feeds, removed = raw.feeds(columns, len(instances), max_text=limits.max_text)
    return V1Request(feeds, len(instances), extra, removed), model.beyond_integers(feeds)


def encode_v1(
    model: ServedModel, prediction: Prediction, out_of_range: dict[str, list[int]], removed: Sequence[int] = ()
) -> bytes:
    """Return the answer's body."""
    answer: dict[str, Any] = {"predictions": _predictions(model, prediction)}
    if out_of_range:
        answer["out_of_range"] = out_of_range
    if removed:
        answer["not_trained_on"] = removed
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

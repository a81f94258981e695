"""A client of TensorFlow Serving over KServe's V1 protocol, with the inputs that `model.onnx` takes as well.

Its JSON differs from ours: a missing number is the word NaN, not null; a moment is its microseconds; and every input
is required.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import numpy as np
import orjson

from sevenfold.contracts.errors import ServingError
from sevenfold.report.quantity import quantity
from sevenfold.scoring.client import InferenceClient

__all__ = ["TensorFlowClient", "instances_of"]


def instances_of(feeds: Mapping[str, np.ndarray[Any, Any]]) -> list[dict[str, Any]]:
    """Return one object per row, of plain values by the name of the graph's input.

    >>> instances_of({"x": np.array([1.5, np.nan]), "x:missing": np.array([False, True])})
    [{'x': 1.5, 'x:missing': False}, {'x': nan, 'x:missing': True}]
    """
    columns = [values.tolist() for values in feeds.values()]
    return [dict(zip(feeds, row, strict=True)) for row in zip(*columns, strict=True)]


class TensorFlowClient(InferenceClient):
    """Query one model of TensorFlow Serving; `bundle` stays empty, since the answer does not name it."""

    def infer(
        self,
        feeds: Mapping[str, np.ndarray[Any, Any]],
        *,
        headers: Mapping[str, str] | None = None,
        binary: bool = False,
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Send the model's inputs and return its outputs by name: ``label`` and ``probabilities``, or ``value``.

        Args:
            feeds: one array of shape ``[rows]`` per graph input.
            headers: more HTTP headers.
            binary: ignored: V1 is JSON.

        Raises:
            ServingError: ``http_<status>`` for an answer other than 200, ``bad_answer`` for one that makes no sense.
            TemporaryError: ``unreachable`` if there is no answer at all.
        """
        body = json.dumps({"instances": instances_of(feeds)}).encode()
        path = f"/v1/models/{quote(self.model, safe='')}:predict"
        status, _, received = self.request(
            "POST", path, body, {"content-type": "application/json", **dict(headers or {})}
        )
        if status != 200:
            text = received[:200].decode(errors="replace")
            raise ServingError(f"http_{status}", f"TensorFlow Serving must answer 200, but got {status}: {text}")
        try:
            return _outputs(orjson.loads(received)["predictions"], len(next(iter(feeds.values()))))
        except (ValueError, KeyError, TypeError) as error:
            raise ServingError(
                "bad_answer", f"An answer holds a V1 prediction per row, but this one does not: {error!r}"
            ) from error


def _outputs(predictions: list[Any], rows: int) -> dict[str, np.ndarray[Any, Any]]:
    if len(predictions) != rows:
        raise ValueError(f"{quantity(len(predictions), 'prediction')} for {quantity(rows, 'row')}")
    if not isinstance(predictions[0], dict):  # a signature of one output is answered without its name
        return {"value": np.array(predictions, dtype=np.float64)}
    outputs = {name: np.array([row[name] for row in predictions]) for name in predictions[0]}
    numbers = {name: values.astype(np.float64) for name, values in outputs.items() if name != "label"}
    return outputs | numbers

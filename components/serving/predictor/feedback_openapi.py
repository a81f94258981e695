"""The interface of the port for labels, as an OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.schema import Task
from sevenfold.serving.predictor.openapi import answer, openapi, reference

if TYPE_CHECKING:
    from sevenfold.serving.predictor.limits import Limits
    from sevenfold.serving.predictor.model import ServedModel

__all__ = ["feedback_openapi"]

Document = dict[str, Any]
COUNTS: Final = {
    "rows": "Rows of the batch",
    "scored": "Rows that were compared with the model's prediction",
    "missing": "Rows without a label",
    "unknown": "Rows of a class that the model does not have",
    "left_out": "Rows of a class that the model is not asked about",
}


def feedback_openapi(model: ServedModel, limits: Limits) -> Document:
    """Return an OpenAPI 3.1 document of what this port answers while `model` serves within `limits`."""
    document = openapi(model, limits)
    predict = f"/v1/models/{model.name}:predict"
    refusals = {
        status: answer for status, answer in document["paths"][predict]["post"]["responses"].items() if status != "200"
    }
    for status, cause in (("401", "Without the credential"), ("409", "Another batch had this id")):
        refusals[status] = {**refusals["422"], "description": cause}
    schemas = document["components"]["schemas"]
    document["paths"] = {f"/v1/models/{model.name}:feedback": {"post": _feedback(model, limits, refusals)}}
    document["components"] = {
        "schemas": {name: schemas[name] for name in ("Row", "Error")},
        "securitySchemes": {"credential": {"type": "http", "scheme": "bearer"}},
    }
    return document


def _feedback(model: ServedModel, limits: Limits, refusals: Document) -> Document:
    size = {"type": "array", "minItems": 1, "maxItems": limits.max_batch}
    body = {
        "type": "object",
        "required": ["instances", "labels"],
        "properties": {
            "instances": {**size, "items": reference("Row")},
            "labels": {**size, "items": _label(model), "description": "As many as rows, in their order"},
            "id": {
                "type": "string",
                "minLength": 1,
                "maxLength": 128,
                "description": "Counts once, however often sent",
            },
        },
        "additionalProperties": False,
    }
    counts: Document = {name: {"type": "integer", "minimum": 0, "description": text} for name, text in COUNTS.items()}
    counts["repeated"] = {"type": "boolean", "description": "Whether a batch with this id was counted before"}
    counted = {"type": "object", "required": list(counts), "properties": counts}
    return {
        "summary": "Feed back the true targets of rows",
        "security": [{"credential": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"200": answer("The batch is counted", counted), **refusals},
    }


def _label(model: ServedModel) -> Document:
    if model.signature.task is Task.REGRESSION:
        return {"type": ["number", "null"]}
    classes = ", ".join(model.signature.classes[:20])
    return {"type": ["string", "number", "boolean", "null"], "description": f"Classes of the model: {classes}"}

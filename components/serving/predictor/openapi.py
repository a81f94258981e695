"""The predictor's interface as an OpenAPI document: its addresses, the model's fields and types, and every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sevenfold import __version__
from sevenfold.contracts.schema import MAX_INTEGER, Column, Kind, Task
from sevenfold.scoring.tensors import DATATYPES, HEADER_LENGTH
from sevenfold.tables.moment_formats import takes_numbers

if TYPE_CHECKING:
    from sevenfold.serving.predictor.limits import Limits
    from sevenfold.serving.predictor.model import ServedModel

__all__ = ["answer", "openapi", "reference", "value_schema"]

Document = dict[str, Any]

REFUSALS: Final = {
    "400": "No HTTP, JSON or raw tensors of the right form",
    "408": "The request came too slowly",
    "413": "Too many bytes or rows",
    "415": "Another content-type, or compressed",
    "422": "A field is unknown, missing, or of another type or range",
    "500": "The model has failed",
    "503": "Too many requests are waiting, or the predictor is about to end: try again",
}
_TYPES: Final[dict[Kind, Document]] = {
    Kind.NUMBER: {"type": "number"},
    Kind.INTEGER: {"type": "integer", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.CATEGORY: {"type": "string"},
    Kind.DATETIME: {"type": "string", "description": "A date, or a date and a time"},
}


def openapi(model: ServedModel, limits: Limits) -> Document:
    """Return an OpenAPI 3.1 document of what a predictor answers while it serves `model` within `limits`."""
    v1, v2 = f"/v1/models/{model.name}", f"/v2/models/{model.name}"
    pages = ("/ping", "/v1/models", v1, "/v2", "/v2/health/live", "/v2/health/ready", "/v2/models", v2, f"{v2}/ready")
    ready = {"200": answer("Ready", {"type": "object"}), "503": answer("Not ready", {"type": "object"})}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Model {model.name}", "version": model.label, "description": f"Sevenfold {__version__}"},
        "paths": {
            f"{v1}:predict": {"post": _predict_v1(limits)},
            "/invocations": {"post": _predict_v1(limits)},
            f"{v2}/infer": {"post": _predict_v2(limits)},
            **{page: {"get": {"summary": page, "responses": ready}} for page in pages},
            "/metrics": {"get": {"responses": {"200": {"description": "Metrics", "content": {"text/plain": {}}}}}},
        },
        "components": {
            "schemas": {
                "Row": _row(model, limits),
                "Prediction": _prediction(model),
                "Tensor": _tensor(model, limits),
                "Output": {
                    "type": "object",
                    "required": ["name", "shape", "datatype"],
                    "properties": {"name": {"enum": list(model.outputs)}},
                },
                "Error": _error(),
            }
        },
    }


def _predict_v1(limits: Limits) -> Document:
    rows = {"type": "array", "items": reference("Row"), "minItems": 1, "maxItems": limits.max_batch}
    predictions = {
        "type": "object",
        "required": ["predictions"],
        "properties": {
            "predictions": {"type": "array", "items": reference("Prediction")},
            "not_trained_on": {"type": "array", "items": {"type": "integer"}},
            "out_of_range": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "integer"}}},
        },
    }
    body = {"type": "object", "required": ["instances"], "properties": {"instances": rows}}
    return {
        "summary": "Predict rows of named values",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"200": answer("A prediction per row", predictions), **_refusals()},
    }


def _predict_v2(limits: Limits) -> Document:
    flag = {"type": "object", "properties": {"binary_data": {"type": "boolean"}}}
    wanted = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "parameters": flag}}
    body = {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": "string"},
            "inputs": {"type": "array", "items": reference("Tensor"), "minItems": 1},
            "outputs": {"type": "array", "items": wanted},
            "parameters": {"type": "object", "properties": {"binary_data_output": {"type": "boolean"}}},
        },
    }
    outputs = {
        "type": "object",
        "required": ["model_name", "outputs"],
        "properties": {"outputs": {"type": "array", "items": reference("Output")}},
    }
    good = answer("The graph's outputs, as JSON or as JSON with raw bytes after it", outputs)
    good["content"]["application/octet-stream"] = {}
    content = {"application/json": {"schema": body}, "application/octet-stream": {"schema": {}}}
    length = {"name": HEADER_LENGTH, "in": "header", "schema": {"type": "integer", "minimum": 0}}
    return {
        "summary": "Predict columns as tensors",
        "parameters": [{**length, "description": "Bytes of the JSON header, where raw bytes follow it"}],
        "requestBody": {"required": True, "content": content},
        "responses": {"200": good, **_refusals()},
    }


def _row(model: ServedModel, limits: Limits) -> Document:
    inputs = model.request_inputs
    refined = {"description": "A row from before the recipe"} if model.raw is not None else {}
    return {
        "type": "object",
        **refined,
        "properties": {name: value_schema(column, limits) for name, column in inputs.items()},
        "required": [name for name, column in inputs.items() if not column.nullable],
        "additionalProperties": not limits.strict_fields,
        "minProperties": 1,
    }


def value_schema(column: Column, limits: Limits) -> Document:
    """Return the schema of a column's value in a row of V1."""
    value = dict(_TYPES[column.kind])
    if column.kind is Kind.CATEGORY:
        value["maxLength"] = limits.max_text
    types = [value["type"]]
    if column.kind is Kind.DATETIME and column.date_format:
        value["description"] = f"A moment, written as {column.date_format}"
        types += ["number"] if takes_numbers(column.date_format) else []
    types += ["null"] if column.nullable else []
    return {**value, "type": types if len(types) > 1 else types[0]}


def _tensor(model: ServedModel, limits: Limits) -> Document:
    size = {"type": "integer", "minimum": 0, "maximum": limits.max_batch}
    scalar = {"type": ["number", "boolean", "string", "null"]}
    names = sorted(model.fields | model.flags)
    return {
        "type": "object",
        "required": ["name", "shape", "datatype"],
        "properties": {
            "name": {"anyOf": [{"enum": names}, {"type": "string"}]},
            "shape": {"type": "array", "items": size, "minItems": 1, "maxItems": 2},
            "datatype": {"enum": list(DATATYPES)},
            "data": {"type": "array", "items": scalar},
            "parameters": {"type": "object", "properties": {"binary_data_size": {"type": "integer", "minimum": 0}}},
        },
    }


def _prediction(model: ServedModel) -> Document:
    if model.signature.task is Task.REGRESSION:
        return {"type": "number"}
    probability = {"type": "number", "minimum": 0, "maximum": 1.000001}  # float32 rounds
    classes = list(model.signature.classes)
    shares = {"type": "object", "properties": dict.fromkeys(classes, probability), "required": classes}
    label: Document = {"enum": classes}
    if model.signature.task is Task.BINARY:
        label["description"] = f"{classes[-1]} from a probability of {model.info.threshold:.6g} on."
    properties = {"label": label, "probabilities": shares}
    return {"type": "object", "required": list(properties), "properties": properties}


def _error() -> Document:
    text = {"type": "string"}
    parts = {"code": text, "message": {**text, "maxLength": 400}, "field": {**text, "maxLength": 64}}
    error = {"type": "object", "required": list(parts), "properties": parts, "additionalProperties": False}
    return {"type": "object", "required": ["error"], "properties": {"error": error}, "additionalProperties": False}


def _refusals() -> Document:
    return {status: answer(cause, reference("Error")) for status, cause in REFUSALS.items()}


def answer(description: str, schema: Document) -> Document:
    """Return a response whose body is JSON of a schema."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def reference(name: str) -> Document:
    """Return a reference to one of the document's schemas."""
    return {"$ref": f"#/components/schemas/{name}"}

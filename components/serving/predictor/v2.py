"""The open inference protocol (V2): one tensor per column in, the graph's outputs out, as JSON or raw bytes.

A tensor has shape ``[rows]`` or ``[rows, 1]``. Numbers come as any FP, INT or UINT datatype and flags as BOOL too, null
or NaN for missing; categories as BYTES, null or "" for missing; dates as BYTES that name them, or as INT64 microseconds
since 1970 UTC, with an additional BOOL tensor ``<column>:missing`` that marks the missing ones. A column that may be
missing may be left out, as long as one is there. An output comes as raw bytes where ``binary_data`` of its parameters
says so, or else ``binary_data_output`` of the request's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import InputError
from sevenfold.contracts.refinement import Refinement
from sevenfold.contracts.schema import Column, Kind, Task
from sevenfold.contracts.service import RAW_ROWS, REFINED_ROWS
from sevenfold.contracts.signature import MISSING
from sevenfold.scoring.feeds import Feeds, feeds_from_columns
from sevenfold.scoring.scorer import Prediction
from sevenfold.scoring.tensors import encode_tensors, read_tensor
from sevenfold.serving.predictor.document import read_document
from sevenfold.serving.predictor.fields import extra_fields
from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.predictor.model import ServedModel
from sevenfold.serving.predictor.refusal import Refusal

__all__ = ["OUTPUTS", "V2Request", "encode_v2", "metadata", "read_v2"]

OUTPUTS = {"label": "BYTES", "probabilities": "FP32", "value": "FP64"}
_INPUTS = {Kind.CATEGORY: "BYTES", Kind.DATETIME: "BYTES"}

Values = list[Any] | NDArray[Any]


@dataclass(frozen=True, slots=True)
class V2Request:
    """A request that was read: what the model needs, and the form of the answer."""

    feeds: Feeds
    rows: int
    extra: int
    id: str
    outputs: Mapping[str, bool]  # whether as raw bytes, by name
    removed: Sequence[int] = ()  # rows that the recipe removes from a table


def read_v2(
    body: bytes, header_length: bytes | None, model: ServedModel, limits: Limits, *, refined: bool = False
) -> V2Request:
    """Read a request.

    Args:
        body: of the request.
        header_length: the value of the HTTP header that says where raw bytes begin, or None.
        model: the model that is asked.
        limits: what is accepted at most.
        refined: whether the rows have been through the model's recipe.

    Raises:
        InputError: naming the column; as `Refusal` where the status is not 422.
    """
    cut = _cut(header_length, len(body))
    raw = memoryview(body)[cut:]
    return read_document(body[:cut], lambda document: _read(document, raw, model, limits, refined))


def _read(document: Any, raw: memoryview, model: ServedModel, limits: Limits, refined: bool) -> tuple[V2Request, bool]:
    if type(document) is not dict or type(document.get("inputs")) is not list:
        raise Refusal(422, "shape", 'The body must be {"inputs": [{"name", "shape", "datatype", "data"}, …]}.')
    columns, rows = _columns(document["inputs"], raw, limits)
    raw_rows = None if refined else model.raw
    inputs = model.signature.inputs if raw_rows is None else raw_rows.inputs
    _require_numbers(document["inputs"], inputs)
    fields, made = (model.inputs, frozenset[str]()) if raw_rows is None else (model.fields, model.made)
    extra = extra_fields([columns], fields, strict=limits.strict_fields, besides=model.flags, made=made)
    _complete(columns, rows, inputs)
    if raw_rows is None:
        removed: Sequence[int] = ()
        feeds = feeds_from_columns(columns, inputs, model.signature.notation, max_text=limits.max_text)
    else:
        feeds, removed = raw_rows.feeds(columns, rows, max_text=limits.max_text)
        columns = raw_rows.flags(columns)
    _mark_all_missing(feeds, columns, model.signature.inputs)
    identity = document.get("id")
    outputs = _wanted(document, model)
    request = V2Request(feeds, rows, extra, identity[:128] if isinstance(identity, str) else "", outputs, removed)
    return request, model.beyond_integers(feeds)


def encode_v2(
    model: ServedModel, request: V2Request, prediction: Prediction, out_of_range: Mapping[str, list[int]]
) -> tuple[bytes, int | None]:
    """Return the answer's body and, in the binary form, the length of its JSON header.

    `parameters.out_of_range` names the columns with numbers outside all those seen in training, `not_trained_on` the
    rows, from 0, that the model's recipe removes from a table.
    """
    head: dict[str, Any] = {"model_name": model.name, "model_version": model.label}
    if request.id:
        head["id"] = request.id
    if out_of_range:
        head["parameters"] = {"out_of_range": ",".join(out_of_range)}
    if request.removed:
        rows = ",".join(map(str, request.removed))
        head["parameters"] = {**head.get("parameters", {}), "not_trained_on": rows}
    arrays = {"label": prediction.labels, "probabilities": prediction.probabilities, "value": prediction.values}
    tensors = {name: array for name in request.outputs if (array := arrays[name]) is not None}
    raw = [name for name, binary in request.outputs.items() if binary]
    return encode_tensors(tensors, key="outputs", head=head, binary=raw)


def metadata(model: ServedModel) -> dict[str, Any]:
    """Return what ``GET /v2/models/M`` says: the tensors in and out, and from which probability on a label is yes."""
    inputs = [
        {"name": name, "datatype": _INPUTS.get(column.kind, "FP64"), "shape": [-1]}
        for name, column in model.request_inputs.items()
    ]
    width = len(model.signature.classes)
    outputs = [
        {"name": name, "datatype": OUTPUTS[name], "shape": [-1, width] if name == "probabilities" else [-1]}
        for name in model.outputs
    ]
    described: dict[str, Any] = {
        "name": model.name,
        "versions": [model.label],
        "platform": "sevenfold_onnx",
        "inputs": inputs,
        "outputs": outputs,
    }
    parameters: dict[str, Any] = {}
    if model.signature.task is Task.BINARY:
        parameters = {"positive": model.signature.classes[-1], "threshold": model.info.threshold}
    if model.signature.refinement is not None:
        parameters |= _refining(model.signature.refinement)
    if parameters:
        described["parameters"] = parameters
    return described


def _refining(refinement: Refinement) -> dict[str, str]:
    """Return which rows a model with a recipe takes, and what people should know of that."""
    described = {"rows": RAW_ROWS if refinement.takes_raw_rows else REFINED_ROWS, "recipe": refinement.digest}
    if refinement.crossing:
        described["refined_only"] = "; ".join(refinement.crossing)
    if refinement.removing:
        described["never_trained_on"] = f"rows that the recipe removes: {', '.join(refinement.removing)}"
    return described


def _cut(header_length: bytes | None, size: int) -> int:
    if header_length is None:
        return size
    if not header_length.isdigit() or len(header_length) > 12 or int(header_length) > size:
        raise Refusal(400, "binary", "inference-header-content-length must be the length of the JSON header in bytes.")
    return int(header_length)


def _columns(entries: list[Any], raw: memoryview, limits: Limits) -> tuple[dict[str, Values], int]:
    columns: dict[str, Values] = {}
    rows, at = -1, 0
    for entry in entries:
        name, shape, values, at = read_tensor(entry, raw, at)
        if name in columns:
            raise Refusal(400, "duplicate_key", "Each tensor is given once.", field=name)
        if len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
            raise InputError("shape", f"A column has shape [rows] or [rows, 1], but got {shape[:8]}.", field=name)
        if shape[0] > limits.max_batch:
            message = f"A request has at most {limits.max_batch} rows, but got {shape[0]}."
            raise Refusal(413, "too_many_rows", message, field=name)
        if rows not in (-1, shape[0]):
            raise InputError("shape", f"All columns must have {rows} rows, but got {shape[0]}.", field=name)
        rows = shape[0]
        columns[name] = values
    if at != len(raw):
        raise Refusal(400, "binary", f"The raw bytes after the JSON header must add up to {at}, but got {len(raw)}.")
    if rows < 1:
        raise InputError("shape", "A request needs at least one row, but got none.", field="inputs")
    return columns, rows


def _require_numbers(entries: list[Any], inputs: Mapping[str, Column]) -> None:
    """Refuse texts in the tensor of a number, whose datatype the metadata name; V1 has no datatypes."""
    for entry in entries:
        column = inputs.get(entry["name"])
        if column is not None and column.kind in (Kind.NUMBER, Kind.INTEGER) and entry["datatype"] == "BYTES":
            raise InputError("datatype", "A number has a datatype FP, INT or UINT, but got BYTES.", field=entry["name"])


def _complete(columns: dict[str, Values], rows: int, inputs: Mapping[str, Column]) -> None:
    """Add the columns that may be left out."""
    for name, column in inputs.items():
        if name not in columns:
            if not column.nullable:
                raise InputError("missing_field", "The column is required, but is not there.", field=name)
            columns[name] = [None] * rows


def _mark_all_missing(feeds: Feeds, columns: Mapping[str, Values], inputs: Mapping[str, Column]) -> None:
    for name, column in inputs.items():
        if column.kind is Kind.DATETIME and (flags := columns.get(name + MISSING)) is not None:
            _mark_missing(feeds, name, column, np.asarray(flags))


def _mark_missing(feeds: Feeds, name: str, column: Column, flags: NDArray[Any]) -> None:
    if flags.dtype != np.bool_:
        raise InputError("datatype", "Flags of missing dates have datatype BOOL.", field=name + MISSING)
    if flags.any() and not column.nullable:
        raise InputError("missing_value", f"{name!r} is required, but is missing.", field=name)
    feeds[name + MISSING] = feeds[name + MISSING] | flags
    feeds[name][feeds[name + MISSING]] = 0


def _wanted(document: dict[str, Any], model: ServedModel) -> dict[str, bool]:
    """Return the outputs that are asked for, and whether each comes as raw bytes."""
    every = _flag(document, "binary_data_output", default=False)
    wanted = document.get("outputs")
    if not wanted:
        return dict.fromkeys(model.outputs, every)
    outputs: dict[str, bool] = {}
    for entry in wanted if type(wanted) is list else [{}]:
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or name not in model.outputs:
            raise InputError("unknown_output", f"The model's outputs are {', '.join(model.outputs)}.", field=str(name))
        binary = _flag(entry, "binary_data", default=every)
        if outputs.setdefault(name, binary) is not binary:
            raise Refusal(400, "duplicate_key", "An output is asked for as raw bytes or as JSON, not both.", field=name)
    return outputs


def _flag(entry: dict[str, Any], key: str, *, default: bool) -> bool:
    parameters = entry.get("parameters")
    value = parameters.get(key, default) if type(parameters) is dict else default
    if type(value) is not bool:
        raise InputError("parameter", f"The parameter {key} must be true or false.", field=key)
    return value

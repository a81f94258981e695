"""Tensors of the open inference protocol (V2): between numpy arrays and JSON, or JSON followed by raw bytes.

A message is a JSON header with one entry per tensor (`name`, `shape`, `datatype`, `data`). In the binary form an entry
has `parameters.binary_data_size` instead of `data`, the raw little-endian bytes follow the header in the order of the
entries, and the HTTP header `inference-header-content-length` says where they begin. A text is four bytes of length and
its UTF-8. A missing number travels as NaN, in JSON as null.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
import orjson

from sevenfold.contracts.errors import InputError

__all__ = ["DATATYPES", "HEADER_LENGTH", "decode_tensors", "encode_tensors", "read_tensor"]

HEADER_LENGTH: Final = "inference-header-content-length"
DATATYPES: Final[Mapping[str, str]] = {
    "BOOL": "|b1",
    "INT8": "|i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "|u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
    "BYTES": "O",
}
_NAMES: Final = {"b1": "BOOL", "f2": "FP16", "f4": "FP32", "f8": "FP64"} | {
    f"{sign}{size}": f"{'U' if sign == 'u' else ''}INT{8 * size}" for sign in "iu" for size in (1, 2, 4, 8)
}
# What a JSON array may hold for a datatype; `type(True) is int` is false, so a flag is no number here.
_NONE: Final = type(None)
_JSON_TYPES: Final[Mapping[str, frozenset[type]]] = {
    "BOOL": frozenset({bool}),
    "BYTES": frozenset({str, _NONE}),
    **{name: frozenset({float, int, _NONE}) for name in ("FP16", "FP32", "FP64")},
    **{name: frozenset({int}) for name in DATATYPES if "INT" in name},
}
_SIZE = struct.Struct("<I")

Values = np.ndarray[Any, Any] | list[Any]


def encode_tensors(
    tensors: Mapping[str, np.ndarray[Any, Any]], *, key: str, head: Mapping[str, Any], binary: bool | Collection[str]
) -> tuple[bytes, int | None]:
    """Return a message and, in the binary form, the length of its JSON header in bytes.

    Args:
        tensors: arrays by name; dtype object or str holds texts, all others are numbers or flags.
        key: ``inputs`` or ``outputs``.
        head: the other keys of the header.
        binary: whether data follow as raw bytes, or the names of the tensors whose data do.
    """
    entries: list[dict[str, Any]] = []
    follows = (tensors if binary else ()) if isinstance(binary, bool) else binary
    raws: list[bytes] = []
    for name, array in tensors.items():
        datatype = _NAMES.get(array.dtype.str[1:], "BYTES")
        entry: dict[str, Any] = {"name": name, "shape": list(array.shape), "datatype": datatype}
        if name in follows:
            raw = _raw(array, datatype)
            entry["parameters"] = {"binary_data_size": len(raw)}
            raws.append(raw)
        else:
            entry["data"] = array.ravel() if datatype not in ("BYTES", "FP16") else array.ravel().tolist()
        entries.append(entry)
    header = orjson.dumps({**head, key: entries}, option=orjson.OPT_SERIALIZE_NUMPY)
    return (b"".join((header, *raws)), len(header)) if raws else (header, None)


def decode_tensors(entries: object, raw: bytes | memoryview) -> dict[str, np.ndarray[Any, Any]]:
    """Read the tensors of a message's parsed header, as arrays of the shape the message gives; texts have dtype object.

    Raises:
        InputError: ``shape``, ``datatype``, ``binary`` (raw bytes that do not add up) or ``duplicate_key``.
    """
    if not isinstance(entries, list):
        raise InputError("shape", "The tensors must be a list.", field="inputs")
    tensors: dict[str, np.ndarray[Any, Any]] = {}
    at = 0
    for entry in entries:
        name, shape, values, at = read_tensor(entry, raw, at)
        if name in tensors:
            raise InputError("duplicate_key", "Each tensor is given once.", field=name)
        with np.errstate(over="ignore"):
            array = np.asarray(values, dtype=DATATYPES[entry["datatype"]])
        tensors[name] = array.reshape(shape)
    if at != len(raw):
        raise InputError("binary", f"The raw bytes must add up to {at}, but got {len(raw)}.")
    return tensors


def read_tensor(entry: object, raw: bytes | memoryview, at: int) -> tuple[str, list[int], Values, int]:
    """Read one entry; return its name, shape, flat values and where the next raw bytes begin.

    Raw values and plain JSON numbers come as an array, other JSON values as the list that was sent, null and all.

    Raises:
        InputError: ``shape``, ``datatype`` or ``binary``, naming the tensor.
    """
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise InputError("shape", "Each tensor is an object with name, shape, datatype and data.", field="inputs")
    name, datatype, shape = entry["name"], entry.get("datatype"), entry.get("shape")
    if not isinstance(datatype, str) or datatype not in DATATYPES:
        raise InputError("datatype", f"The datatype must be one of {', '.join(DATATYPES)}.", field=name)
    if not isinstance(shape, list) or not shape or any(type(n) is not int or not 0 <= n < 1 << 31 for n in shape):
        raise InputError("shape", "The shape must be a list of sizes, such as [2] or [2, 1].", field=name)
    count = shape[0]
    for size in shape[1:]:
        count *= size
    parameters = entry.get("parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    values: Values
    if size is None:
        values = _json_values(name, datatype, entry.get("data"))
    elif "data" in entry or type(size) is not int or not 0 <= size <= len(raw) - at:
        raise InputError("binary", "binary_data_size must fit the raw bytes, and no data stand beside it.", field=name)
    else:
        values = _raw_values(name, datatype, raw[at : at + size])
        at += size
    if len(values) != count:
        raise InputError(
            "shape", f"The shape calls for {count} value{'s' * (count != 1)}, but got {len(values)}.", field=name
        )
    return name, shape, values, at


def _json_values(name: str, datatype: str, data: object) -> Values:
    if not isinstance(data, list):
        raise InputError("shape", "The data must be a list.", field=name)
    kinds = set(map(type, data))
    depth = 0
    while list in kinds:
        if len(kinds) > 1 or depth == 8:
            raise InputError("shape", "The data must be one flat list, or lists of equal depth.", field=name)
        data = [value for part in data for value in part]
        kinds = set(map(type, data))
        depth += 1
    if not kinds <= _JSON_TYPES[datatype]:
        wrong = ", ".join(sorted(kind.__name__ for kind in kinds - _JSON_TYPES[datatype]))
        raise InputError("datatype", f"Data of datatype {datatype} cannot hold {wrong}.", field=name)
    if "INT" not in datatype:
        # Integers in an FP list stay as they are: whoever reads them may have to know how large they were.
        return np.array(data, dtype=np.float64) if "FP" in datatype and int not in kinds else data
    try:
        return np.array(data, dtype=DATATYPES[datatype])
    except OverflowError:
        raise InputError("datatype", f"Data of datatype {datatype} hold a number beyond it.", field=name) from None


def _raw_values(name: str, datatype: str, raw: bytes | memoryview) -> np.ndarray[Any, Any]:
    if datatype == "BYTES":
        return _texts(name, bytes(raw))
    if datatype == "BOOL":
        flags = np.frombuffer(raw, dtype=np.uint8)
        if flags.size and flags.max() > 1:
            raise InputError("binary", "A BOOL is the byte 0 or 1.", field=name)
        return flags.view(np.bool_)
    dtype = np.dtype(DATATYPES[datatype])
    if len(raw) % dtype.itemsize:
        raise InputError("binary", f"Raw {datatype} values have {dtype.itemsize} bytes each.", field=name)
    return np.frombuffer(raw, dtype=dtype)


def _texts(name: str, raw: bytes) -> np.ndarray[Any, Any]:
    texts: list[str] = []
    at, end = 0, len(raw)
    # Almost all raw texts are ASCII, lengths included: decoded once, cut many times.
    whole = raw.decode("ascii") if raw.isascii() else None
    try:
        while at < end:
            start = at + 4
            at = start + _SIZE.unpack_from(raw, at)[0]
            texts.append(raw[start:at].decode() if whole is None else whole[start:at])
    except UnicodeDecodeError:
        raise InputError("datatype", "A text must be UTF-8.", field=name) from None
    except struct.error:
        at = -1
    if at != end:
        raise InputError("datatype", "The lengths of the texts must add up to the raw bytes.", field=name)
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


def _raw(array: np.ndarray[Any, Any], datatype: str) -> bytes:
    if datatype != "BYTES":
        return np.ascontiguousarray(array, dtype=DATATYPES[datatype]).tobytes()
    values: Sequence[object] = array.ravel().tolist()
    # Labels and categories repeat: each text is encoded once.
    encoded = {value: b"" if value is None else str(value).encode() for value in dict.fromkeys(values)}
    packed = {value: _SIZE.pack(len(text)) + text for value, text in encoded.items()}
    return b"".join([packed[value] for value in values])

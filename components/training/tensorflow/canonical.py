"""A SavedModel's graph, as bytes that are the same in every process that writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["canonical"]

NUMBERED: Final = re.compile(r"(.+)_(\d+)")  # what tf.function calls its graphs: a name, and a count of the process


def canonical(content: bytes, endpoint: str, inputs: Mapping[str, str]) -> bytes:
    """Return `saved_model.pb` with other names: of the endpoint's inputs, and of all functions, counted from 0.

    Args:
        content: the file's bytes.
        endpoint: name of the one signature.
        inputs: the name of each of its inputs, and the one to give it.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    message = saved_model_pb2.SavedModel.FromString(content)
    graph = message.meta_graphs[0]
    functions = graph.graph_def.library.function
    in_order = sorted((one.signature.name for one in functions), key=_count)
    _rename(message, {name: f"{_stem(name)}_{index}" for index, name in enumerate(in_order)})
    copies = [one.SerializeToString(deterministic=True) for one in functions]
    del functions[:]
    for copy in sorted(copies):
        functions.add().ParseFromString(copy)
    signature = graph.signature_def[endpoint].inputs
    entries = {inputs[name]: signature[name].SerializeToString(deterministic=True) for name in signature}
    signature.clear()
    for name, entry in entries.items():
        signature[name].ParseFromString(entry)
    return bytes(message.SerializeToString(deterministic=True))


def _count(name: str) -> tuple[int, str]:
    match = NUMBERED.fullmatch(name)
    return (int(match[2]) if match else -1), name


def _stem(name: str) -> str:
    match = NUMBERED.fullmatch(name)
    return match[1] if match else name


def _rename(message: Any, names: Mapping[str, str]) -> None:
    """Replace every text of a message, and of the messages in it, that is one of the names."""
    for field, value in list(message.ListFields()):
        entry = field.message_type
        if entry is not None and entry.GetOptions().map_entry:
            _rename_map(value, entry.fields_by_name["value"].message_type is not None, names)
        elif entry is not None:
            for one in value if field.is_repeated else (value,):
                _rename(one, names)
        elif field.type == field.TYPE_STRING and field.is_repeated:
            value[:] = [names.get(text, text) for text in value]
        elif field.type == field.TYPE_STRING:
            setattr(message, field.name, names.get(value, value))


def _rename_map(mapping: Any, holds_messages: bool, names: Mapping[str, str]) -> None:
    """Rename in the messages of a map, and its keys."""
    if not holds_messages:
        return
    for one in mapping.values():
        _rename(one, names)
    for key in [key for key in mapping if key in names]:
        mapping[names[key]].CopyFrom(mapping[key])
        del mapping[key]

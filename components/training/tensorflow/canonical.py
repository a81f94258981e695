"""A SavedModel's graph, as bytes that are the same in every process that writes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

__all__ = ["canonical"]

NUMBERED: Final = re.compile(r"(.+)_(\d+)")  # what tf.function calls its graphs: a name, and a count of the process
TABLE: Final = re.compile(rb"key_value_init(\d+)")  # a look-up, with that count
TABLE_TEXT: Final = re.compile(TABLE.pattern.decode())
GIVEN: Final = "_user_specified_name"  # of an argument; of a table, that count again

Rename = Callable[[str], str]


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
    names = {name: f"{_stem(name)}_{index}" for index, name in enumerate(in_order)}
    tables = sorted({int(number) for number in TABLE.findall(content)})

    def renamed(text: str) -> str:
        given = names.get(text, text)
        return TABLE_TEXT.sub(lambda match: f"key_value_init{tables.index(int(match[1]))}", given)

    _rename(message, renamed)
    sorted_functions = sorted(functions, key=lambda one: _count(one.signature.name))
    copies = [one.SerializeToString(deterministic=True) for one in sorted_functions]
    del functions[:]
    for copy in copies:
        functions.add().ParseFromString(copy)
    for attributes in _attributes(graph.graph_def):
        if GIVEN in attributes and attributes[GIVEN].s.isdigit():
            del attributes[GIVEN]
    signature = graph.signature_def[endpoint].inputs
    entries = {inputs[name]: signature[name].SerializeToString(deterministic=True) for name in signature}
    signature.clear()
    for name, entry in entries.items():
        signature[name].ParseFromString(entry)
    return bytes(message.SerializeToString(deterministic=True))


def _attributes(graph: Any) -> Iterator[Any]:
    """Yield the attributes of all nodes and arguments."""
    for node in graph.node:
        yield node.attr
    for function in graph.library.function:
        for part in (*function.node_def, *function.arg_attr.values()):
            yield part.attr


def _count(name: str) -> tuple[int, str]:
    match = NUMBERED.fullmatch(name)
    return (int(match[2]) if match else -1), name


def _stem(name: str) -> str:
    match = NUMBERED.fullmatch(name)
    return match[1] if match else name


def _rename(message: Any, rename: Rename) -> None:
    """Replace every text of a message, and of the messages in it."""
    for field, value in list(message.ListFields()):
        entry = field.message_type
        if entry is not None and entry.GetOptions().map_entry:
            _rename_map(value, entry.fields_by_name, rename)
        elif entry is not None:
            for one in value if field.is_repeated else (value,):
                _rename(one, rename)
        elif field.type == field.TYPE_STRING and field.is_repeated:
            value[:] = [rename(text) for text in value]
        elif field.type == field.TYPE_STRING:
            setattr(message, field.name, rename(value))


def _rename_map(mapping: Any, fields: Mapping[str, Any], rename: Rename) -> None:
    held = fields["value"]
    if held.message_type is not None:
        for one in mapping.values():
            _rename(one, rename)
    elif held.type == held.TYPE_STRING:
        for key in list(mapping):
            mapping[key] = rename(mapping[key])
    if fields["key"].type != held.TYPE_STRING:
        return
    for key, name in [(key, rename(key)) for key in mapping]:
        if name != key and held.message_type is not None:
            mapping[name].CopyFrom(mapping[key])
            del mapping[key]
        elif name != key:
            mapping[name] = mapping.pop(key)

"""Plain names and one order of nodes in an exported ONNX graph.

tf2onnx numbers what it makes, on and on in a process, and orders nodes differently from one export to the next.
"""

from __future__ import annotations

from typing import Any

__all__ = ["give_plain_names"]


def give_plain_names(graph: Any, inputs: tuple[str, ...]) -> None:
    """Put the nodes in the order in which the outputs need them, and name everything in that order.

    Nodes and constants that no output needs are dropped.

    Args:
        graph: changed in place.
        inputs: the names that its inputs get, in their order.
    """
    constants = {tensor.name: tensor for tensor in graph.initializer}
    declared = [entry for entry in graph.input if entry.name not in constants]
    names = {entry.name: name for entry, name in zip(declared, inputs, strict=True)}
    for entry, name in zip(declared, inputs, strict=True):
        entry.name = name
    _rename(graph, names)
    kept = []
    for name, tensor in constants.items():
        if name in names:
            tensor.name = names[name]
            kept.append(tensor.SerializeToString(deterministic=True))
    del graph.initializer[:]
    for content in kept:
        graph.initializer.add().ParseFromString(content)
    graph.initializer.sort(key=lambda tensor: int(tensor.name.removeprefix("n")))


def _rename(graph: Any, names: dict[str, str]) -> None:
    _sort(graph)
    for index, node in enumerate(graph.node):
        node.name = str(index)
        node.input[:] = [_named(name, names) for name in node.input]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename_inner(attribute.g, names)
            for inner in attribute.graphs:
                _rename_inner(inner, names)
        node.output[:] = [_named(name, names) for name in node.output]
    for entry in graph.output:
        entry.name = _named(entry.name, names)
    del graph.value_info[:]


def _sort(graph: Any) -> None:
    """Order the nodes by a walk from the outputs, each node after those that it reads."""
    makers = {name: index for index, node in enumerate(graph.node) for name in node.output if name}
    order: dict[int, None] = {}
    waiting = [(makers[entry.name], False) for entry in reversed(graph.output) if entry.name in makers]
    while waiting:
        index, read = waiting.pop()
        if index in order:
            continue
        if read:
            order[index] = None
            continue
        waiting.append((index, True))
        waiting += [(makers[name], False) for name in reversed(_read(graph.node[index])) if name in makers]
    nodes = [graph.node[index].SerializeToString() for index in order]
    del graph.node[:]
    for content in nodes:
        graph.node.add().ParseFromString(content)


def _read(node: Any) -> list[str]:
    """Return what a node reads, its inner graphs included."""
    inner = [one for attribute in node.attribute for one in (attribute.g, *attribute.graphs)]
    return [*node.input, *(name for graph in inner for one in graph.node for name in _read(one))]


def _rename_inner(graph: Any, names: dict[str, str]) -> None:
    for entry in (*graph.input, *graph.initializer):
        entry.name = _named(entry.name, names)
    _rename(graph, names)


def _named(name: str, names: dict[str, str]) -> str:
    """Return the plain name; an input that is left out stays without one."""
    return names.setdefault(name, f"n{len(names)}") if name else name
